#include "broker/engine/memory_keeper.hpp"

#include <catch2/catch.hpp>

using namespace gate;
using namespace gate::broker;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t mib = 1u << 20;

instant at(std::chrono::milliseconds t) { return instant{} + 1h + t; }

}  // namespace

TEST_CASE("memory is given back when a flood has been over for a second, once", "[broker]") {
  memory_keeper memory;
  CHECK_FALSE(memory.is_due(0, at(0ms)));
  CHECK_FALSE(memory.is_due(500 * mib, at(1s)));
  CHECK(memory.next() == instant::max());
  CHECK_FALSE(memory.is_due(3 * mib, at(2s)));
  CHECK(memory.next() == at(3s));
  CHECK_FALSE(memory.is_due(2 * mib, at(2999ms)));
  CHECK(memory.is_due(2 * mib, at(3s)));
  CHECK(memory.next() == instant::max());
  CHECK_FALSE(memory.is_due(2 * mib, at(10s)));
}

TEST_CASE("no memory is given back that is needed again and again, nor for little", "[broker]") {
  memory_keeper memory;
  for (int i = 0; i < 100; ++i) {
    CHECK_FALSE(memory.is_due(0, at(i * 900ms)));
    CHECK_FALSE(memory.is_due(64 * mib, at(i * 900ms + 450ms)));
  }
  memory_keeper little;
  CHECK_FALSE(little.is_due(7 * mib, at(0ms)));
  CHECK_FALSE(little.is_due(0, at(10s)));
  CHECK(little.next() == instant::max());
}

TEST_CASE("what half of the flood still needs is waited for", "[broker]") {
  memory_keeper memory;
  CHECK_FALSE(memory.is_due(100 * mib, at(0ms)));
  CHECK_FALSE(memory.is_due(60 * mib, at(1s)));
  CHECK_FALSE(memory.is_due(60 * mib, at(20s)));
  CHECK_FALSE(memory.is_due(40 * mib, at(21s)));
  CHECK(memory.is_due(40 * mib, at(22s)));
}
