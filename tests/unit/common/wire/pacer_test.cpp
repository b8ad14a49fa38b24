#include "common/wire/pacer.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "common/protocol/gate2_own.hpp"
#include "common/wire/piece_joiner.hpp"
#include "tests/support/heap.hpp"

using namespace gate;
using namespace gate::peer;
using namespace std::chrono_literals;

namespace {

message request(std::uint64_t call, std::string_view payload = "\x90") {
  message m;
  m.type = message_type::request;
  m.call = call_id{call};
  m.service = "s";
  m.method = "m";
  m.payload = payload;
  return m;
}

message of(message_type type, std::uint64_t call, std::string_view payload = {}) {
  message m;
  m.type = type;
  m.call = call_id{call};
  if (!payload.empty()) m.payload = payload;
  if (type == message_type::credit) m.credit_items = m.credit_bytes = 1;
  return m;
}

// A link with this many bytes a second and this delay, between a pacer and an end that answers marks at once, in
// virtual time. Messages arrive in the order in which they were sent.
class slow_link {
 public:
  struct arrival {
    message_type type;
    std::uint64_t call;
    duration took;  // since it was sent
    std::size_t bytes;
  };

  slow_link(double bytes_a_second, duration way) : rate_(bytes_a_second), way_(way) { pace.enable(); }

  void send(const message& m) {
    if (pace.passes(m)) wire::gate2::append(batch_, m);
    release();
  }

  // Runs the next event. Returns false if nothing is on its way.
  bool step() {
    if (under_way_.empty()) return false;
    const flying next = std::move(under_way_.front());
    under_way_.pop_front();
    now = std::max(now, next.arrives);
    wire::gate2::reader reader(next.batch);
    message m;
    while (reader.next(m)) {
      if (m.type == wire::gate2::type_marked) {
        REQUIRE(pace.answered(m, now));
        release();
      } else if (m.type == wire::gate2::type_mark) {
        message answer;
        answer.type = wire::gate2::type_marked;
        answer.offset = m.offset;
        std::string back;
        wire::gate2::append(back, answer);
        fly({now + way_, now, std::move(back)});
      } else if (m.type == wire::gate2::type_piece) {
        if (joined_.add(m, 64u << 20) == piece_joiner::outcome::whole) {
          const std::string whole = joined_.take();
          wire::gate2::reader inner(whole);
          message inside;
          while (inner.next(inside)) arrived(inside, next.left);
        }
      } else {
        arrived(m, next.left);
      }
    }
    return true;
  }
  void run() {
    while (step()) {
    }
  }
  void run_until(instant until) {
    while (!under_way_.empty() && under_way_.front().arrives <= until) step();
    now = std::max(now, until);
  }
  // The time until one more small message would arrive.
  duration ahead() const { return std::max<duration>(free_at_ - now, 0s) + way_; }

  pacer pace;
  instant now{};
  std::vector<arrival> arrivals;

 private:
  struct flying {
    instant arrives, left;
    std::string batch;
  };

  void release() {
    for (bool more = true; more;) {
      more = pace.release(batch_);
      if (pace.mark_due()) pace.mark(batch_);
      leave();
    }
  }
  void leave() {
    if (batch_.empty()) return;
    pace.left(now);
    const auto on_the_wire = std::chrono::duration<double>(static_cast<double>(batch_.size()) / rate_);
    free_at_ = std::max(free_at_, now) + std::chrono::duration_cast<duration>(on_the_wire);
    fly({free_at_ + way_, now, std::exchange(batch_, {})});
  }
  void fly(flying what) {
    auto at = under_way_.end();
    while (at != under_way_.begin() && std::prev(at)->arrives > what.arrives) --at;
    under_way_.insert(at, std::move(what));
  }
  void arrived(const message& m, instant left) {
    arrivals.push_back({m.type, static_cast<std::uint64_t>(m.call), now - left, m.payload.size_bytes()});
  }

