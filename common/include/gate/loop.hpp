#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <gate/clock.hpp>
#include <gate/intrusive_list.hpp>
#include <gate/poller.hpp>
#include <gate/runner.hpp>
#include <gate/scope.hpp>
#include <gate/task.hpp>
#include <gate/unique_function.hpp>

namespace gate {

namespace detail {
class timer_queue;
}

// Names a timer of a loop. Never reused; the default one names no timer.
struct timer_key {
  std::uint64_t sequence = 0;
  std::uint32_t place = 0;
  friend bool operator==(const timer_key&, const timer_key&) = default;
};

// A function that a loop calls at the end of each turn, for as long as this lives. See loop::at_turn_end.
class [[nodiscard]] turn_hook {
 public:
  turn_hook() noexcept = default;
  void reset() noexcept { node_.reset(); }
  explicit operator bool() const noexcept { return node_ != nullptr; }

 private:
  friend class loop;
  struct node : intrusive_node<turn_hook> {
    explicit node(unique_function<void()> f) : call(std::move(f)) {}
    unique_function<void()> call;
  };
  explicit turn_hook(std::unique_ptr<node> n) noexcept : node_(std::move(n)) {}
  std::unique_ptr<node> node_;
};

// Something that a loop watches, for as long as this lives. The loop must outlive it.
class [[nodiscard]] watch {
 public:
  watch() noexcept = default;
  watch(watch&& other) noexcept : poller_(std::exchange(other.poller_, nullptr)), item_(std::move(other.item_)) {}
  watch& operator=(watch&& other) noexcept {
    if (this != &other) {
      reset();
      poller_ = std::exchange(other.poller_, nullptr);
      item_ = std::move(other.item_);
    }
    return *this;
  }
  ~watch() { reset(); }

  // What to be told of from the next wait on. Cheap: no system call.
  void want(poller::interest wanted) noexcept {
    item_->wanted = wanted;
    item_->used = true;
  }
  // Of a socket: it is asked for its state before each wait, which takes two system calls, since anybody may have used
  // it. Once tells_use() was called, it is asked only after used(), which is then due with each use of the socket:
  // sending, receiving, options.
  void tells_use() noexcept { item_->tells_use = true; }
  void used() noexcept { item_->used = true; }
  void reset() noexcept;
  explicit operator bool() const noexcept { return item_ != nullptr; }

 private:
  friend class loop;
  watch(poller& p, std::unique_ptr<poller::watched> item) noexcept : poller_(&p), item_(std::move(item)) {}
  poller* poller_ = nullptr;
  std::unique_ptr<poller::watched> item_;
};

// Runs coroutines on one thread: ready work, timers, sockets and descriptors, and what other threads post.
//
// One thread owns a loop: the one that calls run(), or constructed it before the first run(). Only post() and
// in_loop_thread() may be called by others. A loop goes by turns: take what was posted, fire due timers, resume what is
// ready (pass after pass, within a bound), call the turn hooks, poll. Time stands still within a turn. A loop outlives
// its sockets, and the coroutines that wait on it; work spawned on it is destroyed with it.
class loop {
 public:
  // Real time and zmq_poll. Throws std::system_error when the process has no descriptor left.
  loop();
  // Injected time and waiting; both must outlive the loop.
  loop(clock_source& clock, poller& waits);
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;
  ~loop();

  // Runs the loop until `work` has ended; returns its result or throws its exception. May be called again, not from
  // within itself. An exception that leaves a callback (timer, hook, watch, post) leaves run() and drops `work`.
  template <class T> T run(task<T> work);

  // This turn's time.
  instant now() const noexcept { return running_ ? now_ : clock_.now(); }

  // Has `call` run by the loop's thread, in its next turn, in the order of posting. Thread-safe. What is posted when
  // the loop does not run waits for the next run(), or is destroyed with the loop. In a child of fork(), where nobody
  // runs its parent's loops, it is destroyed at once, until the child itself calls run().
  void post(unique_function<void()> call);
  bool in_loop_thread() const noexcept { return owner_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }

