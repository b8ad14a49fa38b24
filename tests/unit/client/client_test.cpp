#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/client.hpp>
#include <gate/error.hpp>
#include <gate/loop.hpp>
#include <gate/sleep.hpp>
#include <gate/task.hpp>
#include <gate/task_group.hpp>
#include <gate/timeout.hpp>

#include "tests/support/refusing_port.hpp"
#include "tests/unit/client/quick_client.hpp"

using namespace gate;
using namespace std::chrono_literals;
using gate::test::error_of;
using gate::test::heard;
using gate::test::play;
using gate::test::quick;
using gate::test::scripted_broker;

namespace {

task<void> forget(PendingCall call) { co_await std::move(call).as<void>(); }

}  // namespace

TEST_CASE("a call carries service, method and arguments, and its answer comes back typed", "[client]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, quick(broker));
  const auto caller = [&]() -> task<void> {
    int sum = co_await client["calculator"]["add"](2, 3).as<int>();
    CHECK(sum == 5);
    const Reply reply = co_await client["calculator"]["name"](std::string("a longer name than fits inline"));
    CHECK(reply.as<std::string>() == "calculator");
    CHECK(reply.value().as<std::string>() == "calculator");
  };
  const auto script = [&]() -> task<void> {
    const heard add = co_await broker.next();
    CHECK(add.type == message_type::request);
    CHECK(add.service == "calculator");
    CHECK(add.method == "add");
    CHECK(add.payload == encode_arguments(2, 3));
    CHECK(add.flags == 0);
    broker.finish(add, 5);
    const heard name = co_await broker.next();
    broker.finish(name, std::string("calculator"));
  };
  play(where, caller(), script());
}

TEST_CASE("a typed method checks its arguments at compile time and takes what converts to them", "[client]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, quick(broker));
  const auto caller = [&]() -> task<void> {
    const auto add = client["calculator"].method<int(int, int)>("add");
    const int sum = co_await add(2, 3);
    CHECK(sum == 5);
    const auto note = client["audit"].method<void(std::string)>("note");
    co_await note("text");
  };
  const auto script = [&]() -> task<void> {
    const heard add = co_await broker.next();
    CHECK(add.payload == encode_arguments(2, 3));
    broker.finish(add, 5);
    const heard note = co_await broker.next();
    CHECK(note.payload == encode_arguments(std::string("text")));
    broker.end_stream(note);
  };
  play(where, caller(), script());
}

TEST_CASE("options travel with the request", "[client]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, quick(broker));
  const auto caller = [&]() -> task<void> {
    co_await client.ready();
    const auto quotient = co_await client["calculator"]["divide"](named("a", 1.0), named("b", 2.0))
                              .within(20s)
                              .idempotent()
                              .with_metadata("tenant", "x")
                              .as<double>();
    CHECK(quotient == 0.5);
  };
  const auto script = [&]() -> task<void> {
    const heard divide = co_await broker.next();
    CHECK(divide.has(message_flag::idempotent));
    CHECK(divide.has(message_flag::named));
    REQUIRE(divide.budget.has_value());
    CHECK(*divide.budget <= 20s);
    CHECK(metadata_view(divide.metadata).find("tenant") == "x");
    const value arguments = value::decode(divide.payload).value();
    CHECK(arguments[0].size() == 0);
    CHECK(arguments[1]["a"].as<double>() == 1.0);
    CHECK(arguments[1]["b"].as<double>() == 2.0);
    broker.finish(divide, 0.5);
  };
  play(where, caller(), script());
}

TEST_CASE("what a method threw reaches the caller with code, text, type and origin", "[client]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, quick(broker));
  const auto caller = [&]() -> task<void> {
    const std::optional<Error> error = co_await error_of(forget(client["a"]["b"]()));
    REQUIRE(error);
    CHECK(error->code() == errc::failed);
    CHECK(std::string(error->what()) == "no such row");
    CHECK(error->remote_type() == "std::out_of_range");
    CHECK(error->where() == origin::worker);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    broker.fail(call, errc::failed, "no such row", "std::out_of_range");
  };
  play(where, caller(), script());
}

TEST_CASE("an answer of another type than asked for is an error that names both", "[client]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, quick(broker));
  const auto wrong = [&]() -> task<void> { co_await client["a"]["b"]().as<int>(); };
  const auto caller = [&]() -> task<void> {
    const std::optional<Error> error = co_await error_of(wrong());
    REQUIRE(error);
    CHECK(error->code() == errc::invalid_argument);
    CHECK(std::string(error->what()).find("int32") != std::string::npos);
    CHECK(std::string(error->what()).find("string") != std::string::npos);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    broker.finish(call, std::string("five"));
  };
  play(where, caller(), script());
}

