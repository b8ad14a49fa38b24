#include <cstdint>

#include <catch2/catch.hpp>

#include <gate/detail/credit.hpp>

using gate::consumed_credit;
using gate::credit_grant;
using gate::credit_window;

TEST_CASE("a window is open while items and bytes are both left, and one larger item passes", "[credit]") {
  credit_window w;
  CHECK_FALSE(w.open());
  CHECK_FALSE(w.take(1));
  w.grant({2, 10});
  CHECK(w.open());
  CHECK(w.take(1000));
  CHECK_FALSE(w.open());
  w.grant({0, 990});
  CHECK_FALSE(w.take(0));
  w.grant({0, 1});
  CHECK(w.take(0));
  CHECK_FALSE(w.open());
}

TEST_CASE("no number of grants overflows a window", "[credit]") {
  credit_window w;
  for (int i = 0; i < 1000; ++i) w.grant({~0u, ~0u});
  CHECK(w.take(1));
  CHECK(w.whole().items == ~0u);
}

TEST_CASE("what is taken without asking is owed", "[credit]") {
  credit_window w(credit_grant{1, 10});
  w.overdraw(15);
  w.overdraw(0);
  CHECK(w.whole().empty());
  w.grant({1, 5});
  CHECK_FALSE(w.open());
  w.grant({1, 1});
  CHECK(w.take(100));
}

TEST_CASE("a refill grants what is missing to a full window, and no more", "[credit]") {
  credit_window w(credit_grant{4, 100});
  CHECK(w.take(30));
  const credit_grant missing = w.refill({4, 100});
  CHECK(missing.items == 1);
  CHECK(missing.bytes == 30);
  CHECK(w.refill({4, 100}).empty());
  CHECK(w.refill({2, 50}).empty());
}

TEST_CASE("a consumer grants when a part of its window is consumed, in items or in bytes", "[credit]") {
  const credit_grant step = consumed_credit::step_of({5, 1001}, 2);
  CHECK(step.items == 3);
  CHECK(step.bytes == 501);
  consumed_credit by_items;
  by_items.add(0);
  by_items.add(0);
  CHECK_FALSE(by_items.reaches(step));
  by_items.add(0);
  CHECK(by_items.reaches(step));
  consumed_credit by_bytes;
  by_bytes.add(500);
  CHECK_FALSE(by_bytes.reaches(step));
  by_bytes.add(1);
  CHECK(by_bytes.reaches(step));
  const credit_grant all = by_bytes.take();
  CHECK(all.items == 2);
  CHECK(all.bytes == 501);
  CHECK(by_bytes.take().empty());
}

TEST_CASE("what is consumed of both kinds can be granted apart, and does not overflow", "[credit]") {
  consumed_credit c;
  c.add(std::uint64_t{1} << 40);
  c.add(1);
  CHECK(c.take_bytes() == ~0u);
  CHECK(c.reaches_items(2));
  CHECK_FALSE(c.reaches_items(3));
  CHECK(c.take_items() == 2);
  CHECK(c.take().empty());
}

TEST_CASE("a step is never less than its part of the window, and one of a window of one", "[credit]") {
  CHECK(consumed_credit::step_of(16u, 16) == 1);
  CHECK(consumed_credit::step_of(17u, 16) == 2);
  CHECK(consumed_credit::step_of(1u, 2) == 1);
  CHECK(consumed_credit::step_of(~0u, 2) == 0x80000000u);
}
