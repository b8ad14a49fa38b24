#include "common/async/descriptor_wait.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <system_error>
#include <thread>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace gate::detail {

namespace {

// How many of the loops that make_frugal_wait() serves have a descriptor of their own.
constexpr int own_waits_max = 2;

constexpr auto rest = std::chrono::milliseconds(2);

class own_wait final : public descriptor_wait {
 public:
  own_wait() : wake_descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (wake_descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  ~own_wait() override { ::close(wake_descriptor_); }

  bool wait(std::vector<pollfd>& of, int timeout) noexcept override {
    of.push_back({wake_descriptor_, POLLIN, 0});
    const int found = ::poll(of.data(), of.size(), timeout);
    if (found < 0 && errno != EINTR) {
      rest_instead(of);
    } else if (found < 0) {
      for (pollfd& one : of) one.revents = 0;
    }
    const bool woken = of.back().revents != 0;
    of.pop_back();
    if (woken) take_wake();
    return woken;
  }

  void wake() noexcept override {
    const std::uint64_t one = 1;
    // write() fails only if the counter is full, and then the loop wakes anyway.
    [[maybe_unused]] const auto written = ::write(wake_descriptor_, &one, sizeof one);
  }

 private:
  void take_wake() noexcept {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(wake_descriptor_, &count, sizeof count);
  }
  int wake_descriptor_;
};

class counted_own_wait final : public descriptor_wait {
 public:
  // Returns null if there are enough of them.
  static std::unique_ptr<descriptor_wait> make() {
    if (count.fetch_add(1) < own_waits_max) {
      try {
        return std::unique_ptr<descriptor_wait>(new counted_own_wait);
      } catch (const std::system_error&) {  // no descriptor is left: share instead
      }
    }
    --count;
    return nullptr;
  }
  ~counted_own_wait() override { --count; }

  bool wait(std::vector<pollfd>& of, int timeout) noexcept override { return own_.wait(of, timeout); }
  void wake() noexcept override { own_.wake(); }

 private:
  counted_own_wait() = default;
  static inline std::atomic<int> count{0};
  own_wait own_;
};

}  // namespace

void rest_instead(std::vector<pollfd>& of) noexcept {
  std::this_thread::sleep_for(rest);
  for (pollfd& one : of) {
    if (::poll(&one, 1, 0) < 0) one.revents = one.events;
  }
}

std::unique_ptr<descriptor_wait> make_own_wait() { return std::make_unique<own_wait>(); }

std::unique_ptr<descriptor_wait> make_frugal_wait() {
  std::unique_ptr<descriptor_wait> made = counted_own_wait::make();
  return made ? std::move(made) : make_shared_wait();
}

}  // namespace gate::detail
