// The source of an argument: a file, a pipe, or standard input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sys/stat.h>

#include "cli/context/descriptors.hpp"

namespace gate::cli {

// Reads the bytes of a file from its beginning, or of standard input from its present position. A file with a known
// size gives as many bytes as it had when it was opened. After the opening, errors are Error(errc::failed) and name the
// input. One reader at a time, on any thread; stop() on any other.
class input {
 public:
  // `-` is standard input. Throws usage_error if it cannot be opened, or is a folder.
  explicit input(const std::string& file);
  input(const input&) = delete;
  input& operator=(const input&) = delete;

  // "'q.txt'", or "standard input".
  const std::string& label() const noexcept { return label_; }
  // The number of bytes in all; nothing for a pipe, a terminal, a device, or a file of unknown size.
  std::optional<std::uint64_t> size() const noexcept { return size_; }

  // Returns the next bytes, `bytes_max` at most; none at the end. Waits for a pipe. Throws if the file cannot be read,
  // or has changed.
  std::string read(std::size_t bytes_max);
  // Returns all remaining bytes if they are `bytes_max` at most. Otherwise returns nothing, and read() still gets them
  // all.
  std::optional<std::string> read_whole(std::size_t bytes_max);
  // Copies a pipe to a temporary file without a name. Then the size is known, and the bytes can be read again. Throws
  // if there are more than `bytes_max`, or no space on the disk.
  void keep(std::uint64_t bytes_max);
  // Returns another reader of the same bytes, from the first on. The size must be known.
  std::shared_ptr<input> again() const;
  // Makes a waiting read() throw, and each later one.
  void stop() noexcept;

 private:
  input(const input& other, int descriptor);
  [[noreturn]] void fail(const std::string& what) const;
  void wait() const;
  std::string read_part(std::size_t bytes_max);
  void check_unchanged() const;

  std::string label_;
  owned_descriptor own_;  // the file that was opened here; standard input stays open
  owned_descriptor stopped_;
  int from_ = -1;
  std::optional<std::uint64_t> size_;
  std::uint64_t begin_ = 0, at_ = 0;
  struct stat at_first_ {};
  std::string ahead_;  // from a pipe: read, but not returned yet
};

using input_ptr = std::shared_ptr<input>;

}  // namespace gate::cli
