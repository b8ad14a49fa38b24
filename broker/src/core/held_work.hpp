// Counts the calls that one worker holds, and says how much more it may be given. docs/scheduling.md, section 2.
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
  capacity,  // a place among those that it announced, and no more: a coroutine, or a worker that tells of no threads
  thread,    // a thread of its pool as well, until it has ended
  slices,    // a thread now and then, in turn with others: a stream, or a huge payload under way
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
  // It comes back, and never had a thread.
  void returned(call_way way) noexcept { left(way); }
  // The call goes on, and needs its thread no longer than others need theirs.
  void sliced(instant now) noexcept {
    --on_threads_;
    thread_came_free(now);
  }

  // Room for a mean of each method whose number is below that.
  void time_methods(std::uint32_t numbers_end) { means_ns_.resize(numbers_end); }
  // The worker's word on how long a method ran that has ended. Zero: it did not begin.
  void ran(std::uint32_t method, std::chrono::microseconds time) noexcept {
    if (time.count() <= 0) return;
    const std::int64_t sample = std::min<std::int64_t>(time.count(), sample_us_max) * 1000;
    if (method < means_ns_.size()) follow(means_ns_[method], sample);
    if (!follow(mean_ns_, sample)) return;
    const std::int64_t ahead = threads_ * std::int64_t{work_ahead_ns} / std::max<std::int64_t>(mean_ns_, 1);
    ahead_ = static_cast<std::uint32_t>(std::min<std::int64_t>(ahead, capacity_));
  }

  bool has_room() const noexcept { return held_ < capacity_; }
  // The same for a call that takes a thread: one is free, or those ahead of it take no more than the time allowed.
  bool has_thread() const noexcept { return held_ < capacity_ && on_threads_ < thread_calls_max(); }
  // Whether a call of that method may wait for a thread: not one of which nothing is known, or that takes too long
  // itself. To be asked when has_thread().
  bool fits(std::uint32_t method) const noexcept {
    if (on_threads_ < threads_ || threads_ == 0) return true;
    const std::int64_t mean_ns = method < means_ns_.size() ? means_ns_[method] : 0;
    return mean_ns != 0 && (on_threads_ - threads_ + 1) * mean_ns <= threads_ * work_ahead_ns;
  }
  // None of its threads has come free for so long that what it holds ahead cannot be what it was thought to be. It
  // lasts until one does.
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
  // Calls that it may be given while it has threads that nobody uses.
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
  std::uint32_t in_pool_ = 0;           // of them those that need threads at all,
  std::uint32_t on_threads_ = 0;        // and those that need one until they end
  std::uint32_t ahead_ = 0;             // calls that may wait for a thread
  std::int64_t mean_ns_ = 0;            // that a method keeps a thread, over all; 0: nothing is known
  std::vector<std::int64_t> means_ns_;  // of each method, by its number in the service; 0: nothing is known
  instant progress_at_{};               // when a thread was last seen to come free, or to be
  bool late_ = false;
};

}  // namespace gate::broker