TEST_CASE("names that cannot travel are refused before anything is sent", "[client]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, quick(broker));
  const auto caller = [&]() -> task<void> {
    const std::optional<Error> nameless = co_await error_of(forget(client[""]["b"]()));
    REQUIRE(nameless);
    CHECK(nameless->code() == errc::invalid_argument);
    const std::optional<Error> endless = co_await error_of(forget(client["a"][std::string(256, 'x')]()));
    REQUIRE(endless);
    CHECK(endless->code() == errc::invalid_argument);
    CHECK_THROWS_AS(client["a"]["b"]().with_metadata(std::string(300, 'k'), "v"), Error);
  };
  const auto script = []() -> task<void> { co_return; };
  play(where, caller(), script());
}

TEST_CASE("a budget that is over ends the call here and cancels it at the broker", "[client]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, quick(broker));
  const auto caller = [&]() -> task<void> {
    co_await client.ready();
    const std::optional<Error> error = co_await error_of(forget(client["a"]["b"]().within(20ms)));
    REQUIRE(error);
    CHECK(error->code() == errc::timed_out);
    CHECK(error->where() == origin::local);
    CHECK(error->what() == std::string("a.b: no answer within the budget of 20 ms"));
    const auto items = [](PendingCall begun) -> task<void> {
      auto answers = std::move(begun).stream<int>();
      const auto first = co_await answers.next();
      CHECK_FALSE(first);
    };
    const std::optional<Error> of_stream = co_await error_of(items(client["c"]["d"]().within(30ms)));
    REQUIRE(of_stream);
    CHECK(of_stream->what() == std::string("c.d: no answer within the budget of 30 ms"));
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    co_await broker.hears_cancel(call);
    const heard stream = co_await broker.next();
    co_await broker.hears_cancel(stream);
  };
  play(where, caller(), script());
}

TEST_CASE("a caller that is cancelled cancels its call, and a late answer is dropped", "[client]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, quick(broker));
  async_event sent;
  const auto caller = [&]() -> task<void> {
    const env here = co_await current_env();
    task_group group(here);
    group.spawn(forget(client["a"]["slow"]()));
    co_await sent.wait();
    group.cancel();
    co_await group.join();
    const int next = co_await client["a"]["quick"]().as<int>();
    CHECK(next == 1);
  };
  const auto script = [&]() -> task<void> {
    const heard slow = co_await broker.next();
    sent.set();
    co_await broker.hears_cancel(slow);
    broker.finish(slow, 7);
    const heard quick_one = co_await broker.next();
    CHECK(quick_one.call != slow.call);
    broker.finish(quick_one, 1);
  };
  play(where, caller(), script());
}

TEST_CASE("with_timeout ends a call that nobody answers and cancels it", "[client]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, quick(broker));
  const auto caller = [&]() -> task<void> {
    bool late = false;
    co_await client.ready();
    try {
      co_await with_timeout(20ms, client["a"]["b"]().as<int>());
    } catch (const timed_out&) {
      late = true;
    }
    CHECK(late);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    co_await broker.hears_cancel(call);
  };
  play(where, caller(), script());
}

TEST_CASE("calls beyond the limit wait their turn", "[client]") {
  loop where;
  scripted_broker broker(where);
  client_options options = quick(broker);
  options.in_flight_max = 1;
  Client client(where, options);
  std::vector<int> ended;
  const auto one = [&](int n) -> task<void> {
    const int answer = co_await client["a"]["b"](n).as<int>();
    ended.push_back(answer);
  };
  const auto caller = [&]() -> task<void> {
    const env here = co_await current_env();
    task_group group(here);
    for (int n = 1; n <= 3; ++n) group.spawn(one(n));
    co_await group.join();
    CHECK(ended == std::vector<int>{1, 2, 3});
  };
  const auto script = [&]() -> task<void> {
    for (int n = 1; n <= 3; ++n) {
      const heard call = co_await broker.next();
      CHECK(call.payload == encode_arguments(n));
      CHECK(ended.size() == static_cast<std::size_t>(n - 1));
      broker.finish(call, n);
    }
  };
  play(where, caller(), script());
}

