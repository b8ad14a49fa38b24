#include <array>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <catch2/catch.hpp>

#include <gate/unique_function.hpp>

using gate::unique_function;

static_assert(!std::is_copy_constructible_v<unique_function<void()>>);
static_assert(std::is_nothrow_move_constructible_v<unique_function<void()>>);
static_assert(!std::is_constructible_v<unique_function<int(int)>, std::string (*)(int)>);

TEST_CASE("a unique_function holds what cannot be copied", "[async]") {
  unique_function<int(int)> add = [kept = std::make_unique<int>(40)](int n) { return *kept + n; };
  CHECK(add(2) == 42);
  unique_function<int(int)> moved = std::move(add);
  CHECK_FALSE(add);
  CHECK(moved(3) == 43);
}

TEST_CASE("a unique_function destroys its callable once, small or large", "[async]") {
  auto counted = std::make_shared<int>(0);
  SECTION("small") {
    unique_function<void()> f = [counted] {};
    CHECK(counted.use_count() == 2);
    unique_function<void()> g = std::move(f);
    CHECK(counted.use_count() == 2);
    g = nullptr;
  }
  SECTION("large") {
    std::array<char, 4 * unique_function<void()>::inline_bytes> bulk{};
    bulk[7] = 'x';
    unique_function<char()> f = [counted, bulk] { return bulk[7]; };
    unique_function<char()> g = std::move(f);
    CHECK(g() == 'x');
    CHECK(counted.use_count() == 2);
    f = std::move(g);
    CHECK(f() == 'x');
  }
  CHECK(counted.use_count() == 1);
}

TEST_CASE("a unique_function passes arguments as they are", "[async]") {
  unique_function<std::size_t(std::unique_ptr<std::string>)> consume = [](std::unique_ptr<std::string> s) {
    return s->size();
  };
  CHECK(consume(std::make_unique<std::string>("four")) == 4);
  unique_function<void(int&)> increment = [](int& n) { ++n; };
  int n = 1;
  increment(n);
  CHECK(n == 2);
}
