// TOML files: read within bounds. toml++ recurses on the parts of a dotted key, so a file of 100 kB could overflow the
// stack of a program.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include <toml++/toml.h>

namespace gate {

inline constexpr std::size_t toml_bytes_max = std::size_t{16} << 20;
// Parts of a dotted key and brackets that are open, added up from the top of the file or of a [table] to a value.
inline constexpr std::size_t toml_depth_max = 64;

// The text exceeds toml_bytes_max or toml_depth_max. Its description quotes nothing of the text.
class toml_bound_error final : public toml::parse_error {
 public:
  using toml::parse_error::parse_error;
};

// A file that cannot be read, or that exceeds toml_bytes_max. The text names the file.
class toml_file_error final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Parses a text; the name of its file is for error messages. Throws toml_bound_error before it parses anything, and
// toml::parse_error.
toml::table parse_toml(std::string_view text, std::string_view name = {});

// Reads a whole file. Throws toml_file_error.
std::string read_toml_file(const std::string& path);

}  // namespace gate
