#include "common/settings/settings_reader.hpp"

#include <algorithm>
#include <charconv>

#include <unistd.h>

#include "common/settings/did_you_mean.hpp"
#include "common/settings/quantity.hpp"

namespace gate {
namespace {

constexpr std::string_view prefix = "GATE_";

// Where a value stands, and how an error begins that is about its key: "gate.toml:3: 'capacity'", "--capacity".
struct place {
  std::string text, subject;
  [[noreturn]] void must_be(const std::string& what) const { throw settings_error(subject + " must be " + what); }
  [[noreturn]] void must_not(const std::string& what) const { throw settings_error(subject + " must not " + what); }
  [[noreturn]] void fail(const std::string& what) const { throw settings_error(text + ": " + what); }
};

place place_in(const file_section& where, toml_place at, const key_info& key) {
  const std::string text = where.file + ":" + std::to_string(at.line);
  return {text, text + ": '" + std::string(key.name) + "'"};
}

std::string joined(std::span<const std::string_view> choices) {
  std::string all;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    all += (i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + std::string(choices[i]);
  }
  return all;
}

std::string range_of(const key_info& key) {
  return "from " + plain_text(key, key.least) + " to " + plain_text(key, key.most);
}

std::string kind_of_number(const key_info& key) {
  switch (key.unit) {
    case unit::time:
      return "a duration such as \"5s\" or \"200ms\", or a whole number of milliseconds, ";
    case unit::size:
      return "a size such as \"64MiB\", or a whole number of bytes, ";
    default:
      return "a whole number ";
  }
}

std::optional<std::uint64_t> parse_number(const key_info& key, std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault == std::errc() && end == text.data() + text.size()) return number;
  if (key.unit == unit::time) return parse_quantity(text, quantity::time);
  if (key.unit == unit::size) return parse_quantity(text, quantity::size);
  return std::nullopt;
}

setting_value checked_number(const key_info& key, std::optional<std::uint64_t> number, const place& at) {
  if (!number) at.must_be(kind_of_number(key) + range_of(key));
  if (*number < key.least || *number > key.most) at.must_be(range_of(key));
  return *number;
}

std::string checked_text(const key_info& key, std::string_view text, const place& at) {
  const auto& choices = key.extras.choices;
  if (!choices.empty() && std::find(choices.begin(), choices.end(), text) == choices.end()) at.must_be(joined(choices));
  // For the system a path or an address ends at its first NUL.
  if (text.find('\0') != std::string_view::npos) at.must_not("contain a NUL character");
  if (key.unit == unit::text && text.size() < key.least) at.must_not("be empty");
  if (key.unit == unit::text && key.most != 0 && text.size() > key.most) {
    at.must_be("no longer than " + std::to_string(key.most) + " bytes");
  }
  const bool is_unset = text.empty() && key.unit == unit::text;
  const std::string fault = key.extras.fault == nullptr || is_unset ? std::string() : key.extras.fault(text);
  if (!fault.empty()) at.fail(fault);
  return std::string(text);
}

bool checked_flag(std::string_view text, const place& at) {
  if (text != "true" && text != "false") at.must_be("true or false");
  return text == "true";
}

setting_value checked_list(const key_info& key, std::vector<std::string> texts, const place& at) {
  if (texts.size() < key.least) at.fail("'" + std::string(key.name) + "' must have at least one address");
  return texts;
}

std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

setting_value value_of(const key_info& key, std::string_view text, const place& at) {
  switch (key.unit) {
    case unit::flag:
      return checked_flag(text, at);
    case unit::text:
      return checked_text(key, text, at);
    case unit::texts: {
      std::vector<std::string> texts = parts_of(text);
      for (const std::string& one : texts) static_cast<void>(checked_text(key, one, at));
      return checked_list(key, std::move(texts), at);
    }
    default:
      return checked_number(key, parse_number(key, text), at);
  }
}

setting_value list_in(const key_info& key, const toml_value& from, const file_section& where) {
  if (from.is(toml_kind::text)) {
    return std::vector<std::string>{checked_text(key, from.text, place_in(where, from.begin, key))};
  }
  const place at = place_in(where, from.begin, key);
  if (!from.is(toml_kind::list)) at.must_be("a text or a list of texts");
  std::vector<std::string> texts;
  for (const toml_value& item : from.items) {
    const place item_at = place_in(where, item.begin, key);
    if (!item.is(toml_kind::text)) item_at.must_be("a list of texts");
    texts.push_back(checked_text(key, item.text, item_at));
  }
  return checked_list(key, std::move(texts), at);
}

setting_value value_of(const key_info& key, const toml_value& from, const file_section& where) {
  const place at = place_in(where, from.begin, key);
  if (key.unit == unit::texts) return list_in(key, from, where);
  if (from.is(toml_kind::text)) return value_of(key, from.text, at);
  switch (key.unit) {
    case unit::flag:
      if (!from.is(toml_kind::boolean)) at.must_be("true or false");
      return from.boolean;
    case unit::text:
      at.must_be(key.extras.choices.empty() ? "a text" : joined(key.extras.choices));
    default: {
      std::optional<std::uint64_t> number;
      if (from.is(toml_kind::integer) && from.integer >= 0) number = static_cast<std::uint64_t>(from.integer);
      return checked_number(key, number, at);
    }
  }
}

std::vector<std::string_view> names_of(std::span<const key_info* const> keys) {
  std::vector<std::string_view> names;
  for (const key_info* const key : keys) names.push_back(key->name);
  return names;
}

std::size_t index_of(std::span<const key_info* const> keys, std::string_view name) {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const key_info* k) { return k->name == name; });
  return static_cast<std::size_t>(found - keys.begin());
}

