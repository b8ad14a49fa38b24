#include "examples/log_search/text_files.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <system_error>

namespace log_search {
namespace fs = std::filesystem;

std::vector<fs::path> files_below(const std::vector<std::string>& folders) {
  std::vector<fs::path> files;
  for (const std::string& folder : folders) {
    const fs::path root = fs::canonical(folder);
    if (!fs::is_directory(root)) {
      files.push_back(root);
      continue;
    }
    for (const fs::directory_entry& entry :
         fs::recursive_directory_iterator(root, fs::directory_options::skip_permission_denied)) {
      std::error_code ignored;
      const bool is_link = entry.is_symlink(ignored);
      if (!is_link && entry.is_regular_file(ignored)) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool is_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::array<char, 64 * 1024> block;
  while (in) {
    in.read(block.data(), block.size());
    if (std::memchr(block.data(), 0, static_cast<std::size_t>(in.gcount())) != nullptr) return false;
  }
  return in.eof();
}

}  // namespace log_search
