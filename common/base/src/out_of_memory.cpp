#include "common/base/out_of_memory.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

namespace gate {
namespace {

constexpr int patience_ms = 300;
constexpr std::string_view reason = ": out of memory\n";

// Made in advance: later there may be no memory to make it.
std::array<char, 128> line;
std::size_t line_bytes = 0;

extern "C" void on_abort(int) {
  if (!is_memory_short()) return;  // abort() then ends the process as usual
  pollfd wanted{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&wanted, 1, patience_ms) > 0) {
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line_bytes);
  }
  ::_exit(1);
}

}  // namespace

bool is_memory_short(std::size_t bytes) noexcept {
  const int saved = errno;
  void* const block = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const bool is_short = block == MAP_FAILED;
  if (!is_short) ::munmap(block, bytes);
  errno = saved;
  return is_short;
}

void exit_when_memory_runs_out(const char* program) noexcept {
  const std::string_view name = std::string_view(program).substr(0, line.size() - reason.size());
  const auto behind = std::copy(name.begin(), name.end(), line.begin());
  line_bytes = static_cast<std::size_t>(std::copy(reason.begin(), reason.end(), behind) - line.begin());
  struct sigaction action {};
  action.sa_handler = on_abort;
  ::sigemptyset(&action.sa_mask);
  ::sigaddset(&action.sa_mask, SIGPIPE);
  ::sigaction(SIGABRT, &action, nullptr);
}

}  // namespace gate
