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

// The name of a timer of a loop. Never used again. The default value names no timer.
struct timer_key {
  std::uint64_t sequence = 0;
  std::uint32_t place = 0;
  friend bool operator==(const timer_key&, const timer_key&) = default;
};

// Keeps a function that a loop calls at the end of each turn. Destroy it, or call reset(), to end the calls. See
// loop::at_turn_end.
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

// Keeps a descriptor or socket that a loop watches. Destroy it, or call reset(), to end the watch. The loop must
// outlive it. Loop's thread only.
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

  // Sets what the loop waits for, from its next wait on. Makes no system call.
  void want(poller::interest wanted) noexcept {
    item_->wanted = wanted;
    item_->used = true;
  }
  // For a socket, to save system calls. By default the loop asks the socket for its state before each wait, with two
  // system calls. After tells_use() it asks only after used(). Then call used() whenever you send, receive, or set or
  // read an option.
  void tells_use() noexcept { item_->tells_use = true; }
  void used() noexcept { item_->used = true; }
  // You have asked for the socket's state (ZMQ_EVENTS), or have found no message to receive while nothing else is
  // wanted: the loop need not ask until you use the socket again.
  void asked() noexcept { item_->used = false; }
  void reset() noexcept;
  explicit operator bool() const noexcept { return item_ != nullptr; }

 private:
  friend class loop;
  watch(poller& p, std::unique_ptr<poller::watched> item) noexcept : poller_(&p), item_(std::move(item)) {}
  poller* poller_ = nullptr;
  std::unique_ptr<poller::watched> item_;
};

// Runs coroutines on one thread, with timers, sockets, descriptors, and functions that other threads post.
//
// Threads: a loop belongs to the thread that calls run(); before the first run(), to the thread that constructed it.
// Other threads may call only post() and in_loop_thread().
//
// Turns: a loop repeats these steps. It takes what was posted, fires due timers, resumes ready coroutines (within a
// bound), calls the turn hooks, and polls. now() does not change within a turn.
//
// Lifetime: a loop must outlive its sockets and the coroutines that wait on it. Spawned work is destroyed with it.
class loop {
 public:
  // Uses the steady clock and zmq_poll. Throws std::system_error if the process has no descriptor left.
  loop();
  // Uses a clock and a poller of yours, for tests. Both must outlive the loop.
  loop(clock_source& clock, poller& waits);
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;
  ~loop();

  // Runs the loop until `work` has ended. Returns its result or throws its exception. You may call it again, but not
  // from within itself. If a callback throws (timer, hook, watch, post), run() destroys `work` and throws that
  // exception.
  template <class T> T run(task<T> work);
  template <becomes_task W> typename W::value_type run(W work) {
    return run(task<typename W::value_type>(std::move(work)));
  }

  // The time of this turn.
  instant now() const noexcept { return running_ ? now_ : clock_.now(); }

  // Calls `call` on the loop's thread, in its next turn. Calls keep the order of posting. Thread-safe. If the loop does
  // not run, the call waits for the next run(), or is destroyed with the loop. In a child of fork() a loop of the
  // parent destroys the call at once, until the child calls run() on that loop.
  void post(unique_function<void()> call);
  bool in_loop_thread() const noexcept { return owner_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }

  // Resumes `handle` after all coroutines that are ready now. Before you destroy a coroutine that is ready, call
  // forget().
  void ready(std::coroutine_handle<> handle) { ready_.push_back(handle); }
  void forget(std::coroutine_handle<> handle) noexcept;

  // Calls `call` once, in the first turn whose time is `when` or later. Timers fire in the order of their times; timers
  // of the same time fire in the order in which they were made.
  timer_key at(instant when, unique_function<void()> call);
  // Does nothing if the timer has fired or was cancelled.
  void cancel_timer(timer_key key) noexcept;
  // The number of timers that have not fired.
  std::size_t timers() const noexcept;

  // Calls `call` at the end of each turn, before polling, and when run() is about to return. Send here what the turn
  // has collected. If the hook makes coroutines ready, the loop runs them without waiting.
  turn_hook at_turn_end(unique_function<void()> call);

  // Calls `call` in each turn in which the descriptor is readable, again in each turn until you have read. The callback
  // must not destroy its own watch.
  watch watch_fd(int descriptor, unique_function<void()> call);
  // The same for a ZeroMQ socket of this thread. `socket` is its C handle. Call watch::want() to begin.
  watch watch_socket(void* socket, unique_function<void()> call);

  // Detached work is work that nobody awaits: see spawn_detached().
  // How much of it has not ended.
  std::size_t detached() const noexcept { return detached_count_; }
  // Cancels all of it, also work that is spawned later.
  void close_detached() noexcept;
  // Calls `call` once, when none is left; at once if there is none.
  void when_detached_end(unique_function<void()> call);

  // For spawn_detached() and similar functions: starts a root coroutine that belongs to this loop.
  void launch(detail::runner root);
  // The body of such a coroutine calls it at its end.
  void detached_ended() noexcept;

 private:
  // The bound of a turn: so much ready work runs before the loop polls again, even if more is ready.
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

// Runs `work` on `where` although nobody awaits it. Call it on the loop's thread. If `work` throws, the loop calls
// `on_error` with the exception, except for `cancelled` after close_detached(). An exception of `on_error` leaves
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
