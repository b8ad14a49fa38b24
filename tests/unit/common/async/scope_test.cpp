#include <memory>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/scope.hpp>
#include <gate/sleep.hpp>
#include <gate/task_group.hpp>

#include "tests/support/virtual_time.hpp"

using namespace std::chrono_literals;
using gate::cancel_callback;
using gate::cancel_scope;
using gate::task;

TEST_CASE("cancelling a scope reaches its descendants, not its ancestors or siblings", "[async]") {
  cancel_scope root;
  cancel_scope child(&root);
  cancel_scope sibling(&root);
  cancel_scope grandchild(&child);
  child.cancel();
  CHECK(child.requested());
  CHECK(grandchild.requested());
  CHECK_FALSE(root.requested());
  CHECK_FALSE(sibling.requested());
  const cancel_scope born_late(&child);
  CHECK(born_late.requested());
}

TEST_CASE("a scope may end before its child, and may change its parent", "[async]") {
  auto parent = std::make_unique<cancel_scope>();
  cancel_scope child(parent.get());
  parent.reset();
  child.cancel();
  CHECK(child.requested());

  cancel_scope first;
  cancel_scope second;
  cancel_scope moved(&first);
  moved.set_parent(&second);
  first.cancel();
  CHECK_FALSE(moved.requested());
  second.cancel();
  CHECK(moved.requested());
}

TEST_CASE("cancel callbacks are called once, in order, at once when it is too late, and not after their end",
          "[async]") {
  cancel_scope scope;
  std::vector<int> log;
  const cancel_callback first(scope, [&log] { log.push_back(1); });
  const cancel_callback second(scope, [&log] { log.push_back(2); });
  {
    const cancel_callback gone(scope, [&log] { log.push_back(99); });
  }
  scope.cancel();
  scope.cancel();
  const cancel_callback late(scope, [&log] { log.push_back(3); });
  CHECK(log == std::vector<int>{1, 2, 3});
}

TEST_CASE("in a cancelled scope the next wait fails, and only waits do", "[async]") {
  const auto body = []() -> task<int> {
    cancel_scope scope;
    int reached = 0;
    const auto work = [](cancel_scope& own, int& steps) -> task<void> {
      own.cancel();
      ++steps;  // still running: cancelling is a request
      co_await gate::sleep_for(1s);
      ++steps;
    };
    bool was_cancelled = false;
    try {
      co_await work(scope, reached).within(scope);
    } catch (const gate::cancelled&) {
      was_cancelled = true;
    }
    CHECK(was_cancelled);
    co_return reached;
  };
  CHECK(gate::test::run_virtual(body()) == 1);
}

TEST_CASE("a listener that cancels its own siblings does no harm", "[async]") {
  cancel_scope scope;
  int calls = 0;
  std::unique_ptr<cancel_callback> second;
  const cancel_callback first(scope, [&] {
    ++calls;
    second.reset();
  });
  second = std::make_unique<cancel_callback>(scope, [&calls] { calls += 100; });
  scope.cancel();
  CHECK(calls == 1);
}
