// Text for people: tables, and colours if the terminal shows them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gate::cli {

// Each column is as wide as its widest cell; two blanks separate columns; the last is not padded. Width counts code
// points.
class table {
 public:
  enum class align { left, right };
  struct column {
    std::string title;
    align side = align::left;
  };

  explicit table(std::vector<column> columns) : columns_(std::move(columns)) {}

  // Adds as many cells as there are columns. A cell is always printed as one line: a peer's name cannot forge a row.
  void add(std::vector<std::string> row);
  std::string text(bool coloured) const;

 private:
  std::string line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) const;

  std::vector<column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Whether to use colours on this descriptor: it is a terminal with colours, and NO_COLOR is not set.
bool colours_on(int descriptor);

std::string bold(std::string_view text, bool coloured);
std::string red(std::string_view text, bool coloured);
std::string dim(std::string_view text, bool coloured);

// Replaces control characters by U+FFFD: a peer could use them to control the terminal. Tabs and newlines stay.
std::string printable(std::string_view text);
// The same, and tabs and newlines become U+FFFD too: the text must not end its line or reach into the next column.
std::string printable_line(std::string_view text);
// Joins the lines of a developer's text: each run of blanks, tabs and newlines becomes one blank.
std::string in_one_line(std::string_view text);

}  // namespace gate::cli
