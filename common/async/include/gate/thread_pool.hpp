#pragma once

#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <cxxabi.h>

#include <gate/intrusive_list.hpp>
#include <gate/loop.hpp>
#include <gate/named_value.hpp>
#include <gate/suspension.hpp>
#include <gate/unique_function.hpp>

namespace gate {

// Thrown by `co_await pool.run(f)` if the queue of the pool is full. Try again later, or answer your caller with
// `busy`.
class pool_full final : public std::exception {
 public:
  const char* what() const noexcept override { return "the thread pool's queue is full"; }
};

class thread_pool;

namespace detail {

// A job of a pool. Either its queue and its waiter share it, or its owner keeps it until it was executed or dropped.
class pool_job : public intrusive_node<pool_job> {
 public:
  pool_job() = default;
  virtual ~pool_job() = default;
  // Runs on a thread of the pool. Throws nothing, except that it may end its thread (pthread_exit).
  virtual void execute() = 0;
  virtual void dropped() noexcept = 0;  // called instead if the pool ends before the job has started

 private:
  friend class gate::thread_pool;
  enum class state : unsigned char { idle, queued, running, ended };
  state state_ = state::idle;       // guarded by the pool's mutex
  std::shared_ptr<pool_job> keep_;  // the queue's share, while queued
};
using pool_jobs = intrusive_list<pool_job, pool_job>;

template <class F, bool Named> class pool_run;

}  // namespace detail

// Threads for work that blocks or computes for long, so that loops stay free. The queue is bounded. All functions but
// the destructor are thread-safe. The destructor drops the jobs that have not started and waits for those that run.
// In a child of fork() the pool has no threads: it takes no job, and its destructor waits for nothing.
class thread_pool {
 public:
  // `threads` is at least 1. At most `queue_max` jobs wait for a thread. The threads run at the nice value `niceness`
  // (0 to 19). If the system does not start a thread now, the pool tries again with each job, and after eight refusals
  // in a row with every 64th. Until then the other threads do the work. A pool without any thread is full, and tries
  // with each job.
  thread_pool(std::size_t threads, std::size_t queue_max, int niceness = 0);
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;
  ~thread_pool();

  // Runs `job` on a thread of the pool. Returns false if the queue is full; then the job does not run. An exception
  // that leaves the job ends the process. If a job ends its thread (pthread_exit), the pool starts another one.
  [[nodiscard]] bool submit(unique_function<void()> job);

  // Calls f() on a thread of the pool: `auto result = co_await pool.run(f);` The await returns the result or throws the
  // exception of f, on the loop of the awaiting coroutine. It also throws
  //   - pool_full if the queue is full
  //   - `cancelled` if the coroutine is cancelled before a thread has taken the job.
  // A job that runs is always waited for, so f may refer to locals of the coroutine.
  // Give a lambda with captures a name on an earlier line, since g++ before 13 would break it (compile error). If it
  // cannot be copied: `auto running = pool.run(std::move(f)); auto result = co_await running;`
  template <class F> detail::pool_run<std::decay_t<F>, detail::safe_argument<F>> run(F&& f) {
    return detail::pool_run<std::decay_t<F>, detail::safe_argument<F>>(*this, std::forward<F>(f));
  }

  // The number of threads.
  std::size_t size() const noexcept { return thread_count_; }
  // The number of threads that run: less than size() while the system starts no more.
  std::size_t running() const;
  // The number of jobs that run, and of jobs that wait for a thread.
  std::size_t busy() const;
  std::size_t queued() const;

  // Takes all of these jobs, in their order, or as many as the queue has room for: the rest stays in `jobs`. Returns
  // how many it took. Their owner keeps each until it was executed or dropped. The pool does not touch it after that.
  std::size_t enqueue(detail::pool_jobs& jobs);

  // The three functions below are for pool_run. Returns false if the queue is full.
  bool enqueue(std::shared_ptr<detail::pool_job> job);
  // Takes a job out of the queue. Returns false if it has started.
  bool withdraw(detail::pool_job& job) noexcept;
  // Blocks until a job that was not withdrawn has ended.
  void wait_for(detail::pool_job& job) noexcept;