TEST_CASE("the time of a call that waits for its turn goes on", "[client]") {
  loop where;
  scripted_broker broker(where);
  client_options options = quick(broker);
  options.in_flight_max = 1;
  options.huge_threshold = 1000;
  Client client(where, options);
  async_event late;
  const auto caller = [&]() -> task<void> {
    const env here = co_await current_env();
    task_group group(here);
    group.spawn(forget(client["a"]["first"]()));
    co_await yield();
    group.spawn(forget(client["a"]["patient"]().within(60s)));
    co_await yield();
    const auto read = [&]() -> task<void> {
      Stream<int> stream = client["a"]["s"]().within(20ms).stream<int>();
      co_await stream.next();
    };
    const std::string large(2000, 'x');
    std::vector<std::optional<Error>> errors;
    const auto fail = [&](task<void> work) -> task<void> {
      const std::optional<Error> error = co_await error_of(std::move(work));
      errors.push_back(error);
    };
    const instant begun = where.now();
    group.spawn(fail(forget(client["a"]["b"]().within(20ms))));
    group.spawn(fail(forget(client["a"]["b"](large).within(20ms))));
    group.spawn(fail(read()));
    while (errors.size() < 3) co_await sleep_for(1ms);
    CHECK(where.now() - begun >= 20ms);
    for (const std::optional<Error>& error : errors) {
      REQUIRE(error);
      CHECK(error->code() == errc::timed_out);
      CHECK_THAT(error->what(), Catch::Contains("in_flight_max"));
    }
    CHECK_THAT(errors[0]->what(), Catch::StartsWith("a.b: "));
    late.set();
    co_await group.join();
  };
  const auto script = [&]() -> task<void> {
    const heard first = co_await broker.next();
    co_await late.wait();
    broker.finish(first, 1);
    const heard patient = co_await broker.next();
    CHECK(patient.method == "patient");
    REQUIRE(patient.budget);
    CHECK(*patient.budget <= 60s - 19ms);
    broker.finish(patient, 2);
  };
  play(where, caller(), script());
}

TEST_CASE("calls beyond the limit are refused as busy when the options say so", "[client]") {
  loop where;
  scripted_broker broker(where);
  client_options options = quick(broker);
  options.in_flight_max = 1;
  options.full = when_full::refuse;
  Client client(where, options);
  async_event refused;
  const auto caller = [&]() -> task<void> {
    const env here = co_await current_env();
    task_group group(here);
    group.spawn(forget(client["a"]["b"]()));
    co_await yield();
    const std::optional<Error> error = co_await error_of(forget(client["a"]["b"]()));
    REQUIRE(error);
    CHECK(error->code() == errc::busy);
    refused.set();
    co_await group.join();
    Stream<int> fits = client["a"]["s"]().stream<int>();
    const auto item = co_await fits.next();
    CHECK(!item);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    co_await refused.wait();
    broker.finish(call, 1);
    const heard stream = co_await broker.next();
    broker.end_stream(stream);
  };
  play(where, caller(), script());
}

TEST_CASE("a one-way call is done when it is sent", "[client]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, quick(broker));
  const auto caller = [&]() -> task<void> { co_await client["audit"]["note"]("text").one_way(); };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    CHECK(call.has(message_flag::one_way));
    CHECK(call.payload == encode_arguments(std::string("text")));
  };
  play(where, caller(), script());
}

TEST_CASE("ready waits for the welcome, and ping asks the broker itself", "[client]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, quick(broker));
  const auto caller = [&]() -> task<void> {
    co_await client.ready();
    CHECK(broker.hellos == 1);
    const duration trip = co_await client.ping();
    CHECK(trip > duration::zero());
  };
  const auto script = [&]() -> task<void> {
    co_await broker.welcome_one();
    const heard call = co_await broker.next();
    CHECK(call.service == "gate");
    CHECK(call.method == "ping");
    broker.finish(call, std::string("pong"));
  };
  play(where, caller(), script());
}

TEST_CASE("without a broker ready and calls end as unavailable and say what to look at", "[client]") {
  loop where;
  const test::refusing_port port;
  const std::string& nobody = port.endpoint();
  client_options options(nobody);
  options.connect_timeout = 50ms;
  Client client(where, options);
  const auto caller = [&]() -> task<void> {
    const std::optional<Error> unready = co_await error_of(client.ready());
    REQUIRE(unready);
    CHECK(unready->code() == errc::unavailable);
    CHECK(std::string(unready->what()).find(nobody) != std::string::npos);
    const std::optional<Error> failed = co_await error_of(forget(client["a"]["b"]()));
    REQUIRE(failed);
    CHECK(failed->code() == errc::unavailable);
    CHECK(failed->where() == origin::local);
  };
  const auto script = []() -> task<void> { co_return; };
  play(where, caller(), script());
}

