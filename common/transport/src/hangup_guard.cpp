#include "common/transport/src/hangup_guard.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <dlfcn.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/transport/libzmq_code.hpp"

namespace gate::peer {
namespace {

// Calls of libzmq go to the kernel directly. ThreadSanitizer does not see how libzmq orders its threads, and would
// report races on descriptors. Calls of other code go to the C library's function, which tools such as ThreadSanitizer
// replace.
int kernel_control(int epoll, int what, int descriptor, epoll_event* wanted) noexcept {
  return static_cast<int>(::syscall(SYS_epoll_ctl, epoll, what, descriptor, wanted));
}

int kernel_wait(int epoll, epoll_event* events, int count_max, int timeout) noexcept {
  return static_cast<int>(::syscall(SYS_epoll_pwait, epoll, events, count_max, timeout, nullptr, std::size_t{0}));
}

using control_function = int (*)(int, int, int, epoll_event*);
using wait_function = int (*)(int, epoll_event*, int, int);

control_function control_of_the_system() noexcept {
  static const auto found = reinterpret_cast<control_function>(::dlsym(RTLD_NEXT, "epoll_ctl"));
  return found;
}

wait_function wait_of_the_system() noexcept {
  static const auto found = reinterpret_cast<wait_function>(::dlsym(RTLD_NEXT, "epoll_wait"));
  return found;
}

// The descriptors from which libzmq reads, or did read before it paused: connections, and those that wake its threads.
// A connection that is still being made is not among them. There a hang-up means that it failed.
class readers {
 public:
  bool has(int descriptor) const noexcept {
    return is_known(descriptor) && (word_of(descriptor).load(std::memory_order_relaxed) & bit_of(descriptor)) != 0;
  }
  void add(int descriptor) noexcept {
    if (is_known(descriptor)) word_of(descriptor).fetch_or(bit_of(descriptor), std::memory_order_relaxed);
  }
  void remove(int descriptor) noexcept {
    if (has(descriptor)) word_of(descriptor).fetch_and(~bit_of(descriptor), std::memory_order_relaxed);
  }

 private:
  using word = std::atomic<std::uint64_t>;
  // The usual limit of the system. Descriptors above it are not guarded.
  static constexpr int descriptors_max = 1 << 20;

  static bool is_known(int descriptor) noexcept { return descriptor >= 0 && descriptor < descriptors_max; }
  static std::uint64_t bit_of(int descriptor) noexcept { return std::uint64_t{1} << (descriptor % 64); }
  const word& word_of(int descriptor) const noexcept { return words_[static_cast<std::size_t>(descriptor / 64)]; }
  word& word_of(int descriptor) noexcept { return words_[static_cast<std::size_t>(descriptor / 64)]; }

  word words_[descriptors_max / 64]{};
};

constinit readers reading;

// A connection from which libzmq has paused reading.
struct paused {
  int descriptor;
  std::uint64_t mark;    // the name of the descriptor in epoll's events
  std::uint32_t wanted;  // the events that libzmq wants
  bool is_mute;          // its hang-up is not reported any more
};

// Each thread of libzmq has its own epoll, and only that thread changes it.
thread_local std::vector<paused> paused_here;
constinit thread_local std::size_t paused_count = 0;

paused* find_paused(std::uint64_t mark) noexcept {
  const auto found = std::find_if(paused_here.begin(), paused_here.end(), [&](auto& p) { return p.mark == mark; });
  return found == paused_here.end() ? nullptr : &*found;
}

void goes_on(int descriptor) noexcept {
  if (paused_count == 0) return;
  std::erase_if(paused_here, [&](const paused& p) { return p.descriptor == descriptor; });
  paused_count = paused_here.size();
}

void pauses(int descriptor, const epoll_event& wanted) noexcept {
  goes_on(descriptor);
  try {
    paused_here.push_back({descriptor, wanted.data.u64, wanted.events, false});
  } catch (...) {  // out of memory: this connection is not guarded
  }
  paused_count = paused_here.size();
}

void take_note(int what, int descriptor, const epoll_event* wanted) noexcept {
  if (what != EPOLL_CTL_MOD || wanted == nullptr) {
    reading.remove(descriptor);
    return goes_on(descriptor);
  }
  if ((wanted->events & EPOLLIN) == 0) {
    if (reading.has(descriptor)) pauses(descriptor, *wanted);
    return;
  }
  if (!reading.has(descriptor)) reading.add(descriptor);
  goes_on(descriptor);
}

// With EPOLLONESHOT the system reports the hang-up once more. Then it is silent until the events are set again.
void mute(int epoll, paused& p) noexcept {
  if (p.is_mute) return;
  p.is_mute = true;
  epoll_event once{};
  once.events = p.wanted | EPOLLONESHOT;
  once.data.u64 = p.mark;
  kernel_control(epoll, EPOLL_CTL_MOD, p.descriptor, &once);
}

void hide_hangup(int epoll, epoll_event& event) noexcept {
  constexpr std::uint32_t hangup = EPOLLERR | EPOLLHUP;
  if ((event.events & hangup) == 0) return;
  if ((event.events & EPOLLIN) == 0) {
    paused* const p = find_paused(event.data.u64);
    if (p == nullptr) return;
    mute(epoll, *p);
  }
  event.events &= ~hangup;
}

}  // namespace

bool guard_hangups() noexcept { return is_libzmq_loaded(); }

namespace {

int control(const void* caller, int epoll, int what, int descriptor, epoll_event* wanted) noexcept {
  if (!is_code_of_libzmq(caller)) return control_of_the_system()(epoll, what, descriptor, wanted);
  take_note(what, descriptor, wanted);
  return kernel_control(epoll, what, descriptor, wanted);
}

int wait(const void* caller, int epoll, epoll_event* events, int count_max, int timeout) {
  if (!is_code_of_libzmq(caller)) return wait_of_the_system()(epoll, events, count_max, timeout);
  const int count = kernel_wait(epoll, events, count_max, timeout);
  const int saved = errno;
  for (int i = 0; i < count; ++i) hide_hangup(epoll, events[i]);
  errno = saved;
  return count;
}

}  // namespace

}  // namespace gate::peer

extern "C" __attribute__((visibility("default"))) int epoll_ctl(int epoll, int what, int descriptor,
                                                                epoll_event* wanted) noexcept {
  return gate::peer::control(__builtin_return_address(0), epoll, what, descriptor, wanted);
}

extern "C" __attribute__((visibility("default"))) int epoll_wait(int epoll, epoll_event* events, int count_max,
                                                                 int timeout) {
  return gate::peer::wait(__builtin_return_address(0), epoll, events, count_max, timeout);
}
