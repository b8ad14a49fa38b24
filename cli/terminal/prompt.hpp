// Asks a person at the terminal for a text that nobody may see.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <termios.h>

#include "common/credentials/secret.hpp"

namespace gate::cli {

// There is no terminal to ask on, or the text cannot be a password. Becomes exit code 2.
class prompt_error final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The terminal of this process. Its echo is off while this object lives. Standard input may be something else.
class hidden_prompt {
 public:
  // Throws prompt_error("there is no terminal to ask on; " + instead) without a terminal.
  explicit hidden_prompt(std::string_view instead);
  hidden_prompt(const hidden_prompt&) = delete;
  hidden_prompt& operator=(const hidden_prompt&) = delete;
  ~hidden_prompt();

  // Returns the typed line, checked by password_line().
  secret ask(const std::string& question);
  void say(std::string_view text);

 private:
  int terminal_ = -1;
  termios before_{};
};

// Reads a line, or everything up to a limit. Uses no buffer that would keep a copy.
secret read_line(int from);

// Returns the first line of a text, without its end. Throws prompt_error if it cannot be a password.
secret password_line(secret given);

}  // namespace gate::cli
