#include "broker/core/src/in_flight.hpp"

#include <random>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include "broker/core/src/peer_table.hpp"

using namespace gate;
using namespace gate::broker;

namespace {

void put(in_flight& table, call& c, peer& client, std::uint64_t number) {
  c.client = &client;
  c.client_call = call_id{number};
  c.stage = call_stage::queued;
  table.enter(c);
}

void drop(in_flight& table, call& c) {
  table.remove(c);
  c.client = nullptr;
  c.stage = call_stage::loose;
  table.release(c);
}

}  // namespace

TEST_CASE("a call is found by its client's number until it is removed", "[broker]") {
  in_flight table;
  peer ann(peer_id{1}, {}), bob(peer_id{2}, {});
  CHECK(table.find(ann, call_id{5}) == nullptr);
  call& a = table.take();
  call& b = table.take();
  put(table, a, ann, 5);
  put(table, b, bob, 5);
  CHECK(table.find(ann, call_id{5}) == &a);
  CHECK(table.find(bob, call_id{5}) == &b);
  CHECK(table.find(ann, call_id{6}) == nullptr);
  drop(table, a);
  CHECK(table.find(ann, call_id{5}) == nullptr);
  CHECK(table.find(bob, call_id{5}) == &b);
  drop(table, b);
}

TEST_CASE("the index stays right while calls come and go at random", "[broker]") {
  in_flight table;
  peer ann(peer_id{1}, {}), bob(peer_id{2}, {});
  std::mt19937_64 random(3);
  std::vector<call*> open;
  std::set<std::pair<peer*, std::uint64_t>> names;
  for (int step = 0; step < 20'000; ++step) {
    if (open.empty() || random() % 100 < 52) {
      peer& client = random() % 2 == 0 ? ann : bob;
      const std::uint64_t number = random() % 4096;
      if (!names.insert({&client, number}).second) continue;
      call& c = table.take();
      put(table, c, client, number);
      open.push_back(&c);
    } else {
      std::swap(open[random() % open.size()], open.back());
      names.erase({open.back()->client, static_cast<std::uint64_t>(open.back()->client_call)});
      drop(table, *open.back());
      open.pop_back();
    }
  }
  REQUIRE(table.entered() == open.size());
  for (call* c : open) CHECK(table.find(*c->client, c->client_call) == c);
  for (call* c : open) drop(table, *c);
  CHECK(table.entered() == 0);
}

TEST_CASE("a slot that is used again has another name", "[broker]") {
  in_flight table;
  worker w;
  call& c = table.take();
  c.holder = &w;
  const call_id name = in_flight::rename(c);
  CHECK(table.held_by(w, name) == &c);
  c.holder = nullptr;
  CHECK(table.held_by(w, name) == nullptr);
  table.release(c);
  call& again = table.take();
  REQUIRE(&again == &c);
  again.holder = &w;
  const call_id other = in_flight::rename(again);
  CHECK(table.held_by(w, other) == &again);
  CHECK(table.held_by(w, name) == nullptr);
  CHECK(static_cast<std::uint64_t>(other) != 0);
  again.holder = nullptr;
}

TEST_CASE("a name that was never given is held by nobody", "[broker]") {
  in_flight table;
  worker w;
  for (std::uint64_t n : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0xffffffff}, ~std::uint64_t{0}}) {
    CHECK(table.held_by(w, call_id{n}) == nullptr);
  }
}

TEST_CASE("slots that are not needed are given back, and no name comes twice", "[broker]") {
  in_flight table;
  peer ann(peer_id{1}, {});
  worker holder;
  std::vector<call*> open;
  std::set<std::uint64_t> names;
  const auto open_some = [&](std::uint64_t count, std::uint64_t from) {
    for (std::uint64_t n = 0; n < count; ++n) {
      call& c = table.take();
      put(table, c, ann, from + n);
      c.holder = &holder;
      const call_id name = in_flight::rename(c);
      CHECK(names.insert(static_cast<std::uint64_t>(name)).second);
      CHECK(table.held_by(holder, name) == &c);
      open.push_back(&c);
    }
  };
  const auto end_all_but = [&](std::size_t kept) {
    while (open.size() > kept) {
      open.back()->holder = nullptr;
      drop(table, *open.back());
      open.pop_back();
    }
  };
  open_some(5'000, 1);
  const std::set<std::uint64_t> former = names;
  end_all_but(3);
  table.forget_spare();
  CHECK(table.slots() <= 512);
  CHECK(table.entered() == 3);
  for (const std::uint64_t name : former) {
    const call* const c = table.held_by(holder, call_id{name});
    CHECK((c == nullptr || c == open[0] || c == open[1] || c == open[2]));
  }
  CHECK(table.find(ann, call_id{1}) == open[0]);
  open_some(5'000, 10'000);
  CHECK(table.entered() == 5'003);
  std::size_t seen = 0;
  table.for_each([&seen](const call&) { ++seen; });
  CHECK(seen == 5'003);
  end_all_but(0);
  table.forget_spare();
}
