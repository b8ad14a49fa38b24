#include <exception>
#include <utility>

#include <cxxabi.h>

#include <gate/assert.hpp>
#include <gate/thread_pool.hpp>

#include "common/async/background.hpp"
#include "common/base/process_generation.hpp"

namespace gate {

namespace {

// After so many refusals in a row, a pool that has a thread asks the system for another with every 64th job only.
constexpr unsigned refused_in_a_row_max = 8;
constexpr unsigned jobs_between_tries = 64;

// pthread_exit() of glibc throws something that is no object. UBSan takes that for a null reference.
#define CATCHES_END_OF_THREAD __attribute__((no_sanitize("null")))

class submitted_job final : public detail::pool_job {
 public:
  explicit submitted_job(unique_function<void()> call) : call_(std::move(call)) {}
  CATCHES_END_OF_THREAD void execute() override {
    try {
      call_();
    } catch (abi::__forced_unwind&) {
      throw;
    } catch (...) {
      std::terminate();
    }
  }
  void dropped() noexcept override {}

 private:
  unique_function<void()> call_;
};

}  // namespace

thread_pool::thread_pool(std::size_t threads, std::size_t queue_max, int niceness)
    : thread_count_(threads), queue_max_(queue_max), niceness_(niceness), generation_(process_generation()) {
  GATE_ASSERT(threads > 0);
  threads_.reserve(threads);
  const std::lock_guard lock(mutex_);
  start_missing();
}

thread_pool::~thread_pool() { stop(); }

// Call it with the mutex locked. The system may refuse a thread for lack of memory, or of threads (ulimit -u).
void thread_pool::start_missing() noexcept {
  const bool often_refused = refused_starts_ >= refused_in_a_row_max;
  if (running_ > 0 && often_refused && ++jobs_since_try_ < jobs_between_tries) return;
  jobs_since_try_ = 0;
  try {
    while (running_ < thread_count_ && !stopping_) {
      threads_.emplace_back([this] { work(); });
      ++running_;
      refused_starts_ = 0;
    }
  } catch (const std::exception&) {
    ++refused_starts_;
  }
}

// Call it with the mutex locked. True: notify a thread, after the mutex is unlocked. Threads wake one by one: each
// wakes the next before it begins a job, as long as jobs wait. So a thread that ends its short jobs faster than others
// wake costs no wake-up for each of them.
bool thread_pool::wake_next() noexcept {
  if (queue_.empty() || idle_ == 0 || waking_) return false;
  waking_ = true;
  return true;
}

void thread_pool::stop() noexcept {
  if (generation_ != process_generation()) {
    // A child of fork() has no thread to join, and a thread of the parent may have held the mutex.
    static_cast<void>(new std::vector<std::thread>(std::move(threads_)));
    return;
  }
  std::vector<std::shared_ptr<detail::pool_job>> shared;
  detail::pool_jobs owned;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    while (!queue_.empty()) {
      detail::pool_job& job = queue_.pop_front();
      job.state_ = detail::pool_job::state::running;  // so wait_for() waits until dropped() has returned
      if (job.keep_ == nullptr) {
        owned.push_back(job);
      } else {
        shared.push_back(std::move(job.keep_));
      }
    }
    queued_ = 0;
  }
  wake_.notify_all();
  while (!owned.empty()) owned.pop_front().dropped();
  for (const auto& job : shared) {
    job->dropped();
    const std::lock_guard lock(mutex_);
    job->state_ = detail::pool_job::state::ended;
  }
  ended_.notify_all();
  // A thread that a job ended has started another one, except while the pool stops.
  for (std::thread& thread : threads_) thread.join();
}

bool thread_pool::submit(unique_function<void()> job) {
  return enqueue(std::make_shared<submitted_job>(std::move(job)));
}

bool thread_pool::enqueue(std::shared_ptr<detail::pool_job> job) {
  detail::pool_jobs one;
  one.push_back(*job);
  job->keep_ = job;
  if (enqueue(one) == 1) return true;
  one.pop_front();
  job->keep_.reset();
  return false;
}

std::size_t thread_pool::enqueue(detail::pool_jobs& jobs) {
  if (generation_ != process_generation()) return 0;
  std::size_t taken = 0;
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (running_ < thread_count_) start_missing();
    if (running_ == 0) return 0;
    // A job for which a thread is free does not wait, and so does not count against the limit of the queue.
    while (!jobs.empty() && has_room()) {
      detail::pool_job& job = jobs.pop_front();
      job.state_ = detail::pool_job::state::queued;
      queue_.push_back(job);
      ++queued_;
      ++taken;
    }
    wake = wake_next();
  }
  if (wake) wake_.notify_one();
  return taken;
}

bool thread_pool::withdraw(detail::pool_job& job) noexcept {
  // In a child of fork() no thread runs the job, and a thread of the parent may have held the mutex.
  if (generation_ != process_generation()) return true;
  std::shared_ptr<detail::pool_job> released;
  const std::lock_guard lock(mutex_);
  if (job.state_ != detail::pool_job::state::queued) return false;
  job.unlink();
  job.state_ = detail::pool_job::state::ended;
  released = std::move(job.keep_);
  --queued_;
  return true;
}

void thread_pool::wait_for(detail::pool_job& job) noexcept {
  if (generation_ != process_generation()) return;
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [&job] { return job.state_ == detail::pool_job::state::ended; });
}

std::size_t thread_pool::running() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

std::size_t thread_pool::busy() const {
  const std::lock_guard lock(mutex_);
  return busy_;
}

std::size_t thread_pool::queued() const {
  const std::lock_guard lock(mutex_);
  return queued_;
}

void thread_pool::work() {
  if (niceness_ != 0) become_background(niceness_);
  std::unique_lock lock(mutex_);
  for (;;) {
    while (!stopping_ && queue_.empty()) {
      ++idle_;
      wake_.wait(lock);
      --idle_;
      waking_ = false;
    }
    if (stopping_) return;
    detail::pool_job& job = queue_.pop_front();
    job.state_ = detail::pool_job::state::running;
    --queued_;
    ++busy_;
    const bool wake = wake_next();
    lock.unlock();
    if (wake) wake_.notify_one();
    run(lock, job);
  }
}

// Call it with the mutex unlocked. It returns with the mutex locked.
CATCHES_END_OF_THREAD void thread_pool::run(std::unique_lock<std::mutex>& lock, detail::pool_job& job) {
  std::shared_ptr<detail::pool_job> shared = std::move(job.keep_);
  const auto over = [&] {
    lock.lock();
    --busy_;
    if (shared == nullptr) return;  // its owner may have it back by now
    job.state_ = detail::pool_job::state::ended;
    ended_.notify_all();
  };
  try {
    job.execute();
  } catch (abi::__forced_unwind&) {  // the job ends this thread, and nothing can prevent that
    over();
    --running_;
    start_missing();
    lock.unlock();
    throw;
  }
  if (niceness_ != 0) give_way();
  over();
  if (shared == nullptr) return;
  lock.unlock();
  shared.reset();
  lock.lock();
}

}  // namespace gate
