#include <chrono>
#include <exception>
#include <future>
#include <new>
#include <utility>

#include <gate/cross_loop.hpp>

#include "common/async/zmq_poller.hpp"

namespace gate {

// Shared with the thread, which may outlive the loop_thread.
struct loop_thread::state {
  steady_clock_source clock;
  detail::zmq_poller waits{clock, detail::make_frugal_wait()};
  loop where{clock, waits};  // belongs to the thread, since the thread constructs it
  async_event stop;
  async_event idle;

  static task<void> serve(state& self) {
    co_await self.stop.wait();
    self.where.close_detached();
    self.where.when_detached_end([&self] { self.idle.set(); });
    co_await self.idle.wait();
  }

  // False if a callback had no memory.
  static bool run_to_end(state& self) {
    try {
      self.where.run(serve(self));
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }
};

loop_thread::loop_thread() {
  std::promise<std::shared_ptr<state>> made;
  std::future<std::shared_ptr<state>> ready = made.get_future();
  thread_ = std::thread([made = std::move(made)]() mutable {
    constexpr auto rest = std::chrono::milliseconds(1);
    std::shared_ptr<state> self;
    try {
      self = std::make_shared<state>();
    } catch (...) {
      made.set_exception(std::current_exception());
      return;
    }
    made.set_value(self);
    while (!state::run_to_end(*self)) std::this_thread::sleep_for(rest);
  });
  try {
    state_ = ready.get();
  } catch (...) {
    thread_.join();
    throw;
  }
}

loop_thread::~loop_thread() {
  loop& there = state_->where;
  there.post([&stop = state_->stop] { stop.set(); });
  if (there.in_loop_thread()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

loop& loop_thread::get() noexcept { return state_->where; }

}  // namespace gate
