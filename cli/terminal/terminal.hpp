// Text for people: tables, and colours where a terminal shows them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gate::cli {

// Columns as wide as their widest cell, two blanks apart; the last is not padded. Width counts code points.
class table {
 public:
  enum class align { left, right };
  struct column {
    std::string title;
    align side = align::left;
  };

  explicit table(std::vector<column> columns) : columns_(std::move(columns)) {}

  // As many cells as columns. A cell is one line, whatever is in it: a peer's name cannot forge a row.
  void add(std::vector<std::string> row);
  std::string text(bool coloured) const;

 private:
  std::string line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) const;

  std::vector<column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Whether to colour what goes to that descriptor: a terminal that can, and no NO_COLOR in the environment.
bool colours_on(int descriptor);

std::string bold(std::string_view text, bool coloured);
std::string red(std::string_view text, bool coloured);
std::string dim(std::string_view text, bool coloured);

// Control characters that a peer may have sent would steer the terminal: they become U+FFFD; tabs and newlines stay.
std::string printable(std::string_view text);
// The same for what must not end the line, nor reach into the next column: tabs and newlines become U+FFFD as well.
std::string printable_line(std::string_view text);
// What a developer wrote, perhaps in several lines, as one: a blank for each run of blanks, tabs and newlines.
std::string in_one_line(std::string_view text);

}  // namespace gate::cli
