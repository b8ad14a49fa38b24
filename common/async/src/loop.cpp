#include <algorithm>
#include <optional>
#include <utility>

#include <gate/loop.hpp>

#include "common/async/src/timer_queue.hpp"
#include "common/async/zmq_poller.hpp"
#include "common/base/process_generation.hpp"

namespace gate {

void watch::reset() noexcept {
  if (item_ == nullptr) return;
  poller_->remove(*item_);
  item_.reset();
}

loop::loop()
    : own_clock_(std::make_unique<steady_clock_source>()),
      own_poller_(std::make_unique<detail::zmq_poller>(*own_clock_)),
      clock_(*own_clock_),
      poller_(*own_poller_),
      owner_(std::this_thread::get_id()),
      generation_(process_generation()),
      timers_(std::make_unique<detail::timer_queue>()) {}

loop::loop(clock_source& clock, poller& waits)
    : clock_(clock),
      poller_(waits),
      owner_(std::this_thread::get_id()),
      generation_(process_generation()),
      timers_(std::make_unique<detail::timer_queue>()) {}

loop::~loop() {
  GATE_ASSERT(!running_);
  // The objects that are destroyed here may post, cancel timers and forget coroutines: all members still exist.
  while (!detached_.empty()) {
    detail::runner::promise_type& root = detached_.pop_front();
    if (!root.started) forget(root.handle());
    detail::destroy_frame(root.handle());
  }
  taken_.clear();
  while (generation_ == process_generation()) {  // in a child of fork() the mutex may be locked for ever
    std::vector<unique_function<void()>> dropped;
    {
      const std::lock_guard lock(posted_mutex_);
      dropped.swap(posted_);
    }
    if (dropped.empty()) break;
  }
}

void loop::forget(std::coroutine_handle<> handle) noexcept {
  for (std::size_t i = batch_next_; i < batch_.size(); ++i) {
    if (batch_[i] == handle) batch_[i] = {};
  }
  std::replace(ready_.begin(), ready_.end(), handle, std::coroutine_handle<>());
}

void loop::post(unique_function<void()> call) {
  if (generation_.load(std::memory_order_relaxed) != process_generation()) return;
  bool wake = false;
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(call));
    wake = std::exchange(sleeping_, false);
    // Wakes under the lock: once it is released, the loop may run the call, end, and be destroyed.
    if (wake) poller_.wake();
  }
}

timer_key loop::at(instant when, unique_function<void()> call) {
  return timers_->add(std::max(when, now()), std::move(call));  // an overdue timer counts as due now
}
void loop::cancel_timer(timer_key key) noexcept { timers_->cancel(key); }
std::size_t loop::timers() const noexcept { return timers_->size(); }

turn_hook loop::at_turn_end(unique_function<void()> call) {
  auto node = std::make_unique<turn_hook::node>(std::move(call));
  hooks_.push_back(*node);
  return turn_hook(std::move(node));
}

// The wait that the event ended may have been long: this sets the loop's time before the callback runs.
unique_function<void()> loop::in_time(unique_function<void()> call) {
  return [this, call = std::move(call)]() mutable {
    if (std::exchange(waited_, false)) now_ = clock_.now();
    call();
  };
}

watch loop::watch_fd(int descriptor, unique_function<void()> call) {
  auto item = std::make_unique<poller::watched>();
  item->descriptor = descriptor;
  item->wanted = poller::interest::read;
  item->on_event = in_time(std::move(call));
  poller_.add(*item);
  return watch(poller_, std::move(item));
}

watch loop::watch_socket(void* socket, unique_function<void()> call) {
  auto item = std::make_unique<poller::watched>();
  item->socket = socket;
  item->on_event = in_time(std::move(call));
  poller_.add(*item);
  return watch(poller_, std::move(item));
}

void loop::launch(detail::runner root) {
  detail::runner::promise_type& promise = root.promise();
  promise.env = env{this, &promise.scope};
  if (detached_closed_) promise.scope.cancel();
  detached_.push_back(promise);
  ++detached_count_;
  ready(promise.handle());
}

void loop::detached_ended() noexcept {
  if (--detached_count_ == 0 && on_detached_end_) std::exchange(on_detached_end_, nullptr)();
}

