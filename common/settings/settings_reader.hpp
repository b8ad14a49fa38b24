// Reads the values of a table of keys. A flag goes before an environment variable, a variable before the file, the file
// before the default. Each error names the flag, the variable, or the file and the line that the value came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/settings/key_table.hpp"
#include "common/settings/toml_text.hpp"

namespace gate {

// A setting that is wrong, or a file that cannot be read. what() is one line that begins with the place:
// "gate.toml:12: unknown key 'qeue_max' (did you mean 'queue_max'?)", "--capacity must be from 1 to 65535".
class settings_error final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What a program is told, before a table of keys gives it a meaning.
struct given_settings {
  std::vector<std::pair<std::string, std::string>> flags;     // name of a key, text; a list may have several
  std::map<std::string, std::string, std::less<>> variables;  // gate_variables(); an empty one counts as not set
  std::string file;                                           // its name in errors; empty: there is none
  toml_value content;                                         // of the file

  // Throw settings_error. Both replace what an earlier file said.
  void read_file(const std::string& path);
  void read_text(std::string_view text, std::string_view name);
};

// The variables of this process that begin with GATE_. Only those of a key have their value: another one may be a
// secret (GATE_PASSWORD), so it is not copied.
std::map<std::string, std::string, std::less<>> gate_variables(std::span<const key_info* const> keys);

// Variables that are probably meant for one of these keys, and misspelt: "GATE_QEUE_MAX is no setting (did you mean
// GATE_QUEUE_MAX?)". Other unknown variables belong to other programs, so they are not reported.
std::vector<std::string> misspelt_variables(std::span<const key_info* const> keys, const given_settings& given);

// Where a value came from.
enum class setting_source : std::uint8_t { by_default, file, variable, flag };

struct found_setting {
  setting_value value;
  setting_source source = setting_source::by_default;
  std::string place;       // "gate.toml:12", "GATE_QUEUE_MAX", "--queue-max"
  std::uint32_t line = 0;  // in the file
};

// One for each key of a table. Nothing: the key has its default.
using found_settings = std::vector<std::optional<found_setting>>;

// A table of the file.
struct file_section {
  std::string file;
  const toml_value* table = nullptr;     // null: the file does not have it
  std::string title;                     // "[worker]"; empty for the top of the file
  std::vector<std::string_view> others;  // names of tables in it that somebody else reads
  // Says what is wrong with an entry that is no key. Empty, or an empty answer: the entry is unknown, with a guess.
  std::function<std::string(const toml_entry&)> unknown = {};
  std::string_view hint = {};  // behind the error about an unknown key without a guess
};

[[noreturn]] void fail_at(const file_section& where, toml_place at, const std::string& what);

// The value that a text states for a key: of a flag, or of a variable. Throws settings_error that begins with `place`.
setting_value read_setting(const key_info& key, std::string_view text, const std::string& place);

found_settings find_in_file(std::span<const key_info* const> keys, const file_section& where);
void find_in_variables(std::span<const key_info* const> keys, const given_settings& given, found_settings& found);
void find_in_flags(std::span<const key_info* const> keys, const given_settings& given, found_settings& found);

// `values` are those in force, one for each key.
void check_rules(std::span<const ordered_keys> rules, std::span<const key_info* const> keys,
                 const std::vector<std::optional<setting_value>>& values, const found_settings& found);

// Sets the options that were found, and checks the rules between keys. On an error the options are unchanged.
template <class Options>
void put_settings(const key_table<Options>& table, const found_settings& found, Options& options) {
  Options changed = options;
  std::vector<std::optional<setting_value>> values;
  for (std::size_t i = 0; i < table.keys.size(); ++i) {
    if (found[i]) table.keys[i].where.put(changed, found[i]->value);
    values.push_back(table.keys[i].where.get(changed));
  }
  check_rules(table.rules, table.infos(), values, found);
  options = std::move(changed);
}

// Reads one table of keys from all sources. Throws settings_error, and then the options are unchanged.
template <class Options>
found_settings read_settings(const key_table<Options>& table, const file_section& where, const given_settings& given,
                             Options& options) {
  const std::vector<const key_info*> keys = table.infos();
  found_settings found = find_in_file(keys, where);
  find_in_variables(keys, given, found);
  find_in_flags(keys, given, found);
  put_settings(table, found, options);
  return found;
}

// Names of the keys whose value differs and that SIGHUP does not bring into force.
template <class Options>
std::vector<std::string_view> changed_until_restart(const key_table<Options>& table, const Options& in_force,
                                                    const Options& found) {
  std::vector<std::string_view> names;
  for (const key<Options>& k : table.keys) {
    if (!k.extras.reloadable && k.where.get(in_force) != k.where.get(found)) names.push_back(k.name);
  }
  return names;
}

// " (changed: queue_max, frontend)", for text that ends a message; empty if there are none.
std::string changed_text(std::span<const std::string_view> names);

}  // namespace gate
