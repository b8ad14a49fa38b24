#include "common/settings/settings_text.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "common/settings/quantity.hpp"
#include "common/settings/toml_text.hpp"

namespace gate {
namespace {

constexpr std::size_t columns_max = 80;

// Words of the text in lines that begin with `indent`.
std::string wrapped(std::string_view text, const std::string& indent) {
  std::string all, line = indent;
  bool is_empty = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    if (!is_empty && line.size() + 1 + word.size() > columns_max) {
      all += line + "\n";
      line = indent;
      is_empty = true;
    }
    if (!is_empty) line += ' ';
    line += word;
    is_empty = false;
  }
  return is_empty ? all : all + line + "\n";
}

std::string joined(std::span<const std::string_view> texts, std::string_view between) {
  std::string all;
  for (const std::string_view text : texts) all += (all.empty() ? "" : std::string(between)) + std::string(text);
  return all;
}

// "one of gzip, bz2, lzma", "10ms to 24h"; empty if there is nothing to say.
std::string allowed(const key_info& key) {
  if (!key.extras.choices.empty()) return "one of " + joined(key.extras.choices, ", ");
  if (key.unit == unit::count || key.unit == unit::size || key.unit == unit::time) {
    return plain_text(key, key.least) + " to " + plain_text(key, key.most);
  }
  return {};
}

std::string type_name(const key_info& key) {
  switch (key.unit) {
    case unit::count:
      return " N";
    case unit::size:
      return " SIZE";
    case unit::time:
      return " TIME";
    case unit::flag:
      return "[=true|false]";
    default:
      return " TEXT";
  }
}

// A value as a file would state it.
std::string stated(const shown_key& k) { return k.value ? toml_text(*k.key, *k.value) : std::string(); }

std::string plain_default(const shown_key& k) {
  if (!k.value) return std::string(k.key->extras.when_unset);
  const std::string text = plain_text(*k.key, *k.value);
  return text.empty() ? "none" : text;
}

// "Default 5s; 10ms to 24h." and what else there is to know of a key.
std::string facts_of(const shown_key& k) {
  std::string text = "Default " + plain_default(k);
  if (const std::string range = allowed(*k.key); !range.empty()) text += "; " + range;
  text += '.';
  if (k.key->unit == unit::texts) text += " May be repeated.";
  if (k.key->extras.reloadable) text += " SIGHUP reads it again from the file.";
  if (!k.key->extras.variable.empty()) text += " Variable: " + std::string(k.key->extras.variable) + ".";
  return text;
}

std::string with_name(std::string text, const std::string& program) {
  constexpr std::string_view stand_in = "PROGRAM";
  for (std::size_t at = text.find(stand_in); at != text.npos; at = text.find(stand_in, at + program.size())) {
    text.replace(at, stand_in.size(), program);
  }
  return text;
}

// "docs/security.md" as a link, and | escaped.
std::string in_markdown(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    constexpr std::string_view folder = "docs/";
    const std::size_t end = text.find(".md", i);
    if (text.substr(i).starts_with(folder) && end != text.npos && text.find(' ', i) > end) {
      const std::string name(text.substr(i + folder.size(), end - i - folder.size()));
      out += "[" + name + "](" + name + ".md)";
      i = end + 2;
      continue;
    }
    if (text[i] == '|') out += '\\';
    out += text[i];
  }
  return out;
}

}  // namespace

std::string_view to_string(unit u) noexcept {
  constexpr std::array<std::string_view, 6> names{"count", "bytes", "duration", "flag", "text", "list of texts"};
  return names.at(static_cast<std::size_t>(u));
}

