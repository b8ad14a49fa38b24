#include "common/base/deadline_wheel.hpp"

#include <map>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using gate::deadline_wheel;
using gate::duration;
using gate::instant;
using gate::wheel_timer;

namespace {

const instant start{500s};
constexpr unsigned some_bits = 20;  // steps of a millisecond, about

struct named : wheel_timer {
  instant wanted{};
};

std::vector<const wheel_timer*> due_at(deadline_wheel& wheel, instant now) {
  std::vector<const wheel_timer*> all;
  while (const wheel_timer* const t = wheel.pop_due(now)) all.push_back(t);
  return all;
}
using timers = std::vector<const wheel_timer*>;

}  // namespace

TEST_CASE("a timer is never early, late by no more than a step, and due once", "[deadline_wheel]") {
  const unsigned bits = GENERATE(20u, 23u);
  const duration wait = GENERATE(1ns, 1ms, 8ms, 9ms, 100ms, 16s, 33s, 5min, 24h);
  deadline_wheel wheel(start, bits);
  wheel_timer t;
  wheel.arm(t, start + wait);
  CHECK(wheel.pop_due(start + wait - 1ns) == nullptr);
  CHECK(t.armed());
  CHECK(wheel.next() <= start + wait + wheel.step());
  CHECK(wheel.pop_due(start + wait + wheel.step()) == &t);
  CHECK_FALSE(t.armed());
  CHECK(wheel.pop_due(start + 48h) == nullptr);
}

TEST_CASE("a deadline farther away than the wheel is round waits for its round", "[deadline_wheel]") {
  deadline_wheel wheel(start, some_bits);
  wheel_timer t;
  wheel.arm(t, start + 60s);
  for (duration d = 10ms; d < 60s; d += 10ms) REQUIRE(wheel.pop_due(start + d) == nullptr);
  CHECK(wheel.pop_due(start + 60s + 2ms) == &t);
}

TEST_CASE("a wheel without timers has no deadline", "[deadline_wheel]") {
  deadline_wheel wheel(start, some_bits);
  CHECK(wheel.next() == instant::max());
  wheel_timer t;
  wheel.arm(t, start + 1s);
  CHECK(wheel.next() < instant::max());
  wheel.disarm(t);
  CHECK(wheel.pop_due(start + 2s) == nullptr);
  CHECK(wheel.next() == instant::max());
}

TEST_CASE("disarmed timers cost one look, not one for each", "[deadline_wheel]") {
  deadline_wheel wheel(start, some_bits);
  std::vector<named> many(1000);
  for (std::size_t i = 0; i < many.size(); ++i) wheel.arm(many[i], start + 500ms + i * 1ms);
  for (named& t : many) wheel.disarm(t);
  wheel_timer last;
  wheel.arm(last, start + 1700ms);
  CHECK(wheel.pop_due(wheel.next()) == nullptr);
  CHECK(wheel.next() >= start + 1700ms);
  CHECK(wheel.pop_due(wheel.next()) == &last);
}

TEST_CASE("a timer that is armed again moves", "[deadline_wheel]") {
  deadline_wheel wheel(start, some_bits);
  wheel_timer later, sooner;
  wheel.arm(later, start + 1s);
  wheel.arm(sooner, start + 3s);
  wheel.arm(later, start + 2s);
  wheel.arm(sooner, start + 1s);
  CHECK(due_at(wheel, start + 1500ms) == timers{&sooner});
  CHECK(due_at(wheel, start + 2008ms) == timers{&later});
}

TEST_CASE("a deadline that has passed is due with the next step", "[deadline_wheel]") {
  deadline_wheel wheel(start, some_bits);
  const instant wanted = GENERATE(start + 1s, start, start - 1h, instant::min());
  CHECK(wheel.pop_due(start + 10s) == nullptr);
  wheel_timer t;
  wheel.arm(t, wanted);
  CHECK(wheel.next() <= start + 10s + wheel.step());
  CHECK(wheel.pop_due(start + 10s + wheel.step()) == &t);
}

