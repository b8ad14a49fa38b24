// TOML files, read within bounds, as plain values. toml++ recurses on the parts of a dotted key, so a file of 100 kB
// could overflow the stack of a program. One source of the whole tree includes toml++: src/toml_text.cpp.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace gate {

inline constexpr std::size_t toml_bytes_max = std::size_t{16} << 20;
// Parts of a dotted key and brackets that are open, added up from the top of the file or of a [table] to a value.
inline constexpr std::size_t toml_depth_max = 64;

// Line and character in a file, both from 1. A character may have several bytes (UTF-8).
struct toml_place {
  std::uint32_t line = 0, column = 0;
  std::strong_ordering operator<=>(const toml_place&) const = default;
};

enum class toml_kind : std::uint8_t { text, integer, real, boolean, time, list, table };

struct toml_entry;

// A value of a TOML file. A table by default.
struct toml_value {
  toml_kind kind = toml_kind::table;
  toml_place begin, end;  // a table begins at its header or its {
  std::string text;       // of a text; of a date or time, as TOML writes it
  std::int64_t integer = 0;
  double real = 0;
  bool boolean = false;
  std::vector<toml_value> items;    // of a list
  std::vector<toml_entry> entries;  // of a table, ordered by name

  bool is(toml_kind k) const noexcept { return kind == k; }
  // The entry of a table with this name. Null: there is none, or this is no table.
  const toml_value* find(std::string_view name) const noexcept;
  toml_value* find(std::string_view name) noexcept;
  // Replaces the entry with this name, or adds one.
  void set(std::string_view name, toml_value value);
};

struct toml_entry {
  std::string name;
  toml_place at;  // of the name
  toml_value value;
};

// Whether both hold the same, wherever it stands in its file.
bool same_content(const toml_value& a, const toml_value& b) noexcept;

// The text is no TOML. what() has no line. It may quote the text, so do not show it if the text may hold a secret.
class toml_error : public std::runtime_error {
 public:
  toml_error(const std::string& what, toml_place at) : std::runtime_error(what), at_(at) {}
  toml_place where() const noexcept { return at_; }

 private:
  toml_place at_;
};

// The text exceeds toml_bytes_max or toml_depth_max. what() quotes nothing of the text.
class toml_bound_error final : public toml_error {
 public:
  using toml_error::toml_error;
};

// A file that cannot be read, or that exceeds toml_bytes_max. what() names the file.
class toml_file_error final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Parses a text into a table. Texts that toml++ has read are wiped after they are copied into the result.
// Throws toml_bound_error before it parses anything, and toml_error.
toml_value parse_toml(std::string_view text);

// Reads a whole file. Throws toml_file_error.
std::string read_toml_file(const std::string& path);

// A text as TOML writes it, in double quotes.
std::string toml_quoted(std::string_view text);
// A name as a key or a part of a header: in quotes only if it needs them.
std::string toml_key(std::string_view name);

}  // namespace gate
