// The forms of arguments in an await that every compiler compiles right: each object is destroyed once. The forms that
// g++ before 13 breaks do not compile: tests/compile/broken_await.cc.
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/client.hpp>
#include <gate/loop.hpp>
#include <gate/named_value.hpp>
#include <gate/task.hpp>
#include <gate/thread_pool.hpp>

#include "tests/unit/client/quick_client.hpp"

using namespace gate;
using namespace std::chrono_literals;
using gate::test::heard;
using gate::test::play;
using gate::test::quick;
using gate::test::scripted_broker;

namespace {

int alive = 0;

// Counts the living objects. A sanitizer sees a second destruction by the pointer.
class probe {
 public:
  probe(int n = 0) : number_(std::make_unique<int>(n)) { ++alive; }  // NOLINT: converts
  probe(const probe& other) : number_(std::make_unique<int>(*other.number_)) { ++alive; }
  probe(probe&& other) noexcept : number_(std::move(other.number_)) { ++alive; }
  probe& operator=(const probe& other) {
    number_ = std::make_unique<int>(*other.number_);
    return *this;
  }
  ~probe() { --alive; }
  template <class Packer> void msgpack_pack(Packer& to) const { to.pack(*number_); }
  void msgpack_unpack(const msgpack::object& o) { number_ = std::make_unique<int>(o.as<int>()); }

 private:
  std::unique_ptr<int> number_;
};
struct order {
  probe sku;
  int n = 0;
  MSGPACK_DEFINE(sku, n)
};
struct point {
  int x = 0, y = 0;
  MSGPACK_DEFINE(x, y)
};
class tidy {
 public:
  tidy(probe s, int k) : sku(std::move(s)), n(k) {}
  MSGPACK_DEFINE(sku, n)

 private:
  probe sku;
  int n;
};

// Answers this many requests. Each has one argument that is sent as the list [1, 2], or as a list of these.
task<void> answer(scripted_broker& broker, std::size_t count, const std::string& expected) {
  for (std::size_t i = 0; i < count; ++i) {
    const heard request = co_await broker.next();
    INFO("request " << i);
    CHECK(request.payload.ends_with(expected));
    broker.finish(request, 0);
  }
}

}  // namespace

static_assert(detail::breaks<order>::value && detail::breaks<std::optional<order>>::value);
static_assert(detail::breaks<std::vector<order>>::value && detail::breaks<std::array<std::string, 2>>::value);
static_assert(!detail::breaks<std::string>::value && !detail::breaks<point>::value && !detail::breaks<tidy>::value);
static_assert(!detail::breaks<std::vector<std::string>>::value && !detail::breaks<std::map<std::string, int>>::value);
static_assert(!detail::breaks<generator<order>>::value && !detail::breaks<HugeData>::value);
static_assert(!std::is_aggregate_v<client_options> && !std::is_aggregate_v<huge_options>);
static_assert(detail::safe_argument<order&> && detail::safe_argument<const order&>);
static_assert(detail::safe_argument<order> == !detail::compiler_destroys_aggregates_twice);
static_assert(std::is_same_v<in<std::string>, std::string> && std::is_same_v<in<point>, point>);
static_assert(std::is_same_v<in<order>, order> == !detail::compiler_destroys_aggregates_twice);

TEST_CASE("an argument with a name is destroyed once, in every form that compiles", "[client]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, quick(broker));
  const auto caller = [&]() -> task<void> {
    const Method put = client["inventory"]["put"];
    const auto typed = client["inventory"].method<int(order)>("put");
    const auto maybe = client["inventory"].method<int(std::optional<order>)>("put");
    const order item{probe(1), 2};
    const std::optional<order> there(item);
    co_await put(item);
    co_await put(item).within(10s).idempotent().as<int>();
    co_await put(named("item", item));
    co_await put(there);
    co_await put(tidy(probe(1), 2));
    co_await put(tidy{probe(1), 2});  // await-ok: a class with a constructor
    co_await put(point{1, 2});        // await-ok: it has no destructor
    co_await put(std::make_pair(probe(1), 2));
    co_await put(std::tuple<probe, int>(probe(1), 2));
    co_await typed(item);
    co_await typed.call(item).within(10s);
    co_await maybe(item);
    co_await maybe(there);
    PendingCall unnamed = put(order{probe(1), 2});
    co_await std::move(unnamed);
    auto items = put(order{probe(1), 2}).stream<int>();
    while (auto number = co_await items.next()) CHECK(*number == 0);
  };
  play(where, caller(), answer(broker, 15, std::string("\x92\x01\x02", 3)));
  CHECK(alive == 0);
}

TEST_CASE("a named list, a moved one and text need no other form", "[client]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, quick(broker));
  const auto caller = [&]() -> task<void> {
    const auto typed = client["inventory"].method<int(std::vector<std::string>)>("put");
    const Method put = client["inventory"]["put"];
    std::vector<std::string> list{std::string(40, 'x')};
    co_await put(list);
    co_await typed(list);
    co_await put(std::vector<std::string>(1, std::string(40, 'x')));
    co_await put(std::move(list));
  };
  std::string expected = "\x91\xd9\x28";
  expected += std::string(40, 'x');
  play(where, caller(), answer(broker, 4, expected));
}

TEST_CASE("a lambda that has a name, or is awaited by the name of its run, goes to a pool", "[client]") {
  loop where;
  thread_pool pool(1, 8);
  const auto caller = [&]() -> task<void> {
    const probe held(1);
    const auto job = [held] { return 1; };
    const int named_result = co_await pool.run(job);
    CHECK(named_result == 1);
    auto running = pool.run([held] { return 2; });
    const int run_result = co_await running;
    CHECK(run_result == 2);
    // await-ok: nothing that is captured has a destructor
    const int by_reference = co_await pool.run([&held] { return 3; });
    CHECK(by_reference == 3);
  };
  where.run(caller());
  CHECK(alive == 0);
}
