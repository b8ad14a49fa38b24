#include "broker/credential_store/store_edit.hpp"

#include <cstddef>
#include <optional>
#include <vector>

#include "common/settings/toml_text.hpp"

namespace gate::security {
namespace {

toml_value parse(std::string_view text, const std::string& file) {
  try {
    return parse_toml(text);
  } catch (const toml_bound_error& e) {
    throw store_error(file + ":" + std::to_string(e.where().line) + ": " + e.what());
  } catch (const toml_error& e) {
    throw store_error(file + ":" + std::to_string(e.where().line) + ": is not valid TOML here");
  }
}

// toml++ counts lines and characters from 1. A character is one byte or one sequence of UTF-8.
std::optional<std::size_t> offset_of(std::string_view text, toml_place at) {
  std::size_t offset = 0;
  for (std::uint32_t line = 1; line < at.line; ++line) {
    offset = text.find('\n', offset);
    if (offset == std::string_view::npos) return std::nullopt;
    ++offset;
  }
  for (std::uint32_t column = 1; column < at.column; ++column) {
    if (offset >= text.size()) return std::nullopt;
    ++offset;
    while (offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xc0) == 0x80) ++offset;
  }
  return offset;
}

std::string newest_of(const toml_value* value) {
  if (value == nullptr) return {};
  if (value->is(toml_kind::text)) return value->text;
  if (!value->is(toml_kind::list) || value->items.empty()) return {};
  const toml_value& last = value->items.back();
  return last.is(toml_kind::text) ? last.text : std::string();
}

toml_value* table_in(toml_value& all, std::string_view name) {
  toml_value* const found = all.find(name);
  return found != nullptr && found->is(toml_kind::table) ? found : nullptr;
}

toml_value* principal_of(toml_value& all, std::string_view user) {
  toml_value* const principals = table_in(all, "principals");
  return principals == nullptr ? nullptr : table_in(*principals, user);
}

class editor {
 public:
  editor(std::string_view text, const std::string& file, std::string_view user, std::string_view key)
      : text_(text), file_(file), user_(user), key_(key), before_(parse(text, file)) {}

  std::string set(const std::string& credential, edit how) {
    toml_value* const who = principal_of(before_, user_);
    const toml_value* const old = who == nullptr ? nullptr : who->find(key_);
    const std::string former = how == edit::keep ? newest_of(old) : std::string();
    const std::string value = former.empty() || former == credential
                                  ? toml_quoted(credential)
                                  : "[" + toml_quoted(former) + ", " + toml_quoted(credential) + "]";
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
                      toml_key(user_) + "]");
  }

  std::string replaced(const toml_value& old, const std::string& value) const {
    const auto begin = offset_of(text_, old.begin), end = offset_of(text_, old.end);
    if (!begin || !end || *end < *begin) give_up();
    return text_.substr(0, *begin) + value + text_.substr(*end);
  }

  std::string inserted(const toml_value& who, const std::string& value) const {
    const auto header = offset_of(text_, who.begin);
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
    return text + "[principals." + toml_key(user_) + "]\n" + std::string(key_) + " = " + value + "\n";
  }

  // Checks that the new credential is in the text and that nothing else has changed.
  void verify(const std::string& changed, const std::string& value) const {
    toml_value expected = before_, wanted, found;
    try {
      wanted = parse_toml("value = " + value);
      found = parse_toml(changed);
    } catch (const toml_error&) {
      give_up();
    }
    if (principal_of(expected, user_) == nullptr) {
      if (table_in(expected, "principals") == nullptr) expected.set("principals", toml_value());
      table_in(expected, "principals")->set(user_, toml_value());
    }
    toml_value* const who = principal_of(expected, user_);
    if (who == nullptr) give_up();
    who->set(key_, *wanted.find("value"));
    if (!same_content(expected, found)) give_up();
  }

  std::string text_;
  std::string file_;
  std::string_view user_;
  std::string_view key_;
  toml_value before_;
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
