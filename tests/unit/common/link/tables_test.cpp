#include <random>
#include <set>
#include <unordered_map>

#include <catch2/catch.hpp>

#include "common/link/call_slots.hpp"
#include "common/link/id_map.hpp"

using gate::call_id;

namespace {
struct record {
  int value = 0;
  void reset() noexcept { *this = record(); }
};
}  // namespace

TEST_CASE("an id is never given twice, though its slot is", "[peer]") {
  gate::peer::call_slots<record> slots;
  std::set<call_id> seen;
  for (int i = 0; i < 10'000; ++i) {
    const auto [id, r] = slots.add();
    CHECK(r->value == 0);
    r->value = i;
    REQUIRE(seen.insert(id).second);
    REQUIRE(slots.slot_of(id) < 256);
    slots.remove(id);
    REQUIRE(slots.find(id) == nullptr);
  }
  CHECK(slots.size() == 0);
}

TEST_CASE("a record keeps its address while others come", "[peer]") {
  gate::peer::call_slots<record> slots;
  const auto first = slots.add();
  first.record->value = 42;
  for (int i = 0; i < 5000; ++i) slots.add();
  CHECK(slots.find(first.id) == first.record);
  CHECK(first.record->value == 42);
  const auto ids = slots.ids();
  CHECK(ids.size() == 5001);
  CHECK(ids.front() == first.id);
}

TEST_CASE("no call is found under 0 or under a number that was never given", "[peer]") {
  gate::peer::call_slots<record> slots;
  CHECK(slots.find(call_id{0}) == nullptr);
  CHECK(slots.find(call_id{12345}) == nullptr);
  slots.add();
  CHECK(slots.find(call_id{0}) == nullptr);
  CHECK(slots.find(call_id{~0ull}) == nullptr);
}

TEST_CASE("the id map agrees with a standard one whatever is inserted and erased", "[peer]") {
  std::mt19937_64 random(3);
  gate::peer::id_map map;
  std::unordered_map<std::uint64_t, std::uint64_t> model;
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t from = 1 + random() % 300;
    if (random() % 2 == 0) {
      const std::uint64_t to = 1 + random();
      REQUIRE(map.insert(call_id{from}, call_id{to}) == model.emplace(from, to).second);
    } else {
      map.erase(call_id{from});
      model.erase(from);
    }
    REQUIRE(map.size() == model.size());
    const std::uint64_t asked = 1 + random() % 300;
    const auto found = model.find(asked);
    REQUIRE(map.find(call_id{asked}) == call_id{found == model.end() ? 0 : found->second});
  }
  map.clear();
  CHECK(map.size() == 0);
  CHECK(map.find(call_id{1}) == call_id{});
}
