// What an argument is read from: a file, a pipe, or standard input.
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

// The bytes of a file from its beginning, of standard input from where it stands. A file whose size is known gives as
// many bytes as it had when it was opened. Errors after the opening are Error(errc::failed), which name the input.
// One reader at a time, on any thread; stop() from any other.
class input {
 public:
  // `-` is standard input. Throws usage_error when it cannot be opened, or is a folder.
  explicit input(const std::string& file);
  input(const input&) = delete;
  input& operator=(const input&) = delete;

  // "'q.txt'", or "standard input".
  const std::string& label() const noexcept { return label_; }
  // How many bytes there are in all; nothing for a pipe, a terminal, a device, or a file that does not say.
  std::optional<std::uint64_t> size() const noexcept { return size_; }

  // The next bytes, `bytes_max` at most; none at the end. Waits for a pipe. Throws when the file cannot be read, or
  // changes meanwhile.
  std::string read(std::size_t bytes_max);
  // All that is left, if that is `bytes_max` at most; otherwise nothing is lost for read().
  std::optional<std::string> read_whole(std::size_t bytes_max);
  // Makes the size known, and the bytes readable again: copies a pipe to a temporary file that has no name. Throws when
  // there are more than `bytes_max`, or no room.
  void keep(std::uint64_t bytes_max);
  // Another reader of the same bytes, from the first on. The size is known.
  std::shared_ptr<input> again() const;
  // A read() that waits, and each later one, throws.
  void stop() noexcept;

 private:
  input(const input& other, int descriptor);
  [[noreturn]] void fail(const std::string& what) const;
  void wait() const;
  std::string read_part(std::size_t bytes_max);
  void check_unchanged() const;

  std::string label_;
  owned_descriptor own_;  // of a file that was opened here; standard input is not ours to close
  owned_descriptor stopped_;
  int from_ = -1;
  std::optional<std::uint64_t> size_;
  std::uint64_t begin_ = 0, at_ = 0;
  struct stat at_first_ {};
  std::string ahead_;  // of a pipe: was read, but not yet given
};

using input_ptr = std::shared_ptr<input>;

}  // namespace gate::cli
