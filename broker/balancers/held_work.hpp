// Counts the calls that one worker holds, and decides how many more it may be given. docs/scheduling.md, section 2.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <gate/clock.hpp>
#include <gate/limits.hpp>

namespace gate::broker {

// How a call uses its worker.
enum class call_way : std::uint8_t {
  capacity,  // takes a slot only: a coroutine, or any method of a worker that did not tell its threads
  thread,    // takes a slot, and a thread of the worker's pool until the call has ended
  slices,    // takes a slot, and a thread now and then: a stream, or a huge payload under way
};

class held_work {
 public:
  held_work() noexcept = default;
  held_work(std::uint32_t capacity, std::uint32_t threads) noexcept
      : capacity_(capacity), threads_(std::min(capacity, threads)) {}

  void given(call_way way, instant now) noexcept {
    ++held_;
    if (way == call_way::capacity) return;
    ++in_pool_;
    if (way == call_way::thread && ++on_threads_ <= threads_) progress_at_ = now;
  }
  void ended(call_way way, instant now) noexcept {
    left(way);
    if (way == call_way::thread) thread_came_free(now);
  }
  // The worker handed the call back, which never had a thread.
  void returned(call_way way) noexcept { left(way); }
  // A call of call_way::thread is one of call_way::slices from now on.
  void sliced(instant now) noexcept {
    --on_threads_;
    thread_came_free(now);
  }

  // Makes room for a mean of each method whose number is below `numbers_end`.
  void time_methods(std::uint32_t numbers_end) { means_ns_.resize(numbers_end); }
  // Takes note of how long a method ran, as the worker says. Zero: it did not begin.
  void ran(std::uint32_t method, std::chrono::microseconds time) noexcept {
    if (time.count() <= 0) return;
    const std::int64_t sample = std::min<std::int64_t>(time.count(), sample_us_max) * 1000;
    if (method < means_ns_.size()) follow(means_ns_[method], sample);
    if (!follow(mean_ns_, sample)) return;
    const std::int64_t ahead = threads_ * std::int64_t{work_ahead_ns} / std::max<std::int64_t>(mean_ns_, 1);
    ahead_ = static_cast<std::uint32_t>(std::min<std::int64_t>(ahead, capacity_));
  }

  // Whether the worker may be given a call that takes no thread.
  bool has_room() const noexcept { return held_ < capacity_; }
  // Whether the worker may be given a call that takes a thread: one is free, or the calls that wait for one are done
  // within limits::work_ahead.
  bool has_thread() const noexcept { return held_ < capacity_ && on_threads_ < thread_calls_max(); }
  // Whether a call of that method may be given. If it has to wait for a thread, its mean must be known and short
  // enough. Ask has_thread() first.
  bool fits(std::uint32_t method) const noexcept {
    if (on_threads_ < threads_ || threads_ == 0) return true;
    const std::int64_t mean_ns = method < means_ns_.size() ? means_ns_[method] : 0;
    return mean_ns != 0 && (on_threads_ - threads_ + 1) * mean_ns <= threads_ * work_ahead_ns;
  }
  // Whether all threads are taken, and none has come free for longer than limits::work_ahead. Then the means are wrong,
  // and no call may wait there for a thread. found_late() notes it until a thread comes free.
  bool is_late(instant now) const noexcept {
    return threads_ != 0 && on_threads_ >= threads_ && now - progress_at_ > limits::work_ahead;
  }
  void found_late() noexcept { late_ = true; }

  std::uint32_t held() const noexcept { return held_; }
  std::uint32_t capacity() const noexcept { return capacity_; }
  std::uint32_t threads() const noexcept { return threads_; }  // 0: not told
  std::uint32_t on_threads() const noexcept { return on_threads_; }
  std::uint32_t in_pool() const noexcept { return in_pool_; }
  std::uint32_t thread_calls_max() const noexcept {
    return threads_ == 0 ? capacity_ : late_ ? threads_ : std::min(capacity_, threads_ + ahead_);
  }
  // Whether calls that it holds may wait for a thread.
  bool is_ahead() const noexcept { return on_threads_ > 0 && in_pool_ > threads_; }
  // How many calls it may be given if it has a free thread; 0 if it has none.
  std::uint32_t idle_room() const noexcept {
    return in_pool_ < threads_ && has_thread() ? std::min(thread_calls_max() - on_threads_, capacity_ - held_) : 0;
  }

 private:
  static constexpr std::int64_t work_ahead_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(limits::work_ahead).count();
  static constexpr std::int64_t sample_us_max = 3'600'000'000;

  void left(call_way way) noexcept {
    --held_;
    if (way != call_way::capacity) --in_pool_;
    if (way == call_way::thread) --on_threads_;
  }
  void thread_came_free(instant now) noexcept {
    progress_at_ = now;
    late_ = false;
  }
  // Whether the mean changed.
  static bool follow(std::int64_t& mean_ns, std::int64_t sample) noexcept {
    const std::int64_t former = mean_ns;
    mean_ns = former == 0 ? sample : former + (sample - former) / 8;
    return mean_ns != former;
  }

  std::uint32_t capacity_ = 0, threads_ = 0;
  std::uint32_t held_ = 0;              // calls given and not answered
  std::uint32_t in_pool_ = 0;           // of these: of call_way::thread or call_way::slices
  std::uint32_t on_threads_ = 0;        // of these: of call_way::thread
  std::uint32_t ahead_ = 0;             // how many calls may wait for a thread
  std::int64_t mean_ns_ = 0;            // how long a call keeps a thread, over all methods; 0: not known
  std::vector<std::int64_t> means_ns_;  // the same of each method, by its number in the service; 0: not known
  instant progress_at_{};               // when a thread was last known to be free
  bool late_ = false;
};

}  // namespace gate::broker
