#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace log_search {

// The regular files in and below the folders, in the order of their names. Links are not followed. A folder without
// read permission is left out. Throws std::filesystem::filesystem_error if one of `folders` does not exist, or cannot
// be listed for another reason.
std::vector<std::filesystem::path> files_below(const std::vector<std::string>& folders);

// Whether the file can be read and holds no NUL byte.
bool is_text(const std::filesystem::path& file);

}  // namespace log_search
