#include "cli/context/json_text.hpp"

#include <cstddef>
#include <iostream>

#include <unistd.h>

#include "cli/terminal/terminal.hpp"

namespace gate::cli {
namespace {

// The text begins as JSON does: a mistake in it must not make it a text.
json_error no_json(std::string_view text, std::size_t byte) {
  constexpr std::size_t shown_max = 60;
  const bool is_short = text.size() <= shown_max;
  const std::string shown = "'" + std::string(text.substr(0, shown_max)) + (is_short ? "'" : "...'");
  std::string said = shown + " begins as JSON and is none (see byte " + std::to_string(byte) + "); ";
  if (!is_short) return json_error(said + "as text: put it in a file, and write @text:FILE");
  return json_error(said + "as text: '" + to_json(value::of(std::string(text))) + "'");
}

}  // namespace

value read_argument(std::string_view text) {
  try {
    return from_json(text);
  } catch (const json_error& e) {
    if (e.byte() == 0) throw;
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && (text[first] == '{' || text[first] == '[')) throw no_json(text, e.byte());
    return value::of(std::string(text));
  }
}

void print(const value& v, bool pretty) {
  const std::string text = to_json(v, pretty ? json_layout::readable : json_layout::one_line);
  // JSON itself leaves U+007F to U+009F as they are.
  std::cout << (::isatty(STDOUT_FILENO) == 1 ? printable(text) : text) << '\n';
}

}  // namespace gate::cli
