// A folder of one test's own, empty at first and gone at its end.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <sys/stat.h>

namespace gate::test {

class scratch_folder {
 public:
  scratch_folder() : path_((std::filesystem::temp_directory_path() / "gate-test-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make a folder");
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const noexcept { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

  std::string write(std::string_view name, std::string_view content, mode_t mode = 0600) const {
    const std::string path = file(name);
    std::ofstream(path, std::ios::binary) << content;
    if (::chmod(path.c_str(), mode) != 0) throw std::runtime_error("cannot set the mode of " + path);
    return path;
  }
  static std::string read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  static mode_t mode(const std::string& path) {
    struct stat s {};
    if (::stat(path.c_str(), &s) != 0) throw std::runtime_error("cannot look at " + path);
    return s.st_mode & 07777;
  }

 private:
  std::string path_;
};

}  // namespace gate::test
