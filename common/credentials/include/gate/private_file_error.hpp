// Files that hold secrets, and what is wrong with them.
#pragma once

#include <stdexcept>

namespace gate {

// A file with secrets cannot be read or written, or other users have a right to it. what() names the file and says what
// to do: "users.toml: others can read it (mode 0644): chmod 600 users.toml". It never contains a secret.
class private_file_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace gate
