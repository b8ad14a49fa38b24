#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <catch2/catch.hpp>
#include <unistd.h>

#include <gate/descriptor.hpp>
#include <gate/error.hpp>
#include <gate/sleep.hpp>
#include <gate/task_group.hpp>
#include <gate/timeout.hpp>
#include <gate/worker.hpp>

#include "common/log/program_log.hpp"
#include "common/protocol/gate2_own.hpp"
#include "common/wire/descriptor_codec.hpp"
#include "tests/unit/client/scripted_broker.hpp"

namespace {

using namespace gate;
using namespace std::chrono_literals;
using gate::test::heard;
using gate::test::scripted_broker;

class Empty : public Worker {};

class Helper : public Worker {
 public:
  GATE_INTERFACE(twice, wait, count, plain)
  task<int> twice(int n) { co_return 2 * n; }
  task<void> wait() { co_await sleep_for(1h); }
  generator<int> count(int below) {
    for (int i = 0; i < below; ++i) co_yield i;
  }
  int plain(int n) {
    ++plain_calls;
    return n + 1;
  }

  task<void> on_start() override {
    ++starts;
    co_return;
  }
  task<void> on_stop() override {
    ++stops;
    co_return;
  }
  int starts = 0, stops = 0;
  std::atomic<int> plain_calls = 0;
};

worker_options at(const scripted_broker& broker) {
  worker_options o;
  o.broker = broker.address();
  o.threads = 1;
  o.connect_timeout = 10s;
  o.reconnect_pause_min = 1ms;
  o.reconnect_pause_max = 5ms;
  return o;
}

// Calls as the broker does. The peer is known from its first message.
class asker {
 public:
  asker(scripted_broker& broker, std::string peer) : broker_(broker), peer_(std::move(peer)) {}
  template <class... A> void ask(std::uint64_t number, std::string_view method, std::uint32_t credit, const A&... a) {
    const std::string payload = encode_arguments(a...);
    message m;
    m.type = message_type::request;
    m.call = call_id{number};
    m.service = "helper";
    m.method = method;
    m.payload = bytes_view(payload);
    m.credit_items = credit;
    m.credit_bytes = credit == 0 ? 0 : 1u << 20;
    if (credit != 0) m.flags = message_flag::wants_stream;
    broker_.say(peer_, m);
  }
  void say(message_type type) {
    message m;
    m.type = type;
    broker_.say(peer_, m);
  }