[[noreturn]] void fail_unknown(std::span<const key_info* const> keys, const file_section& where,
                               const toml_entry& entry) {
  if (where.unknown) {
    const std::string what = where.unknown(entry);
    if (!what.empty()) fail_at(where, entry.at, what);
  }
  std::string end = did_you_mean(entry.name, names_of(keys));
  if (end.empty() && !where.hint.empty()) end = " (" + std::string(where.hint) + ")";
  fail_at(where, entry.at,
          "unknown key '" + entry.name + "'" + (where.title.empty() ? "" : " in " + where.title) + end);
}

// "'frame_bytes_max' (64MiB, its default)", "'payload_bytes_max' (128MiB, of GATE_PAYLOAD_BYTES_MAX)"
std::string stated(const key_info& key, std::uint64_t value, const std::optional<found_setting>& found) {
  std::string text = "'" + std::string(key.name) + "' (" + plain_text(key, value);
  if (!found) {
    text += ", its default";
  } else if (found->source != setting_source::file) {
    text += ", of " + found->place;
  }
  return text + ")";
}

// The source that has the last word, and in a file the later line.
const found_setting& blamed(const std::optional<found_setting>& a, const std::optional<found_setting>& b) {
  if (!a || !b) return a ? *a : *b;
  if (a->source != b->source) return a->source > b->source ? *a : *b;
  return b->line > a->line ? *b : *a;
}

}  // namespace

void given_settings::read_text(std::string_view text, std::string_view name) {
  try {
    content = parse_toml(text);
    file = name;
  } catch (const toml_error& e) {
    throw settings_error(std::string(name) + ":" + std::to_string(e.where().line) + ": " + e.what());
  }
}

void given_settings::read_file(const std::string& path) {
  std::string text;
  try {
    text = read_toml_file(path);
  } catch (const toml_file_error& e) {
    throw settings_error(e.what());
  }
  read_text(text, path);
}

