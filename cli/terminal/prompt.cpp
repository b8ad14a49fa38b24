#include "cli/terminal/prompt.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace gate::cli {
namespace {

constexpr std::size_t input_bytes_max = 4096;
constexpr std::size_t password_bytes_max = 255;  // the limit of PLAIN

}  // namespace

hidden_prompt::hidden_prompt(std::string_view instead) : terminal_(::open("/dev/tty", O_RDWR | O_CLOEXEC)) {
  termios quiet{};
  bool works = terminal_ >= 0 && ::tcgetattr(terminal_, &before_) == 0;
  if (works) {
    quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    quiet.c_lflag |= static_cast<tcflag_t>(ECHONL);
    works = ::tcsetattr(terminal_, TCSAFLUSH, &quiet) == 0;
  }
  if (works) return;
  if (terminal_ >= 0) ::close(terminal_);
  throw prompt_error("there is no terminal to ask on; " + std::string(instead));
}

hidden_prompt::~hidden_prompt() {
  ::tcsetattr(terminal_, TCSAFLUSH, &before_);
  ::close(terminal_);
}

void hidden_prompt::say(std::string_view text) {
  if (::write(terminal_, text.data(), text.size()) < 0) throw prompt_error("the terminal is gone");
}

secret hidden_prompt::ask(const std::string& question) {
  say(question);
  return password_line(read_line(terminal_));
}

secret read_line(int from) {
  secret text(input_bytes_max);
  std::size_t have = 0;
  while (have < text.size() && std::memchr(text.data(), '\n', have) == nullptr) {
    const ssize_t got = ::read(from, text.data() + have, text.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  text.shorten(have);
  return text;
}

secret password_line(secret given) {
  const std::size_t end = given.view().find('\n');
  if (end != bytes_view::npos) given.shorten(end);
  if (given.view().ends_with('\r')) given.shorten(given.size() - 1);
  if (given.empty()) throw prompt_error("the password is empty");
  if (given.size() > password_bytes_max) throw prompt_error("a password has 255 bytes at the most");
  return given;
}

}  // namespace gate::cli
