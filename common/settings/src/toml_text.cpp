#include "common/settings/toml_text.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include <toml++/toml.h>

namespace gate {
namespace {

// Walks over a text as a TOML parser would, as far as strings, comments, brackets and dots go, and keeps count of the
// depth. It need not notice what is wrong: a parser stops there.
class depth_check {
 public:
  explicit depth_check(std::string_view text) : text_(text), levels_(1) {}

  // The line where the bound is exceeded; 0 when it never is.
  std::size_t run() {
    while (at_ < text_.size() && !exceeded_) step();
    return exceeded_ ? line_ : 0;
  }

 private:
  struct level {
    std::size_t depth = 0;  // of the bracket
    std::size_t dots = 0;   // in the key that was read last
  };

  void step() {
    const char c = text_[at_];
    switch (c) {
      case '#':
        at_ = std::min(text_.find('\n', at_), text_.size());
        return;
      case '"':
      case '\'':
        return skip_string(c);
      case '\n':
        ++line_;
        if (levels_.size() == 1) levels_.back().dots = 0;
        break;
      case '.':
        ++levels_.back().dots;
        exceeded_ = depth() > toml_depth_max;
        break;
      case ',':
        levels_.back().dots = 0;
        break;
      case '[':
      case '{':
        levels_.push_back({depth() + 1, 0});
        exceeded_ = depth() > toml_depth_max;
        break;
      case ']':
      case '}':
        if (levels_.size() > 1) levels_.pop_back();
        break;
      default:
        break;
    }
    ++at_;
  }

  std::size_t depth() const noexcept { return levels_.back().depth + levels_.back().dots; }

  bool delimiter_here(char quote) const noexcept {
    return at_ + 2 < text_.size() && text_[at_] == quote && text_[at_ + 1] == quote && text_[at_ + 2] == quote;
  }

  // A string in three quotes runs over lines, and may end in up to two quotes of its own before the last three.
  void skip_string(char quote) {
    const bool of_lines = delimiter_here(quote);
    at_ += of_lines ? 3 : 1;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n' && !of_lines) return;
      if (c == '\n') ++line_;
      if (c == quote && !of_lines) {
        ++at_;
        return;
      }
      if (of_lines && delimiter_here(quote)) {
        at_ += 3;
        for (int more = 0; more < 2 && at_ < text_.size() && text_[at_] == quote; ++more) ++at_;
        return;
      }
      const bool escape = c == '\\' && quote == '"' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n';
      at_ += escape ? 2 : 1;
    }
  }

  std::string_view text_;
  std::vector<level> levels_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  bool exceeded_ = false;
};

toml_place place_of(const toml::source_position& at) noexcept { return {at.line, at.column}; }

// What toml++ has read may be a password.
void wipe(std::string& text) noexcept { ::explicit_bzero(text.data(), text.size()); }

toml_value converted(toml::node& node);

void convert_table(toml::table& from, toml_value& to) {
  to.kind = toml_kind::table;
  to.entries.reserve(from.size());
  for (auto&& [key, node] : from) {  // a map: ordered by name
    to.entries.push_back({std::string(key.str()), place_of(key.source().begin), converted(node)});
  }
}

std::string written(const toml::node& node) {
  std::ostringstream text;
  text << toml::node_view<const toml::node>(node);
  return text.str();
}

toml_value converted(toml::node& node) {
  toml_value v;
  v.begin = place_of(node.source().begin);
  v.end = place_of(node.source().end);
  if (auto* const table = node.as_table()) {
    convert_table(*table, v);
  } else if (auto* const list = node.as_array()) {
    v.kind = toml_kind::list;
    v.items.reserve(list->size());
    for (toml::node& item : *list) v.items.push_back(converted(item));
  } else if (auto* const text = node.as_string()) {
    v.kind = toml_kind::text;
    v.text = text->get();
    wipe(text->get());
  } else if (const auto* const integer = node.as_integer()) {
    v.kind = toml_kind::integer;
    v.integer = integer->get();
  } else if (const auto* const real = node.as_floating_point()) {
    v.kind = toml_kind::real;
    v.real = real->get();
  } else if (const auto* const flag = node.as_boolean()) {
    v.kind = toml_kind::boolean;
    v.boolean = flag->get();
  } else {
    v.kind = toml_kind::time;
    v.text = written(node);
  }
  return v;
}

template <class Entries> auto place_for(Entries& entries, std::string_view name) noexcept {
  return std::lower_bound(entries.begin(), entries.end(), name,
                          [](const toml_entry& e, std::string_view n) { return e.name < n; });
}

// With the folder that a relative path counts from.
std::string why_not(const std::string& path, int error) {
  std::string why = std::generic_category().message(error);
  std::error_code unknown;
  const std::filesystem::path here = std::filesystem::current_path(unknown);
  if (!unknown && !path.starts_with('/')) why += " (in the folder " + here.string() + ")";
  return why;
}

}  // namespace

const toml_value* toml_value::find(std::string_view name) const noexcept {
  const auto found = place_for(entries, name);
  return found != entries.end() && found->name == name ? &found->value : nullptr;
}

toml_value* toml_value::find(std::string_view name) noexcept {
  const auto found = place_for(entries, name);
  return found != entries.end() && found->name == name ? &found->value : nullptr;
}

void toml_value::set(std::string_view name, toml_value value) {
  const auto found = place_for(entries, name);
  if (found != entries.end() && found->name == name) {
    found->value = std::move(value);
  } else {
    entries.insert(found, {std::string(name), value.begin, std::move(value)});
  }
}

bool same_content(const toml_value& a, const toml_value& b) noexcept {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case toml_kind::text:
    case toml_kind::time:
      return a.text == b.text;
    case toml_kind::integer:
      return a.integer == b.integer;
    case toml_kind::real:
      return a.real == b.real || (std::isnan(a.real) && std::isnan(b.real));
    case toml_kind::boolean:
      return a.boolean == b.boolean;
    case toml_kind::list:
      return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), same_content);
    case toml_kind::table:
      break;
  }
  const auto same = [](const toml_entry& x, const toml_entry& y) {
    return x.name == y.name && same_content(x.value, y.value);
  };
  return std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(), same);
}

toml_value parse_toml(std::string_view text) {
  if (text.size() > toml_bytes_max) throw toml_bound_error("is larger than 16 MiB", {1, 1});
  if (const std::size_t line = depth_check(text).run(); line != 0) {
    throw toml_bound_error("is nested deeper than 64 tables, lists and parts of a dotted key",
                           {static_cast<std::uint32_t>(line), 1});
  }
  try {
    toml::table parsed = toml::parse(text);
    return converted(parsed);
  } catch (const toml::parse_error& e) {
    throw toml_error(std::string(e.description()), place_of(e.source().begin));
  }
}

std::string read_toml_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) throw toml_file_error(path + ": cannot be read: " + why_not(path, errno));
  std::string text;
  std::vector<char> piece(std::size_t{64} << 10);
  while (file && text.size() <= toml_bytes_max) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (text.size() > toml_bytes_max) throw toml_file_error(path + ": is larger than 16 MiB");
  if (!file.eof() || file.bad()) throw toml_file_error(path + ": cannot be read");
  return text;
}

std::string toml_quoted(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += std::string("\\u00") + digits[byte >> 4] + digits[byte & 0xf];
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string toml_key(std::string_view name) {
  const bool bare =
      !name.empty() && name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") ==
                           std::string_view::npos;
  return bare ? std::string(name) : toml_quoted(name);
}

}  // namespace gate
