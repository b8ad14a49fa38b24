// Files that hold secrets. They are read only if nobody else can read them, and written whole or not at all.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

#include <gate/bytes.hpp>

#include "common/credentials/secret.hpp"

namespace gate {

// Names the file and says what to do: "users.toml: others can read it (mode 0644): chmod 600 users.toml".
class private_file_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline constexpr std::size_t private_file_bytes_max = std::size_t{16} << 20;

// Reads a regular file. It must belong to this process's user or to root, and give no rights to anybody else. The check
// is on the open descriptor, so it cannot be deceived by an exchange of the file. Throws private_file_error.
secret read_private_file(const std::string& path);

// Checks that a folder may hold such files: only its owner, who is this user or root, may write into it. Throws
// private_file_error if not, or if it is not a folder.
void check_private_folder(const std::string& path);

enum class when_there { replace, refuse };

// Writes a file of mode 0600 beside the final place and moves it there. So a reader finds the old file or the new one,
// whole, even after a loss of power. A link is followed, and the owner of the old file is kept. If it throws
// private_file_error, nothing has changed.
void write_private_file(const std::string& path, bytes_view content, when_there policy);

// Hold it while a file is read, changed and written back. If two programs do so, one waits for the other. Throws
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