 private:
  scripted_broker& broker_;
  std::string peer_;
};

task<void> serve_within(cancel_scope& scope, loop& where, Worker& what, worker_options options) {
  auto serving = serve(where, what, std::move(options));
  co_await std::move(serving).within(scope);
}

// Serves and plays the broker's script side by side, until both have ended.
task<void> both(task<void> served, task<void> script) {
  const env here = co_await current_env();
  task_group group(here);
  group.spawn(std::move(served));
  group.spawn(std::move(script));
  co_await group.join();
}
void play(loop& where, task<void> served, task<void> script) {
  where.run(with_timeout(20s, both(std::move(served), std::move(script))));
}

task<void> answers_calls(scripted_broker& broker, Helper& what) {
  co_await broker.welcome_one();
  asker worker(broker, broker.last_peer());
  worker.ask(1, "twice", 0, 21);
  const heard first = co_await broker.next();
  CHECK(first.type == message_type::final);
  CHECK(first.call == call_id{1});
  CHECK(decode_as<int>(first.payload) == 42);

  worker.ask(2, "plain", 0, 1);
  const heard second = co_await broker.next();
  CHECK(decode_as<int>(second.payload) == 2);

  worker.ask(3, "describe", 0);
  const heard third = co_await broker.next();
  const auto described = decode_descriptor(third.payload);
  REQUIRE(described);
  CHECK(described->methods.size() == 4);
  CHECK(described->pid != 0);

  worker.ask(4, "count", 10, 5);
  for (int i = 0; i < 5; ++i) {
    const heard item = co_await broker.next();
    CHECK(item.type == message_type::part);
    CHECK(decode_as<int>(item.payload) == i);
  }
  const heard end = co_await broker.next();
  CHECK(end.type == message_type::final);

  CHECK(what.registered());
  what.drain();
  const heard drain = co_await broker.next();
  CHECK(drain.type == message_type::drain);
  worker.say(message_type::drained);
  const heard bye = co_await broker.next();
  CHECK(bye.type == message_type::bye);
}

task<void> cancels(scripted_broker& broker, cancel_scope& scope) {
  co_await broker.welcome_one();
  asker worker(broker, broker.last_peer());
  worker.ask(1, "wait", 0);
  worker.ask(2, "twice", 0, 1);
  const heard answer = co_await broker.next();
  CHECK(answer.call == call_id{2});
  scope.cancel();
  const heard bye = co_await broker.next();
  CHECK(bye.type == message_type::bye);
}

task<void> asks_once(scripted_broker& broker, Worker& what) {
  co_await broker.welcome_one();
  asker worker(broker, broker.last_peer());
  worker.ask(1, "nothing", 0);
  const heard answer = co_await broker.next();
  CHECK(answer.type == message_type::error);
  what.drain();
  const heard drain = co_await broker.next();
  CHECK(drain.type == message_type::drain);
  worker.say(message_type::drained);
}

task<void> says_bye_once(scripted_broker& broker, Helper& what) {
  co_await broker.welcome_one();
  asker worker(broker, broker.last_peer());
  worker.ask(1, "wait", 0);
  worker.say(message_type::bye);
  co_await broker.welcome_one();
  asker again(broker, broker.last_peer());
  again.ask(1, "twice", 0, 4);
  const heard answer = co_await broker.next();
  CHECK(answer.type == message_type::final);
  CHECK(decode_as<int>(answer.payload) == 8);
  what.drain();
  const heard drain = co_await broker.next();
  CHECK(drain.type == message_type::drain);
  again.say(message_type::drained);
}

task<void> drains_too_long(scripted_broker& broker, Helper& what) {
  co_await broker.welcome_one();
  asker worker(broker, broker.last_peer());
  worker.ask(1, "wait", 0);
  worker.ask(2, "twice", 0, 1);
  const heard answer = co_await broker.next();
  CHECK(answer.call == call_id{2});
  what.drain();
  const heard drain = co_await broker.next();
  CHECK(drain.type == message_type::drain);
  worker.say(message_type::drained);
  const heard bye = co_await broker.next();
  CHECK(bye.type == message_type::bye);
}

// The first broker leaves between two pieces of a request. The second one sends another request, whole, in pieces.
task<void> leaves_between_pieces(loop& where, std::optional<scripted_broker>& broker) {
  const std::string payload = encode_arguments(41);
  message request;
  request.type = message_type::request;
  request.call = call_id{1};
  request.service = "helper";
  request.method = "plain";
  request.payload = bytes_view(payload);
  message mark;
  mark.type = wire::gate2::type_mark;
  mark.offset = 1;
  const std::string address = broker->address();
  co_await broker->welcome_one();
  broker->say_in_pieces(broker->last_peer(), request, false);
  broker->say(broker->last_peer(), mark);
  const heard answer = co_await broker->next();
  CHECK(answer.type == wire::gate2::type_marked);
  broker.reset();
  broker.emplace(where, address);
  broker->capabilities = capability::streams | wire::gate2::capability_pieces;
  co_await broker->welcome_one();
  request.call = call_id{7};
  broker->say_in_pieces(broker->last_peer(), request, true);
  const heard result = co_await broker->next();
  CHECK(result.type == message_type::final);
  CHECK(result.call == call_id{7});
  CHECK(decode_as<int>(result.payload) == 42);
  message bye;
  bye.type = message_type::bye;
  bye.status = errc::permission_denied;
  broker->say(broker->last_peer(), bye);
}

task<void> welcome_only(scripted_broker& broker) { co_await broker.welcome_one(); }

}  // namespace

