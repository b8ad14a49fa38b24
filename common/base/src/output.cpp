#include "common/base/output.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <ctime>
#include <string>

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

namespace gate {
namespace {

// Returns true once the descriptor takes PIPE_BUF bytes, or fails, without blocking.
bool wait_to_write(int descriptor, std::chrono::steady_clock::time_point until) noexcept {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd wanted{descriptor, POLLOUT, 0};
    const int found = ::poll(&wanted, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (found != 0) return found > 0 || errno != EINTR;
    if (left.count() <= 0) return false;
  }
}

}  // namespace

void block_all_signals() noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

no_sigpipe::no_sigpipe() noexcept {
  sigset_t pending, pipe;
  ::sigpending(&pending);
  was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, &before_);
}

no_sigpipe::~no_sigpipe() {
  const int saved = errno;
  if (!was_pending_) {
    sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    const timespec at_once{};
    while (::sigtimedwait(&pipe, nullptr, &at_once) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  errno = saved;
}

bool write_fully(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // a process that shares the descriptor made it non-blocking
      pollfd wanted{descriptor, POLLOUT, 0};
      ::poll(&wanted, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool write_line(int descriptor, std::string_view line, std::chrono::milliseconds patience) noexcept {
  const no_sigpipe guard;
  const auto until = std::chrono::steady_clock::now() + patience;
  std::string whole;
  try {
    whole.reserve(line.size() + 1);
    whole.append(line).push_back('\n');
  } catch (...) {
    return false;
  }
  std::string_view left = whole;
  while (!left.empty()) {
    if (!wait_to_write(descriptor, until)) return false;
    const ssize_t written = ::write(descriptor, left.data(), std::min<std::size_t>(left.size(), PIPE_BUF));
    if (written >= 0) {
      left.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR && errno != EAGAIN) {
      return false;
    }
  }
  return true;
}

}  // namespace gate
