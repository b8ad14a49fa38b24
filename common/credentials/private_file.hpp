// Files that hold secrets: read only when nobody else can, written whole or not at all.
#pragma once

#include <cstddef>
#include <string>

#include <gate/bytes.hpp>
#include <gate/private_file_error.hpp>
#include <gate/secret.hpp>

namespace gate {

inline constexpr std::size_t private_file_bytes_max = std::size_t{16} << 20;

// The content of a regular file that belongs to the user of this process, or to root, and gives no right to anybody
// else. Checked on the open descriptor, so it is the file that is read. Throws private_file_error.
secret read_private_file(const std::string& path);

// Whether a folder can hold such files: nobody but its owner, this user or root, may write into it. Throws
// private_file_error when not, or when it is no folder.
void check_private_folder(const std::string& path);

enum class when_there { replace, refuse };

// Writes a file of mode 0600 beside its place and moves it there, so that a reader finds the old one or the new one,
// whole, even after a loss of power. A link is followed; who owned the old file owns the new one. Throws
// private_file_error, and then nothing has changed.
void write_private_file(const std::string& path, bytes_view content, when_there policy);

// Held while a file is read, changed and written back: of two programs that do so, one waits for the other. Throws
// private_file_error.
class file_lock {
 public:
  explicit file_lock(const std::string& path);
  file_lock(const file_lock&) = delete;
  file_lock& operator=(const file_lock&) = delete;
  ~file_lock();

 private:
  int descriptor_ = -1;
};

}  // namespace gate
