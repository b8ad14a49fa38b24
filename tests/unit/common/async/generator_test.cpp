#include <concepts>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/generator.hpp>

using gate::generator;

namespace {

struct row {
  int id = 0;
  std::string text;
};

// Refused where the compiler would destroy the members twice: tests/compile/broken_await.cc.
static_assert(gate::detail::risky_to_yield<row> == gate::detail::compiler_destroys_aggregates_twice);
static_assert(!gate::detail::risky_to_yield<std::string> && !gate::detail::risky_to_yield<int>);

generator<int> count_to(int n) {
  for (int i = 1; i <= n; ++i) co_yield i;
}
generator<row> rows() {
  row first{1, "a text that is too long for the small string buffer"};
  co_yield first;
  first.id = 2;
  co_yield first;
}
generator<std::string> words() {
  co_yield "from a literal that is long enough to be allocated";
  std::string named = "named";
  co_yield named;
  co_yield std::move(named);
}
generator<std::unique_ptr<int>> pointers() {
  co_yield std::make_unique<int>(1);
  co_yield std::make_unique<int>(2);
}
generator<int> breaks() {
  co_yield 1;
  throw std::runtime_error("broken");
}
generator<int> keeps(std::shared_ptr<int> alive) {
  for (;;) co_yield *alive;
}

}  // namespace

TEST_CASE("a generator gives its values, then nothing, ever after", "[async]") {
  auto g = count_to(3);
  std::vector<int> seen;
  while (auto item = g.next()) seen.push_back(*item);
  CHECK(seen == std::vector<int>{1, 2, 3});
  CHECK_FALSE(g.next());
  CHECK_FALSE(count_to(0).next());
}

TEST_CASE("a generator can be read by a range-for", "[async]") {
  int sum = 0;
  for (const int i : count_to(4)) sum += i;
  CHECK(sum == 10);
  std::vector<std::string> all;
  for (auto& word : words()) all.push_back(std::move(word));
  CHECK(all == std::vector<std::string>{"from a literal that is long enough to be allocated", "named", "named"});
  for ([[maybe_unused]] const int i : count_to(0)) FAIL("an empty sequence has no element");
}

TEST_CASE("a generator yields aggregates and what can only be moved", "[async]") {
  auto g = rows();
  const auto first = g.next();
  const auto second = g.next();
  REQUIRE((first && second));
  CHECK(first->id == 1);
  CHECK(second->id == 2);
  CHECK(second->text == first->text);
  int sum = 0;
  for (auto& p : pointers()) sum += *p;
  CHECK(sum == 3);
}

TEST_CASE("an exception of a generator's body comes out of next and ends the sequence", "[async]") {
  auto g = breaks();
  CHECK(g.next() == 1);
  CHECK_THROWS_WITH(g.next(), "broken");
  CHECK_FALSE(g.next());
}

TEST_CASE("a generator that is dropped early, or moved, destroys its locals once", "[async]") {
  auto alive = std::make_shared<int>(5);
  {
    auto g = keeps(alive);
    CHECK(g.next() == 5);
    auto moved = std::move(g);
    CHECK(moved.next() == 5);
    moved = keeps(alive);
    CHECK(moved.next() == 5);
  }
  CHECK(alive.use_count() == 1);
}
