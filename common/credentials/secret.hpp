// Bytes that nobody may see: a password, a private key.
#pragma once

#include <cstddef>
#include <string>

#include <gate/bytes.hpp>

namespace gate {

// Owns secret bytes in memory of their own. The pages are kept out of swap and core dumps if the system allows it, and
// wiped at the end. Move-only, so that each copy is visible in the code. There is no operator<< and no conversion to
// text: code that prints a secret must call view().
class secret {
 public:
  secret() noexcept = default;
  explicit secret(bytes_view raw);
  // A secret of that size, all zero. Fill it through data().
  explicit secret(std::size_t size_bytes);
  secret(secret&& other) noexcept;
  secret& operator=(secret&& other) noexcept;
  ~secret();

  bytes_view view() const noexcept { return {data_, size_}; }
  char* data() noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  // Keeps the first `size_bytes` bytes, and wipes the rest.
  void shorten(std::size_t size_bytes) noexcept;

 private:
  void release() noexcept;

  char* data_ = nullptr;
  std::size_t size_ = 0;
};

// True if both hold the same bytes. The time depends only on their lengths.
bool same_bytes(bytes_view a, bytes_view b) noexcept;

// Overwrites the text's memory and empties it.
void wipe(std::string& text) noexcept;

// Makes libsodium ready for use. Any thread, any number of times.
void need_sodium() noexcept;

}  // namespace gate
