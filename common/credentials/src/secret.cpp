#include "common/credentials/secret.hpp"

#include <cstring>
#include <new>
#include <utility>

#include <sodium.h>

#include <gate/assert.hpp>

namespace gate {

void need_sodium() noexcept {
  static const bool ready = sodium_init() >= 0;
  GATE_ASSERT(ready);
}

secret::secret(std::size_t size_bytes) : size_(size_bytes) {
  if (size_ == 0) return;
  need_sodium();
  data_ = static_cast<char*>(sodium_malloc(size_));
  if (data_ == nullptr) throw std::bad_alloc();
  std::memset(data_, 0, size_);
}

secret::secret(bytes_view raw) : secret(raw.size()) {
  if (!raw.empty()) std::memcpy(data_, raw.data(), raw.size());
}

secret::secret(secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

secret& secret::operator=(secret&& other) noexcept {
  if (this != &other) {
    release();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

secret::~secret() { release(); }

void secret::release() noexcept {
  if (data_ != nullptr) sodium_free(data_);  // sodium_free() wipes the memory
}

void secret::shorten(std::size_t size_bytes) noexcept {
  GATE_ASSERT(size_bytes <= size_);
  if (size_bytes < size_) sodium_memzero(data_ + size_bytes, size_ - size_bytes);
  size_ = size_bytes;
}

bool same_bytes(bytes_view a, bytes_view b) noexcept {
  return a.size() == b.size() && (a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0);
}

void wipe(std::string& text) noexcept {
  text.resize(text.capacity());  // a text that was moved from may still hold its old bytes
  sodium_memzero(text.data(), text.size());
  text.clear();
}

}  // namespace gate