 private:
  void start_missing() noexcept;
  bool has_room() const noexcept { return !stopping_ && queued_ + busy_ < queue_max_ + thread_count_; }
  bool wake_next() noexcept;
  void work();
  void run(std::unique_lock<std::mutex>& lock, detail::pool_job& job);
  void stop() noexcept;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable ended_;
  detail::pool_jobs queue_;
  const std::size_t thread_count_;
  const std::size_t queue_max_;
  const int niceness_;
  std::size_t running_ = 0;  // threads
  std::size_t queued_ = 0;
  std::size_t busy_ = 0;
  std::size_t idle_ = 0;         // threads that sleep
  bool waking_ = false;          // one of them was woken, and does not run yet
  unsigned refused_starts_ = 0;  // of threads, in a row
  unsigned jobs_since_try_ = 0;
  bool stopping_ = false;
  const unsigned generation_;  // of the process that has the threads; a child of fork() has none of them
  std::vector<std::thread> threads_;
};

namespace detail {

template <class F, bool Named> class [[nodiscard]] pool_run final : public suspension {
  using result_type = std::invoke_result_t<F&>;
  static_assert(!std::is_reference_v<result_type>, "a job returns a value");

  class job final : public pool_job {
   public:
    job(loop& where, F f, pool_run& waiter) : loop_(where), call_(std::move(f)), waiter_(&waiter) {}
    void execute() override {
      try {
        if constexpr (std::is_void_v<result_type>) {
          std::invoke(call_);
        } else {
          result_.emplace(std::invoke(call_));
        }
      } catch (abi::__forced_unwind&) {
        error_ = std::make_exception_ptr(cancelled());
        report();
        throw;
      } catch (...) {
        error_ = std::current_exception();
      }
      report();
    }
    void dropped() noexcept override {
      error_ = std::make_exception_ptr(cancelled());
      report();
    }
    void report() noexcept {
      loop_.post([self = self_.lock()] {
        if (self && self->waiter_ != nullptr) self->waiter_->ended();
      });
    }

    loop& loop_;
    F call_;
    std::optional<std::conditional_t<std::is_void_v<result_type>, bool, result_type>> result_;
    std::exception_ptr error_;
    pool_run* waiter_;  // loop's thread only
    std::weak_ptr<job> self_;
  };

 public:
  template <class G> pool_run(thread_pool& pool, G&& f) : pool_(pool), call_(std::forward<G>(f)) {}
  ~pool_run() override {
    if (job_ == nullptr) return;
    job_->waiter_ = nullptr;
    if (waiting() && !pool_.withdraw(*job_)) pool_.wait_for(*job_);
  }

  class awaiter {
   public:
    explicit awaiter(pool_run& run) noexcept : run_(run) {}
    bool await_ready() const noexcept { return false; }
    template <has_env P> bool await_suspend(std::coroutine_handle<P> handle) { return run_.suspend(handle); }
    result_type await_resume() { return run_.resume(); }

   private:
    pool_run& run_;
  };
  awaiter operator co_await() & noexcept { return awaiter(*this); }
  awaiter operator co_await() && noexcept {
    static_assert(Named, GATE_NAME_THE_LAMBDA);
    return awaiter(*this);
  }

 private:
  template <has_env P> bool suspend(std::coroutine_handle<P> handle) {
    if (!begin(handle)) return false;
    job_ = std::make_shared<job>(where(), std::move(call_), *this);
    job_->self_ = job_;
    if (pool_.enqueue(job_)) return true;
    job_.reset();
    no_wait();
    return false;
  }
  result_type resume() {
    finish();
    if (job_ == nullptr) throw pool_full();
    if (job_->error_) std::rethrow_exception(std::exchange(job_->error_, nullptr));
    if constexpr (!std::is_void_v<result_type>) return std::move(*job_->result_);
  }
  bool abandon() noexcept override { return pool_.withdraw(*job_); }
  void ended() noexcept { wake(); }

  thread_pool& pool_;
  F call_;
  std::shared_ptr<job> job_;
};

}  // namespace detail

}  // namespace gate
