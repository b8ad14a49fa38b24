#include "common/program/signals.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <gate/assert.hpp>

namespace gate {

namespace {

// One for each signal, until the process ends: a handler may still run on another thread when a watch ends.
struct caught_signal {
  std::atomic<int> counter{-1};   // an eventfd that counts the received signals
  std::atomic<bool> kept{false};  // the handler is installed
  struct sigaction before {};     // the action to restore
};

std::array<caught_signal, NSIG> caught;
std::mutex changes;
std::atomic<pid_t> owner{0};

caught_signal& of(int signal) {
  GATE_ASSERT(signal > 0 && signal < NSIG);
  return caught[static_cast<std::size_t>(signal)];
}

extern "C" void count_signal(int signal) {
  // A child of fork() has the handler for a moment. Signals that it receives in that time are not for its parent.
  if (::getpid() != owner.load(std::memory_order_relaxed)) return;
  const int saved = errno;
  const std::uint64_t one = 1;
  const int counter = caught[static_cast<std::size_t>(signal)].counter.load(std::memory_order_relaxed);
  [[maybe_unused]] const auto written = ::write(counter, &one, sizeof one);
  errno = saved;
}

void give_back(int signal) noexcept {
  caught_signal& c = of(signal);
  if (c.kept.exchange(false)) ::sigaction(signal, &c.before, nullptr);
}

// In the child: the child shares the counters with its parent, so it gets new ones. A loop that goes on in the child
// may still watch a counter: the descriptor stays open, and becomes a counter of the child's that nothing raises.
extern "C" void forget_in_child() {
  for (int signal = 1; signal < NSIG; ++signal) {
    give_back(signal);
    const int counter = of(signal).counter.exchange(-1);
    if (counter < 0) continue;
    const int fresh = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fresh >= 0 && ::dup3(fresh, counter, O_CLOEXEC) == counter) of(signal).counter = counter;
    if (fresh >= 0) ::close(fresh);
    if (of(signal).counter < 0) ::close(counter);
  }
  owner = 0;
}

// Whether the process that started this one asked to ignore the signal.
bool stays_ignored(int signal) noexcept {
  struct sigaction now {};
  return (signal == SIGHUP || signal == SIGINT) && ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

void keep(int signal) {
  caught_signal& c = of(signal);
  if (c.kept) return;
  if (c.counter < 0) {
    const int made = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (made < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    c.counter = made;
  }
  if (stays_ignored(signal)) return;
  struct sigaction action {};
  action.sa_handler = count_signal;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  c.kept = true;
  if (::sigaction(signal, &action, &c.before) != 0) {
    c.kept = false;
    throw std::system_error(errno, std::generic_category(), "sigaction");
  }
}

}  // namespace

void keep_signals(std::initializer_list<int> signals) {
  const std::lock_guard lock(changes);
  static const int registered = ::pthread_atfork(nullptr, nullptr, forget_in_child);
  if (registered != 0) throw std::system_error(registered, std::generic_category(), "pthread_atfork");
  owner = ::getpid();
  for (const int signal : signals) keep(signal);
}

signal_watch::signal_watch(loop& where, std::initializer_list<int> signals, unique_function<void(int)> on_signal)
    : on_signal_(std::move(on_signal)), signals_(signals) {
  keep_signals(signals);
  for (const int signal : signals) {
    watches_.push_back(where.watch_fd(of(signal).counter, [this, signal] { receive(signal); }));
  }
}

signal_watch::~signal_watch() {
  watches_.clear();
  const std::lock_guard lock(changes);
  for (const int signal : signals_) give_back(signal);
}

void signal_watch::receive(int signal) {
  std::uint64_t count = 0;
  if (::read(of(signal).counter, &count, sizeof count) != static_cast<ssize_t>(sizeof count)) return;
  for (; count > 0; --count) on_signal_(signal);
}

}  // namespace gate
