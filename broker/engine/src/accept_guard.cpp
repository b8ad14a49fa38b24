#include "broker/engine/accept_guard.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/transport/libzmq_code.hpp"

namespace gate::broker {
namespace {

constexpr auto rest_time = std::chrono::milliseconds(1);

// For libzmq the call of the kernel: ThreadSanitizer does not see how libzmq orders its threads, and would take what
// they do with a descriptor for races.
int kernel_accept(int listener, sockaddr* address, socklen_t* size, int flags) noexcept {
  return static_cast<int>(::syscall(SYS_accept4, listener, address, size, flags));
}

using accept_function = int (*)(int, sockaddr*, socklen_t*, int);

accept_function accept_of_the_system() noexcept {
  static const auto found = reinterpret_cast<accept_function>(::dlsym(RTLD_NEXT, "accept4"));
  return found;
}

bool is_want(int error) noexcept { return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS; }

class reserve {
 public:
  static reserve& here() {
    static reserve* const only = new reserve;  // never destroyed: the transport's threads may outlive any order
    return *only;
  }

  void watch(int listener) {
    const std::lock_guard lock(mutex_);
    listeners_.push_back(listener);
    refill();
  }
  void forget(int listener) noexcept {
    const std::lock_guard lock(mutex_);
    const auto found = std::find(listeners_.begin(), listeners_.end(), listener);
    if (found != listeners_.end()) listeners_.erase(found);
    if (listeners_.empty() && spare_ >= 0) ::close(std::exchange(spare_, -1));
  }

  // Closes the next connection of that listener, or waits if it cannot. False if the listener is not watched.
  bool turn_away(int listener) noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (std::find(listeners_.begin(), listeners_.end(), listener) == listeners_.end()) return false;
      refill();
      if (spare_ >= 0) ::close(std::exchange(spare_, -1));
      const int taken = kernel_accept(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      const bool none_waits = taken < 0 && !is_want(errno);
      if (taken >= 0) ::close(taken);
      refill();
      if (taken >= 0 || none_waits) return true;
    }
    std::this_thread::sleep_for(rest_time);
    return true;
  }

 private:
  void refill() noexcept {
    if (spare_ < 0) spare_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  std::mutex mutex_;
  std::vector<int> listeners_;
  int spare_ = -1;
};

}  // namespace

accept_guard::accept_guard(int listener) : listener_(listener) { reserve::here().watch(listener); }
accept_guard::~accept_guard() { reserve::here().forget(listener_); }

namespace {

int accept_or_turn_away(const void* caller, int listener, sockaddr* address, socklen_t* size, int flags) {
  const int taken = peer::is_code_of_libzmq(caller) ? kernel_accept(listener, address, size, flags)
                                                    : accept_of_the_system()(listener, address, size, flags);
  if (taken >= 0 || !is_want(errno)) return taken;
  const int error = errno;
  errno = reserve::here().turn_away(listener) ? ECONNABORTED : error;
  return -1;
}

}  // namespace

}  // namespace gate::broker

extern "C" __attribute__((visibility("default"))) int accept4(int listener, sockaddr* address, socklen_t* size,
                                                              int flags) {
  return gate::broker::accept_or_turn_away(__builtin_return_address(0), listener, address, size, flags);
}