TEST_CASE("a served worker registers, answers, and leaves in order when it drains", "[worker]") {
  loop where;
  scripted_broker broker(where);
  Helper what;
  int registrations = 0;
  worker_options options = at(broker);
  options.on_registered = [&registrations] { ++registrations; };
  play(where, serve(where, what, std::move(options)), answers_calls(broker, what));
  CHECK(registrations == 1);
  CHECK(what.starts == 1);
  CHECK(what.stops == 1);
  CHECK_FALSE(what.registered());
}

TEST_CASE("a worker that is drained before a broker was there just ends", "[worker]") {
  loop where;
  Helper what;
  worker_options options;
  options.broker = "tcp://127.0.0.1:1";
  options.threads = 1;
  where.at(where.now() + 5ms, [&what] { what.drain(); });
  where.run(with_timeout(20s, serve(where, what, std::move(options))));
  CHECK(what.stops == 1);
}

TEST_CASE("cancelling the scope of a served worker closes it and its methods", "[worker]") {
  loop where;
  scripted_broker broker(where);
  Helper what;
  cancel_scope scope;
  bool was_cancelled = false;
  try {
    play(where, serve_within(scope, where, what, at(broker)), cancels(broker, scope));
  } catch (const gate::cancelled&) {
    was_cancelled = true;
  }
  CHECK(was_cancelled);
  CHECK(what.stops == 1);
}

TEST_CASE("a worker that exposes no method serves, and logs a warning", "[worker]") {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  REQUIRE(file != nullptr);
  const int before = ::dup(STDERR_FILENO);
  REQUIRE(::dup2(::fileno(file.get()), STDERR_FILENO) >= 0);
  int hellos = 0;
  {
    const program_log log("empty", "warn");
    loop where;
    scripted_broker broker(where);
    Empty what;
    play(where, serve(where, what, at(broker)), asks_once(broker, what));
    hellos = static_cast<int>(broker.hellos);
  }
  ::dup2(before, STDERR_FILENO);
  ::close(before);
  CHECK(hellos == 1);
  std::string text(4096, '\0');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::pread(::fileno(file.get()), text.data(), 4096, 0))));
  CHECK_THAT(text, Catch::Contains("'empty' exposes no method: list them with GATE_INTERFACE"));
}

TEST_CASE("a worker registers again when the broker goes, and answers as before", "[worker]") {
  loop where;
  scripted_broker broker(where);
  Helper what;
  play(where, serve(where, what, at(broker)), says_bye_once(broker, what));
  CHECK(broker.hellos == 2);
  CHECK(what.starts == 1);
}

TEST_CASE("a broker that vanishes between two pieces of a request leaves nothing of it behind", "[worker]") {
  loop where;
  std::optional<scripted_broker> broker;
  broker.emplace(where);
  broker->capabilities = capability::streams | wire::gate2::capability_pieces;
  Helper what;
  worker_options options = at(*broker);
  bool refused = false;
  try {
    play(where, serve(where, what, std::move(options)), leaves_between_pieces(where, broker));
  } catch (const Error& e) {
    refused = e.code() == errc::permission_denied;
  }
  CHECK(refused);
  CHECK(what.plain_calls == 1);
}

TEST_CASE("a drain that takes too long leaves the calls to the broker", "[worker]") {
  loop where;
  scripted_broker broker(where);
  Helper what;
  worker_options options = at(broker);
  options.drain_timeout = 20ms;
  play(where, serve(where, what, std::move(options)), drains_too_long(broker, what));
  CHECK(what.stops == 1);
}

TEST_CASE("a broker that refuses the worker ends it with its reason", "[worker]") {
  loop where;
  scripted_broker broker(where);
  broker.refuses = errc::permission_denied;
  Helper what;
  std::optional<errc> why;
  try {
    play(where, serve(where, what, at(broker)), welcome_only(broker));
  } catch (const Error& e) {
    why = e.code();
  }
  CHECK(why == errc::permission_denied);
}
