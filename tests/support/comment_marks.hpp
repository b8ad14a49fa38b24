// The example file of settings as a user has it who sets everything: each line that begins with # and no blank is a
// setting, and loses its #.
#pragma once

#include <string>

namespace gate::test {

inline std::string without_comment_marks(const std::string& example) {
  std::string text;
  for (std::size_t i = 0; i < example.size(); ++i) {
    const bool at_start = i == 0 || example[i - 1] == '\n';
    const bool is_mark = at_start && example[i] == '#' && i + 1 < example.size() && example[i + 1] != ' ';
    if (!is_mark) text += example[i];
  }
  return text;
}

}  // namespace gate::test
