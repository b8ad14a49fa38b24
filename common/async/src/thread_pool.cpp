#include <exception>
#include <utility>

#include <cxxabi.h>

#include <gate/assert.hpp>
#include <gate/thread_pool.hpp>

#include "common/async/background.hpp"
#include "common/base/process_generation.hpp"

namespace gate {

namespace {

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
  try {
    while (running_ < thread_count_ && !stopping_) {
      threads_.emplace_back([this] { work(); });
      ++running_;
    }
  } catch (const std::exception&) {  // the next job tries again
  }
}

void thread_pool::stop() noexcept {
  if (generation_ != process_generation()) {
    // A child of fork() has no thread to join, and a thread of the parent may have held the mutex.
    static_cast<void>(new std::vector<std::thread>(std::move(threads_)));
    return;
  }
  std::vector<std::shared_ptr<detail::pool_job>> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    while (!queue_.empty()) {
      detail::pool_job& job = queue_.pop_front();
      job.state_ = detail::pool_job::state::running;  // so wait_for() waits until dropped() has returned
      dropped.push_back(std::move(job.keep_));
    }
    queued_ = 0;
  }
  wake_.notify_all();
  for (const auto& job : dropped) {
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
  if (generation_ != process_generation()) return false;
  {
    const std::lock_guard lock(mutex_);
    // A job for which a thread is free does not wait, and so does not count against the limit of the queue.
    if (stopping_ || queued_ + busy_ >= queue_max_ + thread_count_) return false;
    if (running_ < thread_count_) start_missing();
    if (running_ == 0) return false;
    detail::pool_job& queued = *job;
    queued.state_ = detail::pool_job::state::queued;
    queued.keep_ = std::move(job);
    queue_.push_back(queued);
    ++queued_;
  }
  wake_.notify_one();
  return true;
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
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    detail::pool_job& next = queue_.pop_front();
    std::shared_ptr<detail::pool_job> job = std::move(next.keep_);
    job->state_ = detail::pool_job::state::running;
    --queued_;
    ++busy_;
    lock.unlock();
    run(*job);
    job.reset();
    give_way();
    lock.lock();
  }
}

CATCHES_END_OF_THREAD void thread_pool::run(detail::pool_job& job) {
  const auto over = [&] {
    const std::lock_guard lock(mutex_);
    --busy_;
    job.state_ = detail::pool_job::state::ended;
    ended_.notify_all();
  };
  try {
    job.execute();
  } catch (abi::__forced_unwind&) {  // the job ends this thread, and nothing can prevent that
    over();
    {
      const std::lock_guard lock(mutex_);
      --running_;
      start_missing();
    }
    throw;
  }
  over();
}

}  // namespace gate