TEST_CASE("when the broker vanishes, idempotent calls are sent again and others end as unavailable", "[client]") {
  loop where;
  std::optional<scripted_broker> broker;
  broker.emplace(where);
  const std::string address = broker->address();
  Client client(where, quick(*broker));
  const auto caller = [&]() -> task<void> {
    const env here = co_await current_env();
    task_group group(here);
    const auto again = [&]() -> task<void> {
      const int answer = co_await client["a"]["again"]().idempotent().as<int>();
      CHECK(answer == 42);
    };
    const auto lost = [&]() -> task<void> {
      const std::optional<Error> error = co_await error_of(forget(client["a"]["once"]()));
      REQUIRE(error);
      CHECK(error->code() == errc::unavailable);
      CHECK(std::string(error->what()).find("may have been executed") != std::string::npos);
    };
    group.spawn(again());
    group.spawn(lost());
    co_await group.join();
  };
  const auto script = [&]() -> task<void> {
    const heard first = co_await broker->next();
    const heard second = co_await broker->next();
    CHECK(first.attempt == 0);
    CHECK(second.attempt == 0);
    broker.reset();
    broker.emplace(where, address);
    const heard repeated = co_await broker->next();
    CHECK(repeated.method == "again");
    CHECK(repeated.attempt == 1);
    broker->finish(repeated, 42);
  };
  play(where, caller(), script());
}

TEST_CASE("a broker that vanishes between two pieces of a result ends the call once, and leaves nothing behind",
          "[client]") {
  loop where;
  std::optional<scripted_broker> broker;
  const auto begin = [&](const std::string& address) {
    broker.emplace(where, address);
    broker->capabilities = capability::streams | wire::gate2::capability_pieces;
  };
  begin("tcp://127.0.0.1:*");
  const std::string address = broker->address();
  Client client(where, quick(*broker));
  const std::string text(100'000, 'x');
  const auto caller = [&]() -> task<void> {
    const env here = co_await current_env();
    task_group group(here);
    const auto again = [&]() -> task<void> {
      const std::string answer = co_await client["a"]["again"]().idempotent().as<std::string>();
      CHECK(answer == text);
    };
    const auto lost = [&]() -> task<void> {
      const std::optional<Error> error = co_await error_of(forget(client["a"]["once"]()));
      REQUIRE(error);
      CHECK(error->code() == errc::unavailable);
      CHECK(std::string(error->what()).find("may have been executed") != std::string::npos);
    };
    group.spawn(lost());
    group.spawn(again());
    co_await group.join();
  };
  const auto script = [&]() -> task<void> {
    const std::string payload = encode(text);
    message result;
    result.type = message_type::final;
    result.payload = payload_view(bytes_view(payload));
    const heard once = co_await broker->next();
    const heard again = co_await broker->next();
    // A mark shows that the piece has arrived: the client answers it after the piece.
    result.call = once.call;
    broker->say_in_pieces(once.peer, result, false);
    message mark;
    mark.type = wire::gate2::type_mark;
    mark.offset = 1;
    broker->say(once.peer, mark);
    const heard answer = co_await broker->next();
    CHECK(answer.type == wire::gate2::type_marked);
    broker.reset();
    begin(address);
    const heard repeated = co_await broker->next();
    CHECK(repeated.method == "again");
    CHECK(repeated.attempt == again.attempt + 1);
    result.call = repeated.call;
    broker->say_in_pieces(repeated.peer, result, true);
  };
  play(where, caller(), script());
}

TEST_CASE("closing takes leave, and ends what is in flight and later calls as cancelled", "[client]") {
  loop where;
  scripted_broker broker(where);
  std::optional<Client> client;
  client.emplace(where, quick(broker));
  const Method method = (*client)["a"]["b"];
  async_event sent;
  const auto caller = [&]() -> task<void> {
    const env here = co_await current_env();
    task_group group(here);
    const auto open = [&]() -> task<void> {
      const std::optional<Error> error = co_await error_of(forget(method()));
      REQUIRE(error);
      CHECK(error->code() == errc::cancelled);
    };
    group.spawn(open());
    co_await sent.wait();
    client.reset();
    co_await group.join();
    const std::optional<Error> late = co_await error_of(forget(method()));
    REQUIRE(late);
    CHECK(late->code() == errc::cancelled);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    sent.set();
    const heard bye = co_await broker.next();
    CHECK(bye.type == message_type::bye);
    CHECK(bye.status == errc::ok);
  };
  play(where, caller(), script());
}
