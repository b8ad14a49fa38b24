#include "common/src/signals.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace gate {

namespace {

sigset_t to_set(std::initializer_list<int> signals) noexcept {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : signals) ::sigaddset(&set, number);
  return set;
}

}  // namespace

void block_signals(std::initializer_list<int> signals) {
  const sigset_t set = to_set(signals);
  if (const int error = ::pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0) {
    throw std::system_error(error, std::generic_category(), "pthread_sigmask");
  }
}

signal_watch::signal_watch(loop& where, std::initializer_list<int> signals, unique_function<void(int)> on_signal)
    : on_signal_(std::move(on_signal)) {
  block_signals(signals);
  const sigset_t set = to_set(signals);
  descriptor_ = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
  watch_ = where.watch_fd(descriptor_, [this] { receive(); });
}

signal_watch::~signal_watch() {
  watch_.reset();
  ::close(descriptor_);
}

void signal_watch::receive() {
  signalfd_siginfo info{};
  while (::read(descriptor_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    on_signal_(static_cast<int>(info.ssi_signo));
  }
}

}  // namespace gate
