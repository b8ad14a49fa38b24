#include "common/async/loop_home.hpp"

#include <chrono>
#include <exception>
#include <future>
#include <new>
#include <thread>
#include <utility>

#include <gate/event.hpp>
#include <gate/task.hpp>

#include "common/async/zmq_poller.hpp"

namespace gate::client {

struct loop_home::state {
  steady_clock_source clock;
  detail::zmq_poller waits{clock, detail::make_frugal_wait()};
  loop where{clock, waits};  // used by the new thread alone once constructed
  async_event stop;

  static task<void> run(state& self) { co_await self.stop.wait(); }
};

namespace {

constexpr auto rest = std::chrono::milliseconds(1);

}  // namespace

// Returns false if a callback found no memory. Coroutines that wait for that callback end by their own timeouts, and
// the thread goes on: only the user may end the process.
bool loop_home::run_to_end(state& self) {
  try {
    self.where.run(state::run(self));
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

loop_home::loop_home() {
  std::promise<std::shared_ptr<state>> made;
  std::future<std::shared_ptr<state>> ready = made.get_future();
  thread_ = std::thread([made = std::move(made)]() mutable {
    std::shared_ptr<state> self;
    try {
      self = std::make_shared<state>();
    } catch (...) {
      made.set_exception(std::current_exception());
      return;
    }
    made.set_value(self);
    while (!run_to_end(*self)) std::this_thread::sleep_for(rest);
  });
  try {
    state_ = ready.get();
  } catch (...) {
    thread_.join();
    throw;
  }
}

loop_home::~loop_home() {
  loop& there = state_->where;
  there.post([&stop = state_->stop] { stop.set(); });
  if (there.in_loop_thread()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

loop& loop_home::where() noexcept { return state_->where; }

}  // namespace gate::client
