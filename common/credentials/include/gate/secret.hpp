// Bytes that must not be seen: a password, a private key.
#pragma once

#include <cstddef>
#include <string>

#include <gate/bytes.hpp>

namespace gate {

// Owns such bytes, apart from all other memory: its pages are kept out of swap and core dumps where the system
// allows it, and wiped when it ends. Move-only, so that each copy is one somebody wrote. It has no operator<< and no
// conversion to text: what prints a secret has to say view().
class secret {
 public:
  secret() noexcept = default;
  explicit secret(bytes_view raw);
  // So many bytes, all zero, to be filled in through data().
  explicit secret(std::size_t size_bytes);
  secret(secret&& other) noexcept;
  secret& operator=(secret&& other) noexcept;
  ~secret();

  bytes_view view() const noexcept { return {data_, size_}; }
  char* data() noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  // Forgets what lies behind the first `size_bytes` bytes, and wipes it.
  void shorten(std::size_t size_bytes) noexcept;

 private:
  void release() noexcept;

  char* data_ = nullptr;
  std::size_t size_ = 0;
};

// Whether both hold the same bytes, in a time that depends on their lengths alone.
bool same_bytes(bytes_view a, bytes_view b) noexcept;

// Overwrites what a text holds, and empties it.
void wipe(std::string& text) noexcept;

}  // namespace gate