std::string flag_of(const key_info& key) {
  std::string flag = "--" + std::string(key.name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string variable_of(const key_info& key) {
  if (!key.extras.variable.empty()) return std::string(key.extras.variable);
  std::string variable = "GATE_" + std::string(key.name);
  for (char& c : variable) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return variable;
}

std::string plain_text(const key_info& key, const setting_value& value) {
  if (const auto* const number = std::get_if<std::uint64_t>(&value)) {
    if (key.unit == unit::time) return format_quantity(*number, quantity::time);
    if (key.unit == unit::size) return format_quantity(*number, quantity::size);
    return std::to_string(*number);
  }
  if (const auto* const flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* const text = std::get_if<std::string>(&value)) return *text;
  const auto& texts = std::get<std::vector<std::string>>(value);
  return joined(std::vector<std::string_view>(texts.begin(), texts.end()), ", ");
}

std::string toml_text(const key_info& key, const setting_value& value) {
  if (const auto* const texts = std::get_if<std::vector<std::string>>(&value)) {
    std::vector<std::string> quoted;
    for (const std::string& text : *texts) quoted.push_back(toml_quoted(text));
    return "[" + joined(std::vector<std::string_view>(quoted.begin(), quoted.end()), ", ") + "]";
  }
  const bool bare = key.unit == unit::count || key.unit == unit::flag;
  return bare ? plain_text(key, value) : toml_quoted(plain_text(key, value));
}

std::string help_text(const help_page& page) {
  const std::string deep(6, ' ');
  std::string text = wrapped(page.program + ": " + page.about, "");
  text += "\nUsage: " + page.program + " [FLAG...]" + (page.arguments.empty() ? "" : " [ARGUMENT...]") + "\n";
  if (!page.arguments.empty()) text += wrapped("ARGUMENT: " + page.arguments, "  ");
  text += "\nFlags:\n";
  for (const program_flag& flag : page.own) {
    text += "  " + std::string(flag.name) + (flag.value.empty() ? "" : " " + std::string(flag.value)) + "\n";
    text += wrapped(flag.doc, deep);
  }
  text += "\n" + wrapped(page.keys_heading, "");
  for (const shown_key& k : page.keys) {
    text += "  " + flag_of(*k.key) + type_name(*k.key) + "\n";
    text += wrapped(std::string(k.key->doc) + ".", deep) + wrapped(facts_of(k), deep);
  }
  return text + with_name(page.footer, page.program);
}

std::string config_text(std::span<const shown_key> keys, const found_settings& found) {
  std::string text;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!keys[i].value) continue;
    text += "# " + std::string(keys[i].key->doc) + "\n" + std::string(keys[i].key->name) + " = " + stated(keys[i]);
    if (i < found.size() && found[i]) text += "  # from " + found[i]->place;
    text += "\n";
  }
  return text;
}

std::string example_text(std::string_view header, std::string_view about, std::span<const shown_key> keys) {
  std::string text = wrapped(about, "# ");
  if (!header.empty()) text += "#" + std::string(header) + "\n";
  for (const shown_key& k : keys) {
    text += "\n" + wrapped(std::string(k.key->doc) + ".", "# ");
    if (const std::string range = allowed(*k.key); !range.empty()) text += wrapped("Allowed: " + range + ".", "# ");
    if (k.key->extras.reloadable) text += "# SIGHUP reads it again.\n";
    if (!k.key->extras.when_unset.empty()) {
      text += wrapped("If it is not set: " + std::string(k.key->extras.when_unset) + ".", "# ");
    }
    text += "#" + std::string(k.key->name) + " = " + stated(k) + "\n";
  }
  return text;
}

std::string markdown_table(std::span<const shown_key> keys) {
  std::string text =
      "| key | unit | default | allowed | meaning, and what happens beyond it |\n|---|---|---|---|---|\n";
  for (const shown_key& k : keys) {
    std::string meaning = in_markdown(k.key->doc);
    if (k.key->extras.reloadable) meaning += ". SIGHUP reads it again from the file";
    if (!k.key->extras.variable.empty()) meaning += ". Its variable is `" + std::string(k.key->extras.variable) + "`";
    text += "| `" + std::string(k.key->name) + "` | " + std::string(to_string(k.key->unit)) + " | " +
            (k.value ? "`" + stated(k) + "`" : std::string(k.key->extras.when_unset)) + " | " + allowed(*k.key) +
            " | " + meaning + " |\n";
  }
  return text;
}

std::string with_table(const std::string& document, std::string_view name, const std::string& table) {
  const std::string first = "<!-- keys: " + std::string(name) + " -->\n", last = "<!-- end of keys -->\n";
  const std::size_t begin = document.find(first);
  const std::size_t end = begin == document.npos ? begin : document.find(last, begin);
  if (end == document.npos)
    throw std::runtime_error("no lines '" + first.substr(0, first.size() - 1) + "' and '" +
                             last.substr(0, last.size() - 1) + "' in the document");
  return document.substr(0, begin + first.size()) + "\n" + table + "\n" + document.substr(end);
}

}  // namespace gate
