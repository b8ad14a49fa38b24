// Calls from programs that are not coroutines, or that have an event loop of their own (docs/guide.md).
// Exit status 0 if each does what the guide says.
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <gate/client.hpp>
#include <gate/event.hpp>
#include <gate/sleep.hpp>

#include "examples/guide/call_back.hpp"
#include "examples/guide/in_process.hpp"

using namespace std::chrono_literals;

namespace {

class Echo : public gate::Worker {
 public:
  GATE_INTERFACE_ON(gate::run_on::loop, twice)
  GATE_INTERFACE(slowly)

  int twice(int number) {
    if (number < 0) throw std::invalid_argument("a number below 0");
    return 2 * number;
  }
  gate::task<int> slowly(int number) {
    co_await gate::sleep_for(10ms);
    co_return 2 * number;
  }
};

constexpr const char* address = "inproc://echo";

// [blocking]
void wait_for_result() {
  gate::Client client(address);  // has a loop and a thread of its own
  const int four = client["echo"]["twice"](2).within(5s).get<int>();
  check(four == 4, "get() waits for the result");

  std::vector<std::future<int>> many;
  for (int i = 0; i < 10; ++i) many.push_back(client["echo"]["slowly"](i).within(5s).future<int>());
  int sum = 0;
  for (auto& one : many) sum += one.get();  // in any order: all ten run at once
  check(sum == 90, "0 + 2 + 4 + ... + 18");
}
// [/blocking]

// [inbox]
// Functions that other threads pass to the thread of an event loop. The loop waits until the descriptor is readable.
class inbox {
 public:
  inbox() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  inbox(const inbox&) = delete;
  inbox& operator=(const inbox&) = delete;
  ~inbox() { ::close(descriptor_); }
  int descriptor() const { return descriptor_; }

  // Any thread.
  void post(std::function<void()> call) {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
    static_cast<void>(::eventfd_write(descriptor_, 1));
  }
  // The loop's thread, when the descriptor is readable.
  void run() {
    eventfd_t number = 0;
    static_cast<void>(::eventfd_read(descriptor_, &number));
    std::vector<std::function<void()>> calls;
    {
      const std::lock_guard lock(mutex_);
      calls.swap(calls_);
    }
    for (const auto& call : calls) call();
  }

 private:
  int descriptor_;
  std::mutex mutex_;
  std::vector<std::function<void()>> calls_;  // guarded by mutex_
};
// [/inbox]

int new_epoll() {
  const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return descriptor;
}
void add_to_epoll(int epoll, int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}
// A descriptor of the program's own that becomes readable every 2 ms.
int new_ticker() {
  const int descriptor = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  itimerspec each{};
  each.it_interval.tv_nsec = each.it_value.tv_nsec = 2'000'000;
  if (descriptor < 0 || ::timerfd_settime(descriptor, 0, &each, nullptr) != 0) {
    throw std::system_error(errno, std::generic_category(), "timerfd");
  }
  return descriptor;
}
void read_tick(int ticker) {
  std::uint64_t times = 0;
  check(::read(ticker, &times, sizeof times) == sizeof times, "the ticker is readable");
}

// [epoll]
// A program around epoll_wait(). The client has its own thread; the inbox brings results to the program's thread.
void epoll_program() {
  const int epoll = new_epoll();
  const int ticker = new_ticker();  // stands for the program's own sockets
  inbox from_client;
  add_to_epoll(epoll, ticker);
  add_to_epoll(epoll, from_client.descriptor());

  int ticks = 0, answers = 0;
  const std::thread::id here = std::this_thread::get_id();
  const auto on_answer = [&](const outcome<int>& what) {  // runs in this thread: no variable needs a lock
    check(std::this_thread::get_id() == here, "it is the program's own thread");
    if (what.result) check(*what.result == 2, "twice 1");
    if (what.error) check(what.error->remote_type() == "std::invalid_argument", "a number below 0");
    ++answers;
  };
  const auto on_client_thread = [&](const outcome<int>& what) { from_client.post([&, what] { on_answer(what); }); };

  gate::Client client(address);  // destroyed before the inbox: no callback comes after that
  call_back<int>(client, client["echo"]["slowly"](1).within(5s), on_client_thread);
  call_back<int>(client, client["echo"]["twice"](-1).within(5s), on_client_thread);
  while (answers < 2 || ticks < 3) {
    epoll_event event{};
    if (::epoll_wait(epoll, &event, 1, 5000) < 1) throw std::runtime_error("nothing happened");
    if (event.data.fd == ticker) {
      read_tick(ticker);
      ++ticks;
    } else {
      from_client.run();
    }
  }
  client.close();
  ::close(ticker);
  ::close(epoll);
}
// [/epoll]

// [epoll_inside]
// The same in one thread: a gate::loop runs, and watches the program's epoll descriptor.
gate::task<void> ask(gate::Client client, const int& ticks) {
  const int result = co_await client["echo"]["slowly"](1).within(5s).as<int>();
  check(result == 2, "the call is answered");
  while (ticks < 3) co_await gate::sleep_for(1ms);
}

void one_thread() {
  const int epoll = new_epoll();
  const int ticker = new_ticker();
  add_to_epoll(epoll, ticker);

  int ticks = 0;
  gate::loop loop;
  const auto on_events = [&] {  // an epoll descriptor is readable when one of its descriptors is
    epoll_event events[16];
    const int number = ::epoll_wait(epoll, events, 16, 0);
    for (int i = 0; i < number; ++i) {
      read_tick(events[i].data.fd);
      ++ticks;
    }
  };
  const gate::watch watching = loop.watch_fd(epoll, on_events);
  gate::Client client(loop, address);
  loop.run(ask(client, ticks));
  ::close(ticker);
  ::close(epoll);
}
// [/epoll_inside]

// [post]
// From another thread to the program's loop: any thread may call post(), and beside it only in_loop_thread().
gate::task<int> wait_for_thread(gate::loop& loop) {
  gate::async_event done;
  int number = 0;
  std::thread other([&] {
    int computed = 6;
    computed *= 7;
    loop.post([&, computed] {  // runs in the loop's thread
      number = computed;
      done.set();
    });
  });
  co_await done.wait();
  other.join();
  co_return number;
}
// [/post]

void post_from_thread() {
  gate::loop loop;
  const int number = loop.run(wait_for_thread(loop));
  check(number == 42, "the other thread's number has arrived");
}

void all() {
  wait_for_result();
  epoll_program();
  one_thread();
  post_from_thread();
  std::cout << "each kind of program did what the guide says\n";
}

}  // namespace

int main() {
  Echo worker;
  return run_program_beside(worker, address, all);
}
