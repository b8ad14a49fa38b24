// Questions to a person at the terminal whose answers nobody is to see.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <termios.h>

#include <gate/secret.hpp>

namespace gate::cli {

// There is no terminal to ask on, or the answer cannot be a password. Becomes exit code 2.
class prompt_error final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The terminal of this process, its echo off while this lives. Standard input may be something else.
class hidden_prompt {
 public:
  // Throws prompt_error("there is no terminal to ask on; " + instead) without a terminal.
  explicit hidden_prompt(std::string_view instead);
  hidden_prompt(const hidden_prompt&) = delete;
  hidden_prompt& operator=(const hidden_prompt&) = delete;
  ~hidden_prompt();

  // The line that was typed, as password_line() takes it.
  secret ask(const std::string& question);
  void say(std::string_view text);

 private:
  int terminal_ = -1;
  termios before_{};
};

// A line, or all there is up to a bound, read without a buffer that would keep a copy.
secret read_line(int from);

// The first line of what a program or a person gave, without its end. Throws prompt_error when it cannot be a password.
secret password_line(secret given);

}  // namespace gate::cli
