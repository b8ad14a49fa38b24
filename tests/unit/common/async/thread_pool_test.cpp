#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gate/event.hpp>
#include <gate/loop.hpp>
#include <gate/sleep.hpp>
#include <gate/task_group.hpp>
#include <gate/thread_pool.hpp>

#include "tests/support/no_threads.hpp"

using gate::loop;
using gate::task;
using gate::task_group;
using gate::thread_pool;
using gate::test::no_threads;

namespace {

// Keeps a pool thread busy until released.
class blocker {
 public:
  void operator()() {
    started_.count_down();
    release_.wait();
  }
  void wait_until_started() { started_.wait(); }
  void release() { release_.count_down(); }

 private:
  std::latch started_{1};
  std::latch release_{1};
};

template <class F> task<void> run_and_note(thread_pool& pool, F f, std::string& log, std::string name) {
  try {
    co_await pool.run(std::move(f));
    log += name + " ran;";
  } catch (const gate::cancelled&) {
    log += name + " cancelled;";
  } catch (const gate::pool_full&) {
    log += name + " refused;";
  }
}

}  // namespace

TEST_CASE("a pool runs jobs on its threads and results come back to the awaiter's loop", "[async]") {
  loop here;
  thread_pool pool(2, 10);
  CHECK(pool.size() == 2);
  const auto body = [&]() -> task<void> {
    std::thread::id id;
    const auto job = [&id] {
      id = std::this_thread::get_id();
      return std::make_unique<int>(42);
    };
    const auto result = co_await pool.run(job);
    CHECK(*result == 42);
    CHECK(id != std::this_thread::get_id());
    CHECK(here.in_loop_thread());
    const auto nothing = [] {};
    co_await pool.run(nothing);
  };
  here.run(body());
}

TEST_CASE("an exception of a job comes out of the await", "[async]") {
  loop here;
  thread_pool pool(1, 1);
  const auto body = [&pool]() -> task<int> {
    const auto job = []() -> int { throw std::runtime_error("in the pool"); };
    co_return co_await pool.run(job);
  };
  CHECK_THROWS_WITH(here.run(body()), "in the pool");
}

TEST_CASE("a full pool refuses, at once", "[async]") {
  loop here;
  blocker busy;
  std::atomic<int> ran{0};
  thread_pool pool(1, 2);
  REQUIRE(pool.submit([&busy] { busy(); }));
  busy.wait_until_started();
  CHECK(pool.busy() == 1);
  CHECK(pool.submit([&ran] { ++ran; }));
  CHECK(pool.submit([&ran] { ++ran; }));
  CHECK_FALSE(pool.submit([&ran] { ran += 100; }));
  CHECK(pool.queued() == 2);
  const auto body = [&pool]() -> task<void> {
    const auto job = [] {};
    co_await pool.run(job);
  };
  CHECK_THROWS_AS(here.run(body()), gate::pool_full);
  busy.release();
  std::promise<void> drained;
  const auto last = [&pool, &drained]() -> task<void> {
    const auto job = [&drained] { drained.set_value(); };
    while (pool.queued() > 0) co_await gate::yield();
    co_await pool.run(job);
  };
  here.run(last());
  CHECK(ran == 2);
}

TEST_CASE("in a child of fork() nothing waits for a job that a thread of the parent runs", "[async]") {
  blocker busy;
  thread_pool pool(1, 10);
  auto here = std::make_unique<loop>();
  const auto body = [&pool, &busy]() -> task<void> {
    const auto job = [&busy] { busy(); };
    co_await pool.run(job);
  };
  gate::spawn_detached(*here, body(), [](std::exception_ptr) {});
  const auto a_moment = [&busy]() -> task<void> {
    co_await gate::yield();
    busy.wait_until_started();
  };
  here->run(a_moment());
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);  // ends it with SIGALRM if it waits
    here.reset();
    ::_exit(0);
  }
  int status = -1;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  busy.release();
  here.reset();
}

TEST_CASE("a pool without a queue takes as many jobs as it has threads", "[async]") {
  blocker first;
  blocker second;
  thread_pool pool(2, 0);  // declared last: its destructor waits for jobs that use the blockers
  CHECK(pool.submit([&first] { first(); }));
  CHECK(pool.submit([&second] { second(); }));
  CHECK_FALSE(pool.submit([] {}));
  first.wait_until_started();
  second.wait_until_started();
  CHECK(pool.busy() == 2);
  first.release();
  second.release();
}