std::map<std::string, std::string, std::less<>> gate_variables(std::span<const key_info* const> keys) {
  std::map<std::string, std::string, std::less<>> found;
  for (char** at = ::environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view line = *at;
    const std::size_t equals = line.find('=');
    if (!line.starts_with(prefix) || equals == line.npos) continue;
    const std::string_view name = line.substr(0, equals);
    const bool is_key = std::any_of(keys.begin(), keys.end(), [&](const auto* k) { return variable_of(*k) == name; });
    found.emplace(name, is_key ? line.substr(equals + 1) : std::string_view());
  }
  return found;
}

std::vector<std::string> misspelt_variables(std::span<const key_info* const> keys, const given_settings& given) {
  std::vector<std::string> variables;
  for (const key_info* const key : keys) variables.push_back(variable_of(*key));
  const std::vector<std::string_view> known(variables.begin(), variables.end());
  std::vector<std::string> warnings;
  for (const auto& [name, value] : given.variables) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string guess = did_you_mean(name, known, 2);
    if (!guess.empty()) warnings.push_back(name + " is no setting" + guess);
  }
  return warnings;
}

void fail_at(const file_section& where, toml_place at, const std::string& what) {
  throw settings_error(where.file + ":" + std::to_string(at.line) + ": " + what);
}

setting_value read_setting(const key_info& key, std::string_view text, const std::string& where) {
  return value_of(key, text, place{where, where});
}

found_settings find_in_file(std::span<const key_info* const> keys, const file_section& where) {
  found_settings found(keys.size());
  if (where.table == nullptr) return found;
  std::vector<const toml_entry*> entries;
  for (const toml_entry& entry : where.table->entries) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(), [](const auto* a, const auto* b) { return a->at < b->at; });
  for (const toml_entry* const entry : entries) {
    if (std::find(where.others.begin(), where.others.end(), entry->name) != where.others.end()) continue;
    const std::size_t i = index_of(keys, entry->name);
    if (i == keys.size()) fail_unknown(keys, where, *entry);
    const std::uint32_t line = entry->value.begin.line;
    found[i] = {value_of(*keys[i], entry->value, where), setting_source::file, where.file + ":" + std::to_string(line),
                line};
  }
  return found;
}

void find_in_variables(std::span<const key_info* const> keys, const given_settings& given, found_settings& found) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string name = variable_of(*keys[i]);
    const auto stated = given.variables.find(name);
    if (stated == given.variables.end() || stated->second.empty()) continue;
    found[i] = {read_setting(*keys[i], stated->second, name), setting_source::variable, name};
  }
}

void find_in_flags(std::span<const key_info* const> keys, const given_settings& given, found_settings& found) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string name = flag_of(*keys[i]);
    std::vector<std::string> list;
    for (const auto& [key, text] : given.flags) {
      if (key != keys[i]->name) continue;
      const place at{name, name};
      if (keys[i]->unit != unit::texts) {
        found[i] = {value_of(*keys[i], text, at), setting_source::flag, name};
        continue;
      }
      list.push_back(checked_text(*keys[i], text, at));
      found[i] = {list, setting_source::flag, name};
    }
  }
}

void check_rules(std::span<const ordered_keys> rules, std::span<const key_info* const> keys,
                 const std::vector<std::optional<setting_value>>& values, const found_settings& found) {
  for (const ordered_keys& rule : rules) {
    const std::size_t upper = index_of(keys, rule.upper), lower = index_of(keys, rule.lower);
    const std::uint64_t above = std::get<std::uint64_t>(values.at(upper).value());
    const std::uint64_t below = std::get<std::uint64_t>(values.at(lower).value());
    if (above >= below || (!found[upper] && !found[lower])) continue;  // two defaults are not the user's fault
    throw settings_error(blamed(found[upper], found[lower]).place + ": " + stated(*keys[upper], above, found[upper]) +
                         " " + std::string(rule.rule) + " " + stated(*keys[lower], below, found[lower]) +
                         std::string(rule.reason));
  }
}

std::string changed_text(std::span<const std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) text += (text.empty() ? " (changed: " : ", ") + std::string(name);
  return text.empty() ? text : text + ")";
}

}  // namespace gate