  double rate_;
  duration way_;
  instant free_at_{};
  std::string batch_;
  std::deque<flying> under_way_;
  piece_joiner joined_;
};

std::vector<std::uint64_t> calls_of(const slow_link& link) {
  std::vector<std::uint64_t> calls;
  for (const auto& each : link.arrivals) calls.push_back(each.call);
  return calls;
}

// The longest time that a small message would have waited, asked every 10 ms, while this many calls of this many bytes
// pass.
duration worst_beside(slow_link& link, std::size_t calls, std::size_t bytes) {
  const std::string payload(bytes, 'x');
  for (std::size_t call = 1; call <= calls; ++call) link.send(request(call, payload));
  duration worst = 0s;
  while (link.arrivals.size() < calls) {
    REQUIRE(link.now - instant{} < 600s);
    worst = std::max(worst, link.ahead());
    link.run_until(link.now + 10ms);
  }
  return worst;
}

}  // namespace

TEST_CASE("a peer that knows nothing of pieces is sent everything at once", "[pacer]") {
  pacer pace;
  const std::string large(4u << 20, 'x');
  for (std::uint64_t call = 1; call < 10; ++call) CHECK(pace.passes(request(call, large)));
  CHECK_FALSE(pace.mark_due());
  CHECK(pace.empty());
}

TEST_CASE("small messages cost nothing and are never held back", "[pacer]") {
  pacer pace;
  pace.enable();
  const std::string small(pacer::small_bytes_max, 'x');
  for (std::uint64_t call = 1; call < 1000; ++call) CHECK(pace.passes(request(call, small)));
  CHECK_FALSE(pace.mark_due());
}