TEST_CASE("cancelling drops a job that was not started, and waits for one that was", "[async]") {
  loop here;
  std::string log;
  blocker busy;
  std::atomic<bool> queued_ran{false};
  thread_pool pool(1, 10);
  const auto body = [&]() -> task<void> {
    const gate::env around = co_await gate::current_env();
    task_group group(around);
    const auto blocks = [&busy] { busy(); };
    const auto marks = [&queued_ran] { queued_ran = true; };
    group.spawn(run_and_note(pool, blocks, log, "started"));
    group.spawn(run_and_note(pool, marks, log, "queued"));
    while (pool.busy() == 0 || pool.queued() == 0) co_await gate::yield();
    group.cancel();
    while (group.size() == 2) co_await gate::yield();
    CHECK(log == "queued cancelled;");
    CHECK(pool.queued() == 0);
    busy.release();
    co_await group.join();
  };
  here.run(body());
  CHECK(log == "queued cancelled;started ran;");
  CHECK_FALSE(queued_ran);
}

TEST_CASE("a coroutine destroyed while its job runs waits for the job, which may refer to its locals", "[async]") {
  loop here;
  blocker busy;
  std::thread releaser;
  std::atomic<int> seen{0};
  thread_pool pool(1, 10);
  bool destroyed_after_job = false;
  {
    const auto body = [&]() -> task<void> {
      const gate::env around = co_await gate::current_env();
      {
        task_group group(around);
        const auto work = [](thread_pool& on, blocker& gate_keeper, std::atomic<int>& out) -> task<void> {
          const std::string local = "a local that is long enough to live on the heap";
          const auto job = [&] {
            gate_keeper();
            out = static_cast<int>(local.size());
          };
          co_await on.run(job);
        };
        group.spawn(work(pool, busy, seen));
        while (pool.busy() == 0) co_await gate::yield();
        releaser = std::thread([&busy] { busy.release(); });
      }  // the group is not joined: it destroys the child
      destroyed_after_job = seen == 47;
    };
    here.run(body());
  }
  releaser.join();
  CHECK(destroyed_after_job);
}

TEST_CASE("a pool that ends drops what waits and finishes what runs", "[async]") {
  loop here;
  std::string log;
  blocker busy;
  const auto body = [&]() -> task<void> {
    const gate::env around = co_await gate::current_env();
    task_group group(around);
    auto pool = std::make_unique<thread_pool>(1, 10);
    const auto blocks = [&busy] { busy(); };
    const auto nothing = [] {};
    group.spawn(run_and_note(*pool, blocks, log, "running"));
    group.spawn(run_and_note(*pool, nothing, log, "waiting"));
    while (pool->busy() == 0 || pool->queued() == 0) co_await gate::yield();
    busy.release();
    pool.reset();
    co_await group.join();
  };
  here.run(body());
  CHECK((log == "waiting cancelled;running ran;" || log == "running ran;waiting cancelled;" ||
         log == "running ran;waiting ran;"));
}

TEST_CASE("many loops share a pool", "[async]") {
  std::atomic<int> total{0};
  thread_pool pool(2, 1000);
  const auto many = [&]() -> task<void> {
    const auto job = [&total] { ++total; };
    for (int i = 0; i < 300; ++i) co_await pool.run(job);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&many] {
      loop own;
      own.run(many());
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(total == 900);
}

TEST_CASE("the threads of a pool can run at a lower priority", "[async]") {
  loop here;
  const int before = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
  thread_pool pool(1, 1, 19);
  const auto body = [&pool]() -> task<int> {
    const auto job = [] { return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())); };
    co_return co_await pool.run(job);
  };
  CHECK(here.run(body()) == 19);
  CHECK(::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())) == before);
}

TEST_CASE("a thread that the system does not start is started with a later job", "[async]") {
  std::optional<no_threads> none(std::in_place);
  thread_pool pool(2, 10);
  CHECK(pool.size() == 2);
  CHECK(pool.running() == 0);
  CHECK_FALSE(pool.submit([] {}));  // refused, as by a full pool: no thread would run it
  loop here;
  const auto refused = [&pool]() -> task<void> {
    const auto job = [] {};
    co_await pool.run(job);
  };
  CHECK_THROWS_AS(here.run(refused()), gate::pool_full);
  none.reset();
  std::promise<int> done;
  CHECK(pool.submit([&done] { done.set_value(5); }));
  CHECK(done.get_future().get() == 5);
  CHECK(pool.running() == 2);
}

TEST_CASE("a pool that lost a thread goes on with the others, and gets another when the system gives one", "[async]") {
  thread_pool pool(2, 10);
  const auto end_a_thread = [&pool] {
    std::promise<void> begun;
    CHECK(pool.submit([&begun] {
      begun.set_value();
      ::pthread_exit(nullptr);
    }));
    begun.get_future().wait();
    while (pool.busy() != 0) std::this_thread::yield();
  };
  {
    const no_threads none;
    end_a_thread();
    while (pool.running() != 1) std::this_thread::yield();
    std::promise<void> done;
    CHECK(pool.submit([&done] { done.set_value(); }));
    done.get_future().wait();
    CHECK(pool.running() == 1);
  }
  std::promise<void> done;
  CHECK(pool.submit([&done] { done.set_value(); }));
  done.get_future().wait();
  CHECK(pool.running() == 2);
}
