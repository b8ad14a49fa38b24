// Replies whose type is not the one that their caller asks for.
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/client.hpp>
#include <gate/error.hpp>
#include <gate/generator.hpp>
#include <gate/loop.hpp>
#include <gate/task.hpp>
#include <gate/timeout.hpp>

#include "tests/unit/client/quick_client.hpp"

using namespace gate;
using namespace std::chrono_literals;
using gate::test::error_of;
using gate::test::heard;
using gate::test::play;
using gate::test::quick;
using gate::test::scripted_broker;

namespace {

struct offer {
  std::string sku;
  std::vector<std::string> tags;
  MSGPACK_DEFINE_MAP(sku, tags)
};

}  // namespace

TEST_CASE("an answer that does not fit names its call, and where in the answer", "[client]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, quick(broker));
  // This client has a loop and a thread of its own: the reply crosses to this loop.
  Client other(quick(broker));
  std::vector<std::string> texts;
  const auto text_of = [](task<void> work) -> task<std::string> {
    const auto error = co_await error_of(std::move(work));
    if (!error) co_return "no error";
    CHECK(error->code() == errc::invalid_argument);
    CHECK(error->where() == origin::local);
    co_return error->what();
  };
  const auto price = [](Client c) -> task<void> { co_await c["shop"]["price"](1).as<std::string>(); };
  const auto find = [](Client c) -> task<void> { co_await c["shop"]["find"](1).as<offer>(); };
  const auto typed = [](Client c) -> task<void> {
    const auto method = c["shop"].method<int(int)>("count");
    co_await method(1);
  };
  const auto later = [](Client c) -> task<void> {
    const Reply reply = co_await c["shop"]["a_method_with_a_long_name"](1);
    static_cast<void>(reply.as<bool>());
  };
  const auto huge = [](Client c) -> task<void> { co_await c["shop"]["export"](1).huge(); };
  const auto items = [](Client c) -> task<void> {
    auto all = c["shop"]["list"](1).stream<offer>();
    while (auto one = co_await all.next()) static_cast<void>(one);
  };
  const auto with_items = [](Client c) -> task<void> {
    const auto numbers = []() -> generator<int> { co_yield 1; };
    co_await c["shop"]["sum"](numbers()).as<int>();
  };
  const std::vector<task<void> (*)(Client)> all{+price, +find, +typed, +later, +huge, +items, +with_items};
  const auto caller = [&]() -> task<void> {
    for (const auto one : all) {
      std::string text = co_await text_of(one(client));
      texts.push_back(std::move(text));
    }
    std::string text = co_await text_of(price(other));
    texts.push_back(std::move(text));
  };
  const auto script = [&]() -> task<void> {
    offer wrong;
    wrong.sku = "bolt";
    const std::map<std::string, std::vector<int>> with_numbers{{"tags", {1, 2}}};
    const auto price_again = [&]() -> task<void> {
      const heard call = co_await broker.next();
      broker.finish(call, 1.5);
    };
    co_await price_again();
    const heard find_call = co_await broker.next();
    broker.finish(find_call, with_numbers);
    const heard typed_call = co_await broker.next();
    broker.finish(typed_call, wrong);
    const heard later_call = co_await broker.next();
    broker.finish(later_call, 1);
    const heard huge_call = co_await broker.next();
    broker.finish(huge_call, 1.5);
    const heard list_call = co_await broker.next();
    broker.part(list_call, wrong);
    broker.part(list_call, with_numbers);
    co_await broker.hears_cancel(list_call);
    const heard sum_call = co_await broker.next();
    broker.finish(sum_call, std::string("three"));
    co_await price_again();
  };
  play(where, caller(), script());
  CHECK(texts == std::vector<std::string>{
                     "shop.price: result must be string, got float",
                     "shop.find: result.tags[0]: must be string, got int",
                     "shop.count: result must be int32, got map<string,any>",
                     "shop.a_method_with_a_long_name: result must be bool, got int 1",
                     "shop.export: result must be bytes or string, got float",
                     "shop.list: item.tags[0]: must be string, got int",
                     "shop.sum: result must be int32, got string",
                     "shop.price: result must be string, got float",
                 });
}

TEST_CASE("a thread that waits is told which answer does not fit", "[client]") {
  loop where;
  scripted_broker broker(where);
  const Client client(quick(broker));
  std::vector<std::string> texts;
  std::thread waiting([&] {
    const auto note = [&](auto work) {
      try {
        work();
      } catch (const Error& e) {
        texts.emplace_back(e.what());
      }
    };
    note([&] { static_cast<void>(client["shop"]["price"]().get<std::string>()); });
    note([&] { static_cast<void>(client["shop"]["price"]().future<std::string>().get()); });
    note([&] {
      for (const int one : client["shop"]["list"]().stream<int>().blocking()) static_cast<void>(one);
    });
  });
  const auto script = [&]() -> task<void> {
    for (int i = 0; i < 2; ++i) {
      const heard call = co_await broker.next();
      broker.finish(call, 1.5);
    }
    const heard list = co_await broker.next();
    broker.part(list, 1.5);
    co_await broker.hears_cancel(list);
  };
  where.run(with_timeout(20s, script()));
  waiting.join();
  CHECK(texts == std::vector<std::string>{"shop.price: result must be string, got float",
                                          "shop.price: result must be string, got float",
                                          "shop.list: item must be int32, got float"});
}
