#include "cli/terminal/terminal.hpp"

#include <algorithm>
#include <cstdlib>

#include <unistd.h>

#include <gate/assert.hpp>

namespace gate::cli {
namespace {

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string wrap(const char* code, std::string_view text, bool coloured) {
  if (!coloured) return std::string(text);
  return std::string("\x1b[") + code + "m" + std::string(text) + "\x1b[0m";
}

// The size of the control character at the beginning of a text; 0 if there is none. U+0080 to U+009F have two bytes,
// and control some terminals too. U+200E, U+200F, U+2028 to U+202E and U+2066 to U+2069 have three bytes: they end a
// line, or change the direction of the text behind them, so that one name looks like another.
std::size_t control_at(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto within = [](unsigned value, unsigned first, unsigned last) { return value >= first && value <= last; };
  if (byte(0) < 0x20 || byte(0) == 0x7f) return 1;
  if (byte(0) == 0xc2) return within(byte(1), 0x80, 0x9f) ? 2 : 0;
  if (byte(0) != 0xe2) return 0;
  const bool turns = byte(1) == 0x80 && (within(byte(2), 0x8e, 0x8f) || within(byte(2), 0xa8, 0xae));
  return turns || (byte(1) == 0x81 && within(byte(2), 0xa6, 0xa9)) ? 3 : 0;
}

std::string without_controls(std::string_view text, std::string_view but) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t control = control_at(text);
    if (control > 0 && but.find(text.front()) == std::string_view::npos) {
      shown += "\xef\xbf\xbd";
    } else {
      shown += text.front();
    }
    text.remove_prefix(std::max<std::size_t>(control, 1));
  }
  return shown;
}

}  // namespace

void table::add(std::vector<std::string> row) {
  GATE_ASSERT(row.size() == columns_.size());
  for (std::string& cell : row) cell = printable_line(cell);
  rows_.push_back(std::move(row));
}

std::string table::line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) const {
  std::string text;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(widths[i] - width_of(cells[i]), ' ');
    if (i != 0) text += "  ";
    if (columns_[i].side == align::right) text += padding;
    text += cells[i];
    if (columns_[i].side == align::left) text += padding;
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string table::text(bool coloured) const {
  std::vector<std::string> titles;
  std::vector<std::size_t> widths;
  for (const column& c : columns_) {
    titles.push_back(c.title);
    widths.push_back(width_of(c.title));
  }
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string all = bold(line(titles, widths), coloured) + "\n";
  for (const auto& row : rows_) all += line(row, widths) + "\n";
  return all;
}

bool colours_on(int descriptor) {
  const char* const terminal = std::getenv("TERM");
  const char* const unwanted = std::getenv("NO_COLOR");
  if (unwanted != nullptr && *unwanted != '\0') return false;
  if (terminal == nullptr || std::string_view(terminal) == "dumb") return false;
  return ::isatty(descriptor) == 1;
}

std::string bold(std::string_view text, bool coloured) { return wrap("1", text, coloured); }
std::string red(std::string_view text, bool coloured) { return wrap("1;31", text, coloured); }
std::string dim(std::string_view text, bool coloured) { return wrap("2", text, coloured); }

std::string printable(std::string_view text) { return without_controls(text, "\n\t"); }

std::string printable_line(std::string_view text) { return without_controls(text, ""); }

std::string in_one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  if (line.ends_with(' ')) line.pop_back();
  return printable_line(line);
}

}  // namespace gate::cli
