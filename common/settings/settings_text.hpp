// What a table of keys looks like as text: for --help, --print-config, the example file, and the tables of the
// documents.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/settings/flags.hpp"
#include "common/settings/key_table.hpp"
#include "common/settings/settings_reader.hpp"

namespace gate {

// A key and its value: the default, or the one in force. No value: nothing sets the key.
struct shown_key {
  const key_info* key;
  std::optional<setting_value> value;
};

template <class Options> std::vector<shown_key> shown_keys(const key_table<Options>& table, const Options& options) {
  std::vector<shown_key> all;
  for (const key<Options>& k : table.keys) all.push_back({&k, k.where.get(options)});
  return all;
}
// With the defaults.
template <class Options> std::vector<shown_key> shown_keys(const key_table<Options>& table) {
  Options defaults;
  return shown_keys(table, defaults);
}

struct help_page {
  std::string program, about;
  std::string arguments;  // what they are; empty: the program takes none
  std::span<const program_flag> own;
  std::string keys_heading;
  std::vector<shown_key> keys;  // with their defaults
  std::string footer;           // PROGRAM in it stands for the program's name
};

// What --help prints: no line has more than 80 columns, but for an example in the footer that does.
std::string help_text(const help_page& page);

// The keys that have a value, as a file has them, each with its doc. Behind a value that is no default the place that
// it came from.
std::string config_text(std::span<const shown_key> keys, const found_settings& found);

// A part of the example file: `header` ("", "[worker]"), and each key as a comment with its doc and its default. A line
// that has no blank behind its # is a setting: without the # it says what the default says.
std::string example_text(std::string_view header, std::string_view about, std::span<const shown_key> keys);

// A table in Markdown: key, unit, default, allowed values, meaning.
std::string markdown_table(std::span<const shown_key> keys);

// The text between two lines of a document, "<!-- keys: NAME -->" and "<!-- end of keys -->", replaced. Throws
// std::runtime_error if the document has no such lines.
std::string with_table(const std::string& document, std::string_view name, const std::string& table);

}  // namespace gate