  // Resumes `handle` after all that is ready now. Whoever destroys a coroutine that is ready says forget() first.
  void ready(std::coroutine_handle<> handle) { ready_.push_back(handle); }
  void forget(std::coroutine_handle<> handle) noexcept;

  // Calls `call` once, in the first turn whose time is `when` or later. Timers fire in the order of (time, creation).
  timer_key at(instant when, unique_function<void()> call);
  // Does nothing when the timer has fired or was cancelled.
  void cancel_timer(timer_key key) noexcept;
  std::size_t timers() const noexcept;

  // Calls `call` at the end of each turn, when no ready work is left or its bound is reached, before polling: the place
  // to send what the turn has gathered. A hook may make work ready: the turn then goes on without waiting. Also called
  // when run() is about to return.
  turn_hook at_turn_end(unique_function<void()> call);

  // Calls `call` in each turn in which the descriptor is readable. Level-triggered: read, or let go of the watch. The
  // callback must not destroy its own watch.
  watch watch_fd(int descriptor, unique_function<void()> call);
  // The same for a ZeroMQ socket (its C handle) of this thread; nothing is watched until watch::want().
  watch watch_socket(void* socket, unique_function<void()> call);

  // Work that nobody awaits (see spawn_detached): how much there is; cancelling it all, present and future; and being
  // told, once, when none is left.
  std::size_t detached() const noexcept { return detached_count_; }
  void close_detached() noexcept;
  void when_detached_end(unique_function<void()> call);

  // For spawn_detached and its kin: starts a root coroutine that belongs to this loop.
  void launch(detail::runner root);
  // For the body of such a coroutine: its last act.
  void detached_ended() noexcept;

 private:
  // A turn gives ready work this much before it polls again, so that I/O waits little when work is always ready.
  static constexpr int passes_max = 64;
  static constexpr duration passes_time_max = std::chrono::microseconds(500);

  void run_until_done(std::coroutine_handle<> root);
  void take_posted();
  void fire_timers();
  void run_ready(std::coroutine_handle<> root);
  void run_hooks();
  void poll(bool only_look);
  unique_function<void()> in_time(unique_function<void()> call);

  std::unique_ptr<clock_source> own_clock_;
  std::unique_ptr<poller> own_poller_;
  clock_source& clock_;
  poller& poller_;
  instant now_{};
  bool running_ = false;
  bool waited_ = false;  // since now_ was read
  std::atomic<std::thread::id> owner_;
  std::atomic<unsigned> generation_;  // of the process that runs it

  std::vector<std::coroutine_handle<>> ready_;
  std::vector<std::coroutine_handle<>> batch_;  // the pass under way
  std::size_t batch_next_ = 0;
  std::unique_ptr<detail::timer_queue> timers_;
  intrusive_list<turn_hook::node, turn_hook> hooks_;

  std::mutex posted_mutex_;
  std::vector<unique_function<void()>> posted_;  // guarded by posted_mutex_
  bool sleeping_ = false;                        // guarded by posted_mutex_: a post must wake the poller
  std::vector<unique_function<void()>> taken_;
  std::size_t taken_next_ = 0;

  detail::runner::list detached_;
  std::size_t detached_count_ = 0;
  bool detached_closed_ = false;
  unique_function<void()> on_detached_end_;
};

// Runs `work` on `where` without anybody to await it; loop's thread only. `on_error` is required, so that no error is
// lost. It is called on the loop with what `work` threw, unless the loop cancelled it. What it throws leaves
// loop::run().
void spawn_detached(loop& where, task<void> work, unique_function<void(std::exception_ptr)> on_error);

template <class T> T loop::run(task<T> work) {
  GATE_ASSERT(work && !running_);
  cancel_scope scope;
  work.handle().promise().env = env{this, &scope};
  ready(work.handle());
  run_until_done(work.handle());
  return work.handle().promise().take();
}

}  // namespace gate