TEST_CASE("a large message waits, a small one of another call passes it, one of its own call does not", "[pacer]") {
  slow_link link(1e6, 1ms);
  const std::string large(900'000, 'x');
  link.send(request(1, large));
  link.send(request(2));
  link.send(of(message_type::cancel, 1));
  link.send(of(message_type::heartbeat, 0));
  link.send(of(message_type::drained, 0));  // `drained` ends all that was sent before
  link.send(request(3));
  CHECK(link.pace.bytes() > large.size());
  link.run();
  CHECK(calls_of(link) == std::vector<std::uint64_t>{2, 0, 3, 1, 1, 0});
  CHECK(link.arrivals[0].type == message_type::request);
  CHECK(link.arrivals[1].type == message_type::heartbeat);
  CHECK(link.arrivals[3].bytes == large.size());
  CHECK(link.arrivals[4].type == message_type::cancel);
  CHECK(link.arrivals[5].type == message_type::drained);
  CHECK(link.pace.empty());
  CHECK(link.pace.bytes() == 0);
}

TEST_CASE("large messages of several calls take turns by call, and each call's stay in order", "[pacer]") {
  slow_link link(1e6, 1ms);
  const std::string large(300'000, 'x');
  for (int n = 0; n < 4; ++n) link.send(of(message_type::part, 1, large));
  for (int n = 0; n < 2; ++n) link.send(of(message_type::part, 2, large));
  link.send(request(3, large));
  link.send(of(message_type::final, 1));
  link.run();
  CHECK(calls_of(link) == std::vector<std::uint64_t>{1, 2, 3, 1, 2, 1, 1, 1});
  CHECK(link.arrivals.back().type == message_type::final);
  CHECK(link.pace.empty());
  CHECK(link.pace.bytes() == 0);
}

TEST_CASE("small items of one stream pass the large ones of others, also those that came before", "[pacer]") {
  const auto [rate, most] = GENERATE(std::pair{1e6, 400ms}, std::pair{200e3, 700ms});
  slow_link link(rate, 5ms);
  const std::string large(300'000, 'x');
  for (std::uint64_t call = 1; call <= 3; ++call) {
    for (int n = 0; n < 5; ++n) link.send(of(message_type::part, call, large));
  }
  std::vector<instant> sent;
  std::size_t seen = 0, came = 0;
  duration worst = 0s;
  while (link.arrivals.size() < 15 + sent.size()) {
    REQUIRE(link.now - instant{} < 600s);
    if (came < 15) {
      sent.push_back(link.now);
      link.send(of(message_type::part, 9, "an item"));
    }
    link.run_until(link.now + 100ms);
    for (; seen < link.arrivals.size(); ++seen) {
      if (link.arrivals[seen].call != 9) {
        ++came;
        continue;
      }
      worst = std::max(worst, link.now - sent[seen - came]);
    }
  }
  CHECK(worst <= most);
}

TEST_CASE("a stream of small items gets half of the link beside large ones, not one item for each piece", "[pacer]") {
  slow_link link(1e6, 1ms);
  link.send(of(message_type::part, 1, std::string(8u << 20, 'x')));
  const std::string item(200, 'x');
  constexpr std::size_t items = 2000;  // 0.5 MB, with the overhead of each
  for (std::size_t n = 0; n < items; ++n) link.send(of(message_type::part, 2, item));
  while (link.arrivals.size() < items) REQUIRE(link.step());
  CHECK(link.now - instant{} < 1500ms);
}

TEST_CASE("streams of small items share what they have by bytes", "[pacer]") {
  slow_link link(1e6, 1ms);
  const std::string item(200, 'x'), larger(15'000, 'x');
  for (int n = 0; n < 100; ++n) link.send(of(message_type::part, 1, larger));
  for (int n = 0; n < 2000; ++n) link.send(of(message_type::part, 2, item));
  std::size_t items = 0;
  while (items < 2000) {
    REQUIRE(link.step());
    items = 0;
    for (const auto& each : link.arrivals) items += each.call == 2 ? 1 : 0;
  }
  CHECK(link.now - instant{} < 1500ms);
}

TEST_CASE("a message of less than 32 KiB leaves between two pieces of another", "[pacer]") {
  slow_link link(200e3, 1ms);
  link.send(of(message_type::part, 1, std::string(8u << 20, 'x')));
  link.send(request(2, std::string(30'000, 'x')));
  while (link.arrivals.empty()) REQUIRE(link.step());
  CHECK(link.arrivals[0].call == 2);
  CHECK(link.now - instant{} < 1s);
}

TEST_CASE("whatever is sent arrives whole, in the order of its call, and before the end that follows it", "[pacer]") {
  const auto seed = GENERATE(range(1u, 21u));
  std::mt19937 random(seed);
  const auto below = [&random](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  slow_link link(below(2) == 0 ? 200e3 : 5e6, std::chrono::milliseconds(below(200)));
  const std::string raw(200'000, 'x');
  struct expected {
    std::vector<std::size_t> sizes;
    std::size_t arrived = 0;
  };
  std::map<std::uint64_t, expected> calls;
  std::size_t before_end = 0;
  std::vector<std::size_t> ends;  // for each `drained`: how many messages were sent before it
  for (int n = 0; n < 2000; ++n) {
    if (below(60) == 0) {
      link.send(of(message_type::drained, 0));
      ends.push_back(before_end);
    } else {
      const std::uint64_t call = 1 + below(12);
      const std::size_t size = 1 + (below(3) == 0 ? below(200'000) : below(2) == 0 ? below(40'000) : below(500));
      const std::string_view payload = std::string_view(raw).substr(0, size);
      link.send(below(2) == 0 ? of(message_type::part, call, payload) : request(call, payload));
      calls[call].sizes.push_back(size);
      ++before_end;
    }
    if (below(4) == 0) link.run_until(link.now + std::chrono::milliseconds(below(300)));
  }
  link.run();
  std::size_t came = 0, ended = 0;
  for (const auto& each : link.arrivals) {
    if (each.type == message_type::drained) {
      CHECK(came >= ends.at(ended++));
      continue;
    }
    expected& its = calls.at(each.call);
    CHECK(its.sizes.at(its.arrived++) == each.bytes);
    ++came;
  }
  CHECK(came == before_end);
  CHECK(ended == ends.size());
  CHECK(link.pace.empty());
  CHECK(link.pace.bytes() == 0);
}

TEST_CASE("while something waits for an answer its age counts from the last one", "[pacer]") {
  pacer pace;
  pace.enable();
  const instant began{1h};
  const std::string large(900'000, 'x');
  CHECK(pace.awaited() == 0);
  CHECK_FALSE(pace.passes(request(1, large)));
  std::string batch;
  const auto leave = [&](instant now) {
    for (bool more = true; more;) {
      more = pace.release(batch);
      if (pace.mark_due()) pace.mark(batch);
    }
    pace.left(now);
  };
  leave(began);
  CHECK(pace.age(began + 3s) == 3s);
  const std::uint64_t first = pace.awaited();
  CHECK(first != 0);
  wire::gate2::reader reader(batch);
  message m, answer;
  while (!answer.offset && reader.next(m)) {
    if (m.type == wire::gate2::type_mark) answer.offset = m.offset;
  }
  REQUIRE(answer.offset);
  answer.type = wire::gate2::type_marked;
  CHECK(pace.answered(answer, began + 4s));
  leave(began + 4s);
  CHECK(pace.age(began + 5s) == 1s);
  CHECK(pace.awaited() != first);
  pace.moved(began + 6s);
  CHECK(pace.age(began + 8s) == 2s);
  while (pace.release(batch, true)) {
  }
  CHECK(pace.age(began + 60s) == 0s);
  CHECK(pace.awaited() == 0);
  CHECK_FALSE(pace.passes(request(2, large)));
  leave(began + 60s);
  CHECK(pace.age(began + 61s) == 1s);
}

TEST_CASE("credit waits for its request alone, not for the parts of the other direction", "[pacer]") {
  pacer pace;
  pace.enable();
  const std::string large(900'000, 'x');
  CHECK_FALSE(pace.passes(request(1, large)));
  CHECK_FALSE(pace.passes(of(message_type::credit, 1)));
  CHECK_FALSE(pace.passes(of(message_type::part, 2, large)));
  CHECK(pace.passes(of(message_type::credit, 2)));
  CHECK_FALSE(pace.passes(of(message_type::final, 2)));
}

TEST_CASE("a small message beside large ones takes 300 ms at most over 1 MB/s", "[pacer]") {
  for (const std::size_t calls : {1u, 4u, 20u}) {
    slow_link link(1e6, 5ms);
    INFO(calls << " calls");
    CHECK(worst_beside(link, calls, 900'000) <= 300ms);
  }
}

TEST_CASE("a small message beside many of 10 kB takes 300 ms at most over 1 MB/s", "[pacer]") {
  slow_link link(1e6, 5ms);
  CHECK(worst_beside(link, 300, 10'000) <= 300ms);
}

TEST_CASE("it takes less than half a second over slower links as well", "[pacer]") {
  slow_link slow(300e3, 5ms);
  CHECK(worst_beside(slow, 4, 900'000) <= 500ms);
  slow_link distant(1e6, 50ms);
  CHECK(worst_beside(distant, 4, 4'000'000) <= 400ms);
}

TEST_CASE("a link is used to the full, however far and however fast", "[pacer]") {
  struct one {
    double rate;
    duration way;
  };
  for (const one& each : {one{200e3, 1ms}, one{1e6, 5ms}, one{1e6, 150ms}, one{10e6, 50ms}, one{500e6, 100us}}) {
    slow_link link(each.rate, each.way);
    const auto bytes = static_cast<std::size_t>(each.rate * 10);  // 10 s
    const std::string payload(1u << 20, 'x');
    // Keeps more bytes waiting than the limit lets out, but not all of them: that would be gigabytes.
    constexpr std::size_t waiting_bytes_max = 4 * flight_limit::most_bytes;
    for (std::size_t call = 1; call * payload.size() < bytes; ++call) {
      link.send(of(message_type::part, call, payload));
      while (link.pace.bytes() > waiting_bytes_max && link.step()) {
      }
    }
    link.run();
    INFO(each.rate << " bytes a second");
    CHECK(link.now - instant{} < 12s);
  }
}

TEST_CASE("a link that becomes slow is found out with the next answers", "[pacer]") {
  flight_limit limit;
  instant now{};
  while (limit.bytes() < flight_limit::most_bytes) {
    now += 1ms;
    limit.learn(1ms, limit.bytes(), true, true, now);
  }
  now += 4s;
  CHECK(limit.learn(4s, 4'000'000, true, true, now));  // 1 MB/s
  CHECK(limit.bytes() >= 115'000);
  CHECK(limit.bytes() <= 125'000);
}

TEST_CASE("a way that has become longer is noticed while nothing is on it, and used to the full again", "[pacer]") {
  flight_limit limit;
  instant now{};
  limit.learn(10ms, 10'000, true, true, now);
  CHECK_FALSE(limit.is_stale(now + 10s));
  now += 11s;
  limit.learn(300ms, 128u << 10, true, false, now);
  CHECK(limit.is_stale(now));
  limit.forget_shortest();
  const std::uint64_t before = limit.bytes();
  limit.learn(300ms, 128u << 10, true, true, now);
  CHECK(limit.bytes() == 2 * before);
}

TEST_CASE("an answer that nobody asked for is none", "[pacer]") {
  pacer pace;
  pace.enable();
  message m;
  m.type = wire::gate2::type_marked;
  m.offset = 12;
  CHECK_FALSE(pace.answered(m, instant{}));
}

TEST_CASE("at the end all that waits leaves, in order and whole", "[pacer]") {
  pacer pace;
  pace.enable();
  const std::string large(900'000, 'x');
  CHECK_FALSE(pace.passes(of(message_type::final, 1, large)));
  CHECK_FALSE(pace.passes(of(message_type::bye, 0)));
  std::string batch;
  while (pace.release(batch, true)) {
  }
  piece_joiner joined;
  wire::gate2::reader reader(batch);
  message m;
  std::vector<message_type> types;
  bool whole = false;
  while (reader.next(m)) {
    if (m.type == wire::gate2::type_piece) {
      whole = joined.add(m, 1u << 20) == piece_joiner::outcome::whole;
    } else {
      types.push_back(m.type);
    }
  }
  CHECK(whole);
  CHECK(joined.take().size() > large.size());
  CHECK(types == std::vector<message_type>{message_type::bye});
  CHECK(pace.empty());
}

TEST_CASE("requests that wait, also those of which a piece has left, can be had back", "[pacer]") {
  pacer pace;
  pace.enable();
  const std::string large(900'000, 'x');
  CHECK_FALSE(pace.passes(request(1, large)));
  CHECK_FALSE(pace.passes(of(message_type::part, 1, large)));
  CHECK_FALSE(pace.passes(request(2, large)));
  std::string batch;
  CHECK(pace.release(batch));
  std::vector<std::uint64_t> calls;
  const auto visit = [&calls, &large](const message& m) {
    calls.push_back(static_cast<std::uint64_t>(m.call));
    CHECK(m.payload.size_bytes() == large.size());
  };
  pace.visit_requests(visit);
  CHECK(calls == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("requests that wait are had back as they came, whosever turn it is, and behind an end", "[pacer]") {
  pacer pace;
  pace.enable();
  const std::string large(900'000, 'x'), middle(20'000, 'x');
  CHECK_FALSE(pace.passes(request(1, large)));
  for (std::uint64_t call = 2; call < 12; ++call)
    CHECK_FALSE(pace.passes(request(call, call % 2 == 0 ? middle : large)));
  CHECK_FALSE(pace.passes(of(message_type::drained, 0)));
  CHECK_FALSE(pace.passes(request(12, large)));
  std::vector<std::uint64_t> calls;
  const auto visit = [&calls](const message& m) { calls.push_back(static_cast<std::uint64_t>(m.call)); };
  pace.visit_requests(visit);
  CHECK(calls == std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
}

#ifndef GATE_TEST_SANITIZERS  // they replace operator new

TEST_CASE("a message that cannot wait for lack of memory leaves nothing behind, and the others leave", "[pacer]") {
  slow_link link(1e6, 10ms);
  // Whether the message waits; nothing if there is no memory for that.
  const auto wait = [&link](const message& m, std::size_t block_bytes_max) -> std::optional<bool> {
    const test::short_memory shortage(block_bytes_max);
    try {
      return !link.pace.passes(m);
    } catch (const std::bad_alloc&) {
      return std::nullopt;
    }
  };
  const std::string large(900'000, 'x');
  CHECK_FALSE(wait(request(1, large), 2'000));
  CHECK(link.pace.empty());
  CHECK(link.pace.awaited() == 0);
  std::string batch;
  CHECK_FALSE(link.pace.release(batch));
  const bool is_behind_an_end = GENERATE(false, true);
  link.send(request(1, large));
  if (is_behind_an_end) link.send(of(message_type::drained, 0));
  // Refuses blocks of each size in turn: for the envelope, for its place, and for its call's place.
  std::size_t refused = 0, waiting = 0;
  for (std::uint64_t n = 2; n < 2000; ++n) {
    const std::size_t before = link.pace.bytes();
    if (const std::optional<bool> waits = wait(of(message_type::part, n, "x"), n)) {
      CHECK(*waits);
      ++waiting;
    } else {
      CHECK(link.pace.bytes() == before);
      ++refused;
    }
  }
  CHECK(refused > 50);
  CHECK(waiting > 50);
  link.run();
  CHECK(link.pace.empty());
  CHECK(link.arrivals.size() == 1 + (is_behind_an_end ? 1 : 0) + waiting);
}

#endif