void loop::close_detached() noexcept {
  detached_closed_ = true;
  // Cancelling only makes coroutines ready: the list stays as it is.
  for (detail::runner::promise_type& root : detached_) root.scope.cancel();
}

void loop::when_detached_end(unique_function<void()> call) {
  if (detached_count_ == 0) {
    call();
  } else {
    on_detached_end_ = std::move(call);
  }
}

void loop::run_until_done(std::coroutine_handle<> root) {
  // If an exception ends the run, the root may still be ready to run. It is about to be destroyed.
  class ending {
   public:
    ending(loop& l, std::coroutine_handle<> r) noexcept : loop_(l), root_(r) {}
    ending(const ending&) = delete;
    ending& operator=(const ending&) = delete;
    ~ending() {
      loop_.running_ = false;
      loop_.forget(root_);
    }

   private:
    loop& loop_;
    std::coroutine_handle<> root_;
  } const at_end(*this, root);

  owner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  generation_.store(process_generation(), std::memory_order_relaxed);
  running_ = true;
  for (;;) {
    now_ = clock_.now();
    take_posted();
    fire_timers();
    run_ready(root);
    run_hooks();
    if (root.done()) return;
    poll(batch_next_ < batch_.size() || !ready_.empty());
  }
}

void loop::take_posted() {
  if (taken_next_ == taken_.size()) {  // not equal if an exception left a call behind in an earlier run
    taken_.clear();
    taken_next_ = 0;
    const std::lock_guard lock(posted_mutex_);
    sleeping_ = false;
    taken_.swap(posted_);
  }
  while (taken_next_ < taken_.size()) {
    unique_function<void()> call = std::move(taken_[taken_next_++]);
    call();
  }
}

void loop::fire_timers() {
  const std::uint64_t last = timers_->last_sequence();  // timers that are made from now on wait for the next turn
  while (unique_function<void()> call = timers_->pop_due(now_, last)) call();
}

void loop::run_ready(std::coroutine_handle<> root) {
  const instant until = now_ + passes_time_max;
  for (int pass = 0; pass < passes_max; ++pass) {
    if (batch_next_ == batch_.size()) {
      batch_.clear();
      batch_next_ = 0;
      batch_.swap(ready_);
    }
    if (batch_.empty()) return;
    while (batch_next_ < batch_.size()) {
      if (const std::coroutine_handle<> next = batch_[batch_next_++]) detail::drive(next);
    }
    if (root.done() || ready_.empty() || clock_.now() >= until) return;
  }
}

void loop::run_hooks() {
  // Runs each hook once, even if hooks are added or removed meanwhile.
  intrusive_list<turn_hook::node, turn_hook> due;
  due.take_all(hooks_);
  try {
    while (!due.empty()) {
      turn_hook::node& hook = due.pop_front();
      hooks_.push_back(hook);
      hook.call();
    }
  } catch (...) {
    hooks_.take_all(due);
    throw;
  }
}

void loop::poll(bool only_look) {
  if (!only_look) {
    const std::lock_guard lock(posted_mutex_);
    sleeping_ = posted_.empty();
    only_look = !sleeping_;
  }
  waited_ = true;
  poller_.wait(only_look ? std::optional<instant>(instant::min()) : timers_->next());
}

namespace {

detail::runner run_detached(loop& where, task<void> work, unique_function<void(std::exception_ptr)> on_error) {
  const env here = co_await current_env();
  std::exception_ptr error;
  try {
    co_await std::move(work);
  } catch (const cancelled&) {
    if (!here.scope->requested()) error = std::current_exception();
  } catch (...) {
    error = std::current_exception();
  }
  // If on_error throws, run() throws that, as it does for any callback.
  try {
    if (error) on_error(error);
  } catch (...) {
    where.post([thrown = std::current_exception()] { std::rethrow_exception(thrown); });
  }
  where.detached_ended();
}

}  // namespace

void spawn_detached(loop& where, task<void> work, unique_function<void(std::exception_ptr)> on_error) {
  where.launch(run_detached(where, std::move(work), std::move(on_error)));
}

}  // namespace gate
