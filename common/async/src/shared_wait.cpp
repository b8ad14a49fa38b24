// The wait that many loops share: see descriptor_wait.hpp.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include <pthread.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/async/descriptor_wait.hpp"
#include "common/base/process_generation.hpp"

namespace gate::detail {

namespace {

// The pause between two looks of a loop for which the shared thread cannot wait: the kernel has no room, for example.
constexpr auto slice = std::chrono::milliseconds(5);

class shared_wait;

// One thread that waits for the descriptors of all members. It lives as long as the process.
class crowd {
 public:
  // In a child of fork() the parent's threads do not exist: the child gets a crowd of its own. There is no lock here: a
  // child might find it locked for ever.
  static crowd& here() {
    static std::atomic<crowd*> current{nullptr};  // never destroyed: its thread uses it to the end
    crowd* known = current.load(std::memory_order_acquire);
    while (known == nullptr || known->made_.gone()) {
      auto fresh = std::unique_ptr<crowd>(new crowd);
      if (current.compare_exchange_strong(known, fresh.get(), std::memory_order_acq_rel)) return *fresh.release();
    }
    return *known;
  }

  std::uint64_t enter(shared_wait& member) {
    const std::lock_guard lock(mutex_);
    members_.emplace(++last_, &member);
    return last_;
  }
  void leave(std::uint64_t who) noexcept {
    const std::lock_guard lock(mutex_);
    members_.erase(who);
  }
  // Rings for `who` once the descriptor is ready. Returns false if it cannot do so.
  bool arm(std::uint64_t who, const pollfd& one) noexcept;

 private:
  crowd() = default;
  bool start() noexcept;
  void run() noexcept;

  const made_in_process made_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, shared_wait*> members_;
  std::uint64_t last_ = 0;
  int epoll_ = -1;
};

class shared_wait final : public descriptor_wait {
 public:
  shared_wait() : crowd_(crowd::here()), who_(crowd_.enter(*this)) {}
  // In a child of fork(), threads that do not exist there may hold the mutex or wait for the condition.
  ~shared_wait() override {
    if (made_.gone()) {
      static_cast<void>(bell_.release());
    } else {
      crowd_.leave(who_);
    }
  }

  bool wait(std::vector<pollfd>& of, int timeout) noexcept override {
    if (!look(of) && timeout != 0) {
      sleep(of, timeout);
      look(of);
    }
    const std::lock_guard lock(bell_->mutex);
    return std::exchange(woken_, false);
  }

  void wake() noexcept override { tell(woken_); }
  void ring() noexcept { tell(rung_); }

 private:
  static bool look(std::vector<pollfd>& of) noexcept {
    if (of.empty()) return false;
    const int found = ::poll(of.data(), of.size(), 0);
    if (found >= 0) return found > 0;
    if (errno == EINTR) {
      for (pollfd& one : of) one.revents = 0;
    } else {
      rest_instead(of);
    }
    return true;
  }

  void tell(bool& what) noexcept {
    const std::lock_guard lock(bell_->mutex);  // held to the end: the waiting thread may destroy this after it
    what = true;
    bell_->told.notify_one();
  }

  void sleep(std::vector<pollfd>& of, int timeout) noexcept;

  struct bell {
    std::mutex mutex;
    std::condition_variable told;
  };

  const made_in_process made_;
  crowd& crowd_;
  std::unique_ptr<bell> bell_ = std::make_unique<bell>();
  bool woken_ = false, rung_ = false;  // guarded by bell_->mutex
  const std::uint64_t who_;
};

// --- the crowd

bool crowd::start() noexcept {
  if (epoll_ >= 0) return true;
  const int fresh = ::epoll_create1(EPOLL_CLOEXEC);
  if (fresh < 0) return false;
  epoll_ = fresh;
  // The new thread takes no signals: they are for the threads of the program.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread([this] { run(); }).detach();
  } catch (...) {
    ::close(std::exchange(epoll_, -1));
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return epoll_ >= 0;
}

bool crowd::arm(std::uint64_t who, const pollfd& one) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (!start()) return false;
  }
  epoll_event wanted{};
  wanted.events =
      EPOLLONESHOT | ((one.events & POLLIN) != 0 ? EPOLLIN : 0u) | ((one.events & POLLOUT) != 0 ? EPOLLOUT : 0u);
  wanted.data.u64 = who;
  if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, one.fd, &wanted) == 0) return true;
  return errno == ENOENT && ::epoll_ctl(epoll_, EPOLL_CTL_ADD, one.fd, &wanted) == 0;
}

void crowd::run() noexcept {
  epoll_event events[64];
  for (;;) {
    const int found = ::epoll_wait(epoll_, events, 64, -1);
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < found; ++i) {
      const auto member = members_.find(events[i].data.u64);
      if (member != members_.end()) member->second->ring();
    }
  }
}

// --- a member

void shared_wait::sleep(std::vector<pollfd>& of, int timeout) noexcept {
  {
    const std::lock_guard lock(bell_->mutex);
    rung_ = false;
  }
  bool promised = true;
  for (pollfd one : of) {
    // A descriptor has one entry in the crowd's epoll set, with all events that are wanted from it.
    for (const pollfd& other : of) {
      if (other.fd == one.fd) one.events = static_cast<short>(one.events | other.events);
    }
    promised = crowd_.arm(who_, one) && promised;
  }
  const auto told = [this] { return woken_ || rung_; };
  std::unique_lock lock(bell_->mutex);
  if (!promised) {
    const auto longest =
        timeout < 0 ? slice : std::min<std::chrono::milliseconds>(slice, std::chrono::milliseconds(timeout));
    bell_->told.wait_for(lock, longest, told);
  } else if (timeout < 0) {
    bell_->told.wait(lock, told);
  } else {
    bell_->told.wait_for(lock, std::chrono::milliseconds(timeout), told);
  }
}

}  // namespace

std::unique_ptr<descriptor_wait> make_shared_wait() { return std::make_unique<shared_wait>(); }

}  // namespace gate::detail
