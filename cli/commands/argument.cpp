#include "cli/commands/argument.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "cli/context/json_text.hpp"
#include "cli/context/operator_commands.hpp"
#include "cli/context/outcome.hpp"

namespace gate::cli {
namespace {

struct content_word {
  std::string_view name;
  content what;
};
constexpr std::array<content_word, 4> content_words{
    {{"huge:", content::huge}, {"bytes:", content::bytes}, {"text:", content::text}, {"json:", content::json}}};

bool is_identifier(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || digit(c); });
}

value literal_of(std::string_view text) {
  try {
    return read_argument(text);
  } catch (const json_error& e) {
    throw usage_error(e.what());
  }
}

// Reads the value. It stands after the name, if there is one.
argument read_value(std::string_view text) {
  argument given;
  if (text == "-") {
    given.file = text;
  } else if (text.starts_with("@@")) {
    given.literal = value::of(std::string(text.substr(1)));
  } else if (text.starts_with('@')) {
    text.remove_prefix(1);
    for (const content_word& word : content_words) {
      if (!text.starts_with(word.name)) continue;
      given.as = word.what;
      text.remove_prefix(word.name.size());
      break;
    }
    if (text.empty()) throw usage_error("@ names no file: write @FILE, or @@ for text that begins with @");
    given.file = text;
  } else {
    given.literal = literal_of(text);
  }
  return given;
}

// "str" of "'str'", "optional<str>", "Optional[str]", "str | None".
std::string_view inner_type(std::string_view type) {
  const auto strip = [&](std::string_view before, std::string_view after) {
    if (type.size() < before.size() + after.size() || !type.starts_with(before) || !type.ends_with(after)) return false;
    type = type.substr(before.size(), type.size() - before.size() - after.size());
    return true;
  };
  while (strip("'", "'") || strip("\"", "\"") || strip("optional<", ">") || strip("typing.", "") ||
         strip("Optional[", "]") || strip("optional[", "]") || strip("", " | None") || strip("None | ", "")) {
  }
  return type;
}

// Python's separators: "/" ends the parameters that are positional only, "*" begins those that are named only.
bool is_separator(const parameter_report& p) { return p.name == "/" || p.name == "*"; }

}  // namespace

std::vector<argument> read_arguments(const std::vector<std::string>& typed) {
  std::vector<argument> all;
  bool named = false, input = false;
  for (const std::string& text : typed) {
    const std::size_t equals = text.find('=');
    const std::string_view name = std::string_view(text).substr(0, equals);
    const bool has_name = equals != std::string::npos && is_identifier(name);
    if (named && !has_name) {
      throw usage_error("'" + text + "' follows a NAME=VALUE: arguments without a name come first");
    }
    argument given = read_value(has_name ? std::string_view(text).substr(equals + 1) : text);
    if (has_name) given.name = name;
    if (given.file == "-" && std::exchange(input, true)) {
      throw usage_error("standard input can be one argument only");
    }
    named = has_name;
    all.push_back(std::move(given));
  }
  return all;
}

content content_of(std::string_view type) {
  type = inner_type(type);
  if (type == "HugeData") return content::huge;
  if (type == "string" || type == "str") return content::text;
  if (type == "bytes" || type == "bytearray") return content::bytes;
  if (type.empty() || type == "any" || type == "Any" || type == "object") return content::unsaid;
  return content::json;
}

std::string type_of(const method_report& method, const argument& given, std::size_t position) {
  for (const parameter_report& p : method.parameters) {
    if (is_separator(p)) continue;
    if (given.name.empty()) {
      if (p.name.starts_with('*')) return p.name.starts_with("**") ? std::string() : p.type;
      if (position-- == 0) return p.type;
    } else if (p.name == given.name || p.name.starts_with("**")) {
      return p.type;
    }
  }
  return {};
}

}  // namespace gate::cli
