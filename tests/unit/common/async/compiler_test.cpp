// Tests what this compiler does with the coroutine forms that the house rules forbid (docs/design.md). Each one runs in
// a child process, which may crash or hang. Known compilers must behave as they did: so a rule can be dropped when its
// reason is gone. Other compilers are reported. One form is missing: a braced list for a vector parameter in an await,
// which g++ 12 does not compile. The permitted forms must work with every compiler.

#include <coroutine>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>

#include <catch2/catch.hpp>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gate/async_generator.hpp>
#include <gate/sleep.hpp>
#include <gate/task.hpp>

#include "tests/support/virtual_time.hpp"

using namespace std::chrono_literals;
using gate::task;
using gate::test::run_virtual;

namespace {

enum class outcome { good, wrong, hangs, crashes };

const char* name(outcome o) {
  switch (o) {
    case outcome::good:
      return "works";
    case outcome::wrong:
      return "destroys twice";
    case outcome::hangs:
      return "never resumes";
    case outcome::crashes:
      return "crashes";
  }
  return "?";
}

// Counts the living objects. It is negative if one was destroyed twice.
int alive = 0;

class probe {
 public:
  probe() noexcept { ++alive; }
  probe(const probe&) noexcept { ++alive; }
  probe(probe&&) noexcept { ++alive; }
  probe& operator=(const probe&) = default;
  ~probe() { --alive; }
};

struct aggregate {
  int number = 0;
  probe tracked;
};

constexpr int exit_base = 40;  // a sanitizer ends its process with a small exit code

template <class F> outcome in_child(F hazard) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    // A crash is expected: no report by the test runner or a sanitizer, no core file.
    for (const int number : {SIGSEGV, SIGILL, SIGBUS, SIGFPE, SIGABRT, SIGTERM}) ::signal(number, SIG_DFL);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    [[maybe_unused]] const auto* const silenced = std::freopen("/dev/null", "w", stderr);
    try {
      hazard();
    } catch (const gate::test::nothing_left_to_run&) {
      ::_exit(exit_base + static_cast<int>(outcome::hangs));
    }
    ::_exit(exit_base + static_cast<int>(alive == 0 ? outcome::good : outcome::wrong));
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return outcome::crashes;
  const int code = WEXITSTATUS(status) - exit_base;
  const bool told = code >= 0 && code <= static_cast<int>(outcome::hangs);
  return told ? static_cast<outcome>(code) : outcome::crashes;
}

#if defined(__clang__)
constexpr bool is_clang = true;
constexpr bool is_gcc_12 = false;
constexpr const char* compiler = "clang " __clang_version__;
#else
constexpr bool is_clang = false;
constexpr bool is_gcc_12 = __GNUC__ == 12;
constexpr const char* compiler = "g++ " __VERSION__;
#endif

void report(const std::string& form, outcome seen) { WARN(compiler << ": " << form << " " << name(seen)); }

task<int> one() {
  co_await gate::sleep_for(1ms);
  co_return 1;
}
template <class F> task<int> call(F f) {
  co_await gate::sleep_for(1ms);
  co_return f();
}
task<int> take(aggregate a) {
  co_await gate::sleep_for(1ms);
  co_return a.number;
}

task<void> await_in_condition() {
  if (co_await one() != 1) std::terminate();  // await-ok: the hazard itself
}
task<void> named_before_condition() {
  const int v = co_await one();
  if (v != 1) std::terminate();
}
task<void> lambda_in_await() {
  const probe p;
  [[maybe_unused]] const int v = co_await call([p] { return 1; });  // await-ok: the hazard itself
}
task<void> lambda_named() {
  const probe p;
  const auto f = [p] { return 1; };
  [[maybe_unused]] const int v = co_await call(f);
}
task<void> braces_in_await() {
  [[maybe_unused]] const int v = co_await take(aggregate{1, probe()});  // await-ok: the hazard itself
}
task<void> braces_named() {
  aggregate a{1, probe()};
  [[maybe_unused]] const int v = co_await take(std::move(a));
}
task<void> item_in_while(gate::async_generator<int> g) {
  while (auto item = co_await g.next()) {
    if (*item != 1) std::terminate();
  }
}
gate::async_generator<int> single() {
  co_await gate::sleep_for(1ms);
  co_yield 1;
}

// A coroutine with symmetric transfer, which ours do not use.
class transferred {
 public:
  class promise_type {
   public:
    class final_awaiter {
     public:
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) const noexcept {
        return h.promise().continuation_;
      }
      void await_resume() const noexcept {}
    };
    transferred get_return_object() noexcept { return transferred(handle_type::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    final_awaiter final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }

   private:
    friend class transferred;
    std::coroutine_handle<> continuation_ = std::noop_coroutine();
  };
  using handle_type = std::coroutine_handle<promise_type>;

  explicit transferred(handle_type h) noexcept : handle_(h) {}
  transferred(transferred&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  transferred& operator=(transferred&&) = delete;
  ~transferred() {
    if (handle_) handle_.destroy();
  }
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) const noexcept {
    handle_.promise().continuation_ = parent;
    return handle_;
  }
  void await_resume() const noexcept {}
  void run() const { handle_.resume(); }

 private:
  handle_type handle_;
};
transferred at_once() { co_return; }
transferred a_million_transfers() {
  for (int i = 0; i < 1'000'000; ++i) co_await at_once();
}

}  // namespace

TEST_CASE("the compiler: an await in a condition of a coroutine without locals", "[async][compiler]") {
  CHECK(in_child([] { run_virtual(named_before_condition()); }) == outcome::good);
  CHECK(in_child([] { run_virtual(item_in_while(single())); }) == outcome::good);
  const outcome seen = in_child([] { run_virtual(await_in_condition()); });
  report("an await in a condition", seen);
  if (is_clang) CHECK(seen == outcome::good);
  if (is_gcc_12) CHECK(seen != outcome::good);
}

TEST_CASE("the compiler: a lambda with captures inside an await", "[async][compiler]") {
  CHECK(in_child([] { run_virtual(lambda_named()); }) == outcome::good);
  const outcome seen = in_child([] { run_virtual(lambda_in_await()); });
  report("a lambda with captures inside an await", seen);
  if (is_clang) CHECK(seen == outcome::good);
  if (is_gcc_12) CHECK(seen != outcome::good);
}

TEST_CASE("the compiler: a braced aggregate inside an await", "[async][compiler]") {
  CHECK(in_child([] { run_virtual(braces_named()); }) == outcome::good);
  const outcome seen = in_child([] { run_virtual(braces_in_await()); });
  report("a braced aggregate inside an await", seen);
  if (is_clang) CHECK(seen == outcome::good);
  if (is_gcc_12) CHECK(seen != outcome::good);
  CHECK((seen == outcome::good || gate::detail::compiler_destroys_aggregates_twice));
}

TEST_CASE("the compiler: a million symmetric transfers", "[async][compiler]") {
  const outcome seen = in_child([] { a_million_transfers().run(); });
  report("a million symmetric transfers", seen);
  // g++ nests the calls on the stack, except with -O2 and without a sanitizer.
  if (is_clang) CHECK(seen == outcome::good);
  // Our own tasks do not need symmetric transfer.
  const auto ours = [] {
    const auto at_once = []() -> task<void> { co_return; };
    const auto many = [](decltype(at_once)& make) -> task<void> {
      for (int i = 0; i < 1'000'000; ++i) co_await make();
    };
    run_virtual(many(at_once));
  };
  CHECK(in_child(ours) == outcome::good);
}