TEST_CASE("the last instant that there is can be waited for", "[deadline_wheel]") {
  deadline_wheel wheel(start, some_bits);
  wheel_timer t;
  wheel.arm(t, instant::max());
  CHECK(wheel.next() == instant::max());
  CHECK(wheel.pop_due(start + 10s) == nullptr);
  CHECK(t.armed());
}

TEST_CASE("what comes of one timer may disarm another that is due", "[deadline_wheel]") {
  deadline_wheel wheel(start, some_bits);
  wheel_timer first, second;
  wheel.arm(first, start + 1s);
  wheel.arm(second, start + 1s);
  CHECK(wheel.pop_due(start + 2s) == &first);
  wheel.disarm(second);
  CHECK(wheel.pop_due(start + 2s) == nullptr);
  CHECK(wheel.next() == instant::max());
}

TEST_CASE("what comes of one timer may arm it for the past without holding the round", "[deadline_wheel]") {
  deadline_wheel wheel(start, some_bits);
  wheel_timer again, other;
  wheel.arm(again, start + 1s);
  wheel.arm(other, start + 1500ms);
  CHECK(wheel.pop_due(start + 2s) == &again);
  wheel.arm(again, start);
  CHECK(due_at(wheel, start + 2s) == timers{&other});
  CHECK(due_at(wheel, start + 2s + wheel.step()) == timers{&again});
}

TEST_CASE("a timer that dies leaves the wheel", "[deadline_wheel]") {
  deadline_wheel wheel(start, some_bits);
  {
    wheel_timer t;
    wheel.arm(t, start + 1s);
  }
  CHECK(wheel.pop_due(start + 2s) == nullptr);
}

TEST_CASE("many timers come in the order of their deadlines, whatever their number and range", "[deadline_wheel]") {
  std::mt19937_64 random(7);
  deadline_wheel wheel(start, 23);
  std::vector<named> many(2000);
  for (named& t : many) {
    t.wanted = start + std::chrono::milliseconds(random() % 120'000);
    wheel.arm(t, t.wanted);
  }
  for (std::size_t i = 0; i < many.size(); i += 3) wheel.disarm(many[i]);
  std::size_t seen = 0;
  instant now = start;
  while (wheel.next() != instant::max()) {
    REQUIRE(wheel.next() >= now);
    now = wheel.next();
    while (const wheel_timer* const t = wheel.pop_due(now)) {
      const instant wanted = static_cast<const named*>(t)->wanted;
      REQUIRE(wanted <= now);
      REQUIRE(now - wanted <= wheel.step());
      ++seen;
    }
  }
  CHECK(seen == many.size() - (many.size() + 2) / 3);
}

TEST_CASE("the wheel agrees with a plain map of deadlines whatever is armed, moved and disarmed", "[deadline_wheel]") {
  std::mt19937_64 random(7);
  deadline_wheel wheel(instant{}, some_bits);
  std::vector<named> many(500);
  std::map<const wheel_timer*, instant> model;
  instant now{};
  for (int round = 0; round < 20'000; ++round) {
    named& t = many[random() % many.size()];
    if (random() % 4 == 0) {
      wheel.disarm(t);
      model.erase(&t);
    } else {
      t.wanted = now + std::chrono::microseconds(random() % (random() % 8 == 0 ? 30'000'000u : 300'000u));
      wheel.arm(t, t.wanted);
      model[&t] = t.wanted;
    }
    if (random() % 3 == 0) now += std::chrono::microseconds(random() % (random() % 200 == 0 ? 9'000'000u : 3'000u));
    for (const wheel_timer* const due : due_at(wheel, now)) {
      REQUIRE(model.count(due) == 1);
      REQUIRE(model[due] <= now);
      model.erase(due);
    }
    bool in_time = true;
    for (const auto& [timer, due] : model) {
      // One step, and the time until the next look.
      in_time = in_time && timer->armed() && now - due <= 2ms && wheel.next() <= std::max(due, now) + 3ms;
    }
    REQUIRE(in_time);
    for (const named& each : many) REQUIRE(each.armed() == (model.count(&each) == 1));
  }
}
