#include "broker/credential_store/store_edit.hpp"

#include <cstddef>
#include <optional>
#include <vector>

#include "common/settings/toml_text.hpp"

namespace gate::security {
namespace {

toml::table parse(std::string_view text, const std::string& file) {
  try {
    return parse_toml(text, file);
  } catch (const toml_bound_error& e) {
    throw store_error(file + ":" + std::to_string(e.source().begin.line) + ": " + std::string(e.description()));
  } catch (const toml::parse_error& e) {
    throw store_error(file + ":" + std::to_string(e.source().begin.line) + ": is not valid TOML here");
  }
}

// toml++ counts lines and characters from 1. A character is one byte or one sequence of UTF-8.
std::optional<std::size_t> offset_of(std::string_view text, const toml::source_position& at) {
  std::size_t offset = 0;
  for (toml::source_index line = 1; line < at.line; ++line) {
    offset = text.find('\n', offset);
    if (offset == std::string_view::npos) return std::nullopt;
    ++offset;
  }
  for (toml::source_index column = 1; column < at.column; ++column) {
    if (offset >= text.size()) return std::nullopt;
    ++offset;
    while (offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xc0) == 0x80) ++offset;
  }
  return offset;
}

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string key_text(std::string_view name) {
  const bool bare = name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") ==
                    std::string_view::npos;
  return bare ? std::string(name) : toml_string(name);
}

std::string newest_of(const toml::node* node) {
  if (node == nullptr) return {};
  if (const auto* const text = node->as_string()) return text->get();
  const toml::array* const list = node->as_array();
  if (list == nullptr || list->empty()) return {};
  const auto* const last = list->back().as_string();
  return last == nullptr ? std::string() : last->get();
}

toml::table* principal_of(toml::table& all, std::string_view user) {
  toml::table* const principals = all["principals"].as_table();
  return principals == nullptr ? nullptr : (*principals)[user].as_table();
}

class editor {
 public:
  editor(std::string_view text, const std::string& file, std::string_view user, std::string_view key)
      : text_(text), file_(file), user_(user), key_(key), before_(parse(text, file)) {}

  std::string set(const std::string& credential, edit how) {
    toml::table* const who = principal_of(before_, user_);
    const toml::node* const old = who == nullptr ? nullptr : who->get(key_);
    const std::string former = how == edit::keep ? newest_of(old) : std::string();
    const std::string value = former.empty() || former == credential
                                  ? toml_string(credential)
                                  : "[" + toml_string(former) + ", " + toml_string(credential) + "]";
    std::string changed = old != nullptr   ? replaced(*old, value)
                          : who != nullptr ? inserted(*who, value)
                                           : appended(value);
    verify(changed, value);
    return changed;
  }

 private:
  [[noreturn]] void give_up() const {
    throw store_error(file_ + ": principal '" + std::string(user_) +
                      "' is written in a way that cannot be changed here; write it as a table, [principals." +
                      key_text(user_) + "]");
  }

  std::string replaced(const toml::node& old, const std::string& value) const {
    const auto begin = offset_of(text_, old.source().begin), end = offset_of(text_, old.source().end);
    if (!begin || !end || *end < *begin) give_up();
    return text_.substr(0, *begin) + value + text_.substr(*end);
  }

  std::string inserted(const toml::table& who, const std::string& value) const {
    const auto header = offset_of(text_, who.source().begin);
    if (!header || text_.substr(*header, 1) != "[") give_up();
    const std::size_t end = text_.find('\n', *header);
    const std::string line = std::string(key_) + " = " + value + "\n";
    if (end == std::string::npos) return text_ + "\n" + line;
    return text_.substr(0, end + 1) + line + text_.substr(end + 1);
  }

  std::string appended(const std::string& value) const {
    std::string text = text_;
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    if (!text.empty()) text += '\n';
    return text + "[principals." + key_text(user_) + "]\n" + std::string(key_) + " = " + value + "\n";
  }

  // Checks that the new credential is in the text and that nothing else has changed.
  void verify(const std::string& changed, const std::string& value) const {
    toml::table expected = before_, wanted, found;
    try {
      wanted = parse_toml("value = " + value);
      found = parse_toml(changed);
    } catch (const toml::parse_error&) {
      give_up();
    }
    if (principal_of(expected, user_) == nullptr) {
      if (expected["principals"].as_table() == nullptr) expected.insert("principals", toml::table());
      expected["principals"].as_table()->insert(user_, toml::table());
    }
    toml::table* const who = principal_of(expected, user_);
    if (who == nullptr) give_up();
    who->insert_or_assign(key_, *wanted.get("value"));
    if (expected != found) give_up();
  }

  std::string text_;
  std::string file_;
  std::string_view user_;
  std::string_view key_;
  toml::table before_;
};

}  // namespace

std::string set_password(std::string_view text, const std::string& file, std::string_view user,
                         std::string_view password_hash, edit how) {
  if (!is_principal_name(user)) {
    throw store_error("a name is UTF-8 text of 1 to 255 bytes without control characters");
  }
  return editor(text, file, user, "password").set(std::string(password_hash), how);
}

std::string set_curve_key(std::string_view text, const std::string& file, std::string_view user, const curve_key& key,
                          edit how) {
  if (!is_principal_name(user)) {
    throw store_error("a name is UTF-8 text of 1 to 255 bytes without control characters");
  }
  return editor(text, file, user, "curve").set(to_z85(key), how);
}

}  // namespace gate::security
