// A broker with methods and hooks of its own: what gate/broker.hpp promises to a subclass.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/async_generator.hpp>
#include <gate/event.hpp>
#include <gate/generator.hpp>
#include <gate/limits.hpp>
#include <gate/value.hpp>

#include "tests/unit/broker/running_broker.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;

namespace {

using texts = std::vector<std::string>;

std::string to_text(std::string_view view) { return std::string(view); }

// Notes the calls of its hooks; its methods return the notes.
class NotingBroker : public Broker {
 public:
  using Broker::Broker;

 protected:
  virtual void noted() {}

 private:
  GATE_INTERFACE(notes)
  GATE_DOC(notes, "what the hooks were told, once there is that much of it", least)

  task<texts> notes(std::uint64_t least) {
    while (notes_.size() < least) co_await more_.wait();
    co_return notes_;
  }

  void note(std::string text) {
    notes_.push_back(std::move(text));
    more_.notify_all();
    noted();
  }

  void on_worker_up(const worker_event& w) override {
    note("worker up: " + to_text(w.name) + " of " + to_text(w.service) + " at " + to_text(w.address));
  }
  void on_worker_down(const worker_event& w, std::string_view why) override {
    note("worker down: " + to_text(w.name) + " of " + to_text(w.service) + ": " + to_text(why));
  }
  void on_worker_stalled(const worker_event& w, bool stalled) override {
    note("worker " + to_text(stalled ? "stalled: " : "ready: ") + to_text(w.name));
  }
  void on_service_up(std::string_view service) override { note("service up: " + to_text(service)); }
  void on_service_down(std::string_view service) override { note("service down: " + to_text(service)); }
  void on_request_done(const request_record& r) override {
    if (r.service == "gate") return;
    note("done: " + to_text(r.service) + "." + to_text(r.method) + " for " + to_text(r.caller) + ": " +
         to_text(gate::to_string(r.status)) + (r.one_way ? ", one way" : "") +
         (r.queue_time <= r.total_time ? "" : ", and its queue time is wrong"));
  }

  texts notes_;
  async_event more_;
};

// Methods of each form.
class MethodsBroker : public Broker {
 public:
  using Broker::Broker;

 private:
  GATE_INTERFACE(twice, countdown, letters, block, release)
  GATE_INTERFACE_ON(gate::run_on::loop, info)
  GATE_INTERFACE(who)

  int twice(int n) const { return 2 * n; }
  std::string info() const { return "mine"; }
  task<std::tuple<std::string, std::string, std::uint64_t>> who(Call& call) const {
    std::tuple<std::string, std::string, std::uint64_t> answer(call.caller(), call.address(),
                                                               static_cast<std::uint64_t>(call.request_id()));
    co_return answer;
  }
  generator<int> countdown(int from) const {
    for (; from > 0; --from) co_yield from;
  }
  async_generator<std::string> letters() {
    std::string letter = "a";
    co_yield letter;
    while (!leaving_.is_set()) co_await leaving_.wait();
    letter = "z";
    co_yield letter;
  }
  void block() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return released_; });
  }
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  void on_drain() override {
    leaving_.set();
    release();
  }

  async_event leaving_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool released_ = false;
};

class FailingBroker : public NotingBroker {
 public:
  using NotingBroker::NotingBroker;
  void noted() override { throw std::runtime_error("a hook that fails"); }
};

class OneCallBroker : public Broker {
 public:
  using Broker::Broker;
  void on_request_done(const request_record&) override { stop(); }
};

class OneWorkerBroker : public Broker {
 public:
  using Broker::Broker;
  void on_worker_down(const worker_event&, std::string_view) override { drain(); }
};

class ContradictoryBroker : public Broker {
 public:
  using Broker::Broker;

 private:
  GATE_INTERFACE(twice)
  GATE_INTERFACE_AS("twice", thrice, int(int) const)
  int thrice(int n) const { return 3 * n; }
  int twice(int n) const { return 2 * n; }
};

std::string encoded(std::uint8_t only) { return {'\x91', static_cast<char>(only)}; }

template <class T> T ask(raw_peer& client, std::uint64_t id, std::string_view method, std::string_view arguments) {
  client.request(id, "gate", method, arguments);
  const received_message answer = client.receive();
  if (answer->type == message_type::error) throw Error(answer->status, std::string(answer->text));
  REQUIRE(answer->call == call_id{id});
  const auto decoded = value::decode(answer->payload.single());
  REQUIRE(decoded);
  return decoded->as<T>();
}

void open_stream(raw_peer& client, std::uint64_t id, std::string_view method, std::string_view arguments) {
  message m;
  m.type = message_type::request;
  m.call = call_id{id};
  m.flags = message_flag::wants_stream;
  m.service = "gate";
  m.method = method;
  m.payload = arguments;
  m.credit_items = 10;
  m.credit_bytes = 1000;
  client.send(m);
}

std::string item(raw_peer& client) { return std::string(client.expect(message_type::part)->payload.single()); }

void register_worker(raw_peer& worker, std::string_view service, std::string_view name) {
  message m;
  m.type = message_type::hello;
  m.version_min = m.version_max = gate2_version;
  m.role = peer_role::worker;
  m.service = service;
  m.name = name;
  m.capacity = 4;
  worker.send(m);
  worker.expect(message_type::welcome);
}

}  // namespace

TEST_CASE("a broker's own methods answer under the internal service, beside the others", "[broker]") {
  running_broker<MethodsBroker> broker;
  raw_peer client(broker.frontend());
  client.hello_as_client();

  CHECK(ask<int>(client, 1, "twice", encoded(21)) == 42);
  client.request(2, "gate", "ping");
  CHECK(client.expect(message_type::final)->call == call_id{2});
  client.request(3, "gate", "thrice");
  CHECK(client.expect(message_type::error)->status == errc::no_method);
  client.request(4, "gate", "twice");
  CHECK(client.expect(message_type::error)->status == errc::invalid_argument);

  open_stream(client, 5, "countdown", encoded(3));
  CHECK(item(client) == "\x03");
  CHECK(item(client) == "\x02");
  CHECK(item(client) == "\x01");
  CHECK(client.expect(message_type::final)->call == call_id{5});

  client.request(6, "gate", "describe", std::string("\x91\xa4gate"));
  const received_message described = client.expect(message_type::final);
  const auto about = value::decode(described->payload.single());
  REQUIRE(about);
  texts names;
  for (const value& method : (*about)["methods"].as<std::vector<value>>()) {
    names.push_back(method["name"].as<std::string>());
  }
  for (const char* name : {"twice", "countdown", "letters", "who", "info", "ping", "stats"}) {
    CAPTURE(name);
    CHECK(std::count(names.begin(), names.end(), name) == 1);
  }
}

TEST_CASE("arguments of any size that is allowed reach the broker's own methods", "[broker]") {
  running_broker<MethodsBroker> broker;
  raw_peer client(broker.frontend());
  client.hello_as_client();
  std::uint64_t id = 0;
  for (const std::size_t size :
       {limits::external_payload_bytes_min, limits::external_payload_bytes_min + 64, limits::payload_bytes_max}) {
    client.request(++id, "gate", "twice", encode_arguments(std::string(size - 64, 'x')));
    CHECK(client.expect(message_type::error)->status == errc::invalid_argument);
  }
  CHECK(ask<int>(client, ++id, "twice", encoded(21)) == 42);
}

TEST_CASE("a method of a broker's own goes before the one of the same name", "[broker]") {
  running_broker<MethodsBroker> broker;
  raw_peer client(broker.frontend());
  client.hello_as_client();
  CHECK(ask<std::string>(client, 1, "info", "\x90") == "mine");
}

TEST_CASE("a method of a broker is told who calls, from where, and under which number", "[broker]") {
  running_broker<MethodsBroker> broker;
  raw_peer first(broker.frontend()), second(broker.frontend());
  first.hello_as_client();
  second.hello_as_client();
  using answer = std::tuple<std::string, std::string, std::uint64_t>;
  CHECK(ask<answer>(first, 4711, "who", "\x90") == answer("anonymous", "127.0.0.1", 4711));
  CHECK(ask<answer>(second, 4711, "who", "\x90") == answer("anonymous", "127.0.0.1", 4711));
  CHECK(ask<answer>(first, 1, "who", "\x90") == answer("anonymous", "127.0.0.1", 1));
}

TEST_CASE("a plain method of a broker may block: the broker and its other plain methods go on", "[broker]") {
  running_broker<MethodsBroker> broker;
  raw_peer client(broker.frontend());
  client.hello_as_client();
  client.request(1, "gate", "block");
  client.request(2, "gate", "ping");
  CHECK(client.expect(message_type::final)->call == call_id{2});
  client.request(3, "gate", "release");
  const call_id one = client.expect(message_type::final)->call;
  const call_id other = client.expect(message_type::final)->call;
  CHECK(std::min(one, other) == call_id{1});
  CHECK(std::max(one, other) == call_id{3});
}

TEST_CASE("a broker's endless stream ends when it is told of the drain", "[broker]") {
  running_broker<MethodsBroker> broker;
  raw_peer client(broker.frontend());
  client.hello_as_client();
  open_stream(client, 1, "letters", "\x90");
  CHECK(item(client) ==
        "\xa1"
        "a");
  broker.drain();
  client.expect(message_type::drain);
  CHECK(item(client) == "\xa1z");
  client.expect(message_type::final);
  client.expect(message_type::bye);
  broker.wait();
}

TEST_CASE("hooks hear of workers and services that come and go, and why", "[broker]") {
  running_broker<NotingBroker> broker;
  raw_peer client(broker.frontend());
  client.hello_as_client();
  raw_peer first(broker.backend());
  register_worker(first, "paint", "red");
  raw_peer second(broker.backend());
  register_worker(second, "paint", "blue");
  message bye;
  bye.type = message_type::bye;
  bye.text = "enough for today";
  first.send(bye);
  ask<texts>(client, 1, "notes", encoded(4));
  second.send(bye);
  CHECK(ask<texts>(client, 2, "notes", encoded(6)) ==
        texts{"worker up: red of paint at 127.0.0.1", "service up: paint", "worker up: blue of paint at 127.0.0.1",
              "worker down: red of paint: enough for today", "service down: paint",
              "worker down: blue of paint: enough for today"});
}

TEST_CASE("hooks hear that a worker is stalled, and that it is ready again", "[broker]") {
  broker_options options = on_wildcard_ports();
  options.heartbeat_interval = 20ms;
  options.heartbeat_liveness = 1;
  running_broker<NotingBroker> broker(options);
  raw_peer client(broker.frontend());
  client.hello_as_client();
  raw_peer worker(broker.backend());
  register_worker(worker, "paint", "red");
  CHECK(ask<texts>(client, 1, "notes", encoded(3)).at(2) == "worker stalled: red");
  message heartbeat;
  heartbeat.type = message_type::heartbeat;
  worker.send(heartbeat);
  CHECK(ask<texts>(client, 2, "notes", encoded(4)).at(3) == "worker ready: red");
}

TEST_CASE("hooks hear of each request that was accepted when it has ended, once", "[broker]") {
  running_broker<NotingBroker> broker;
  raw_peer client(broker.frontend());
  client.hello_as_client();
  raw_peer worker(broker.backend());
  register_worker(worker, "paint", "red");

  client.request(1, "paint", "wall");
  worker.final(worker.expect(message_type::request)->call, "\xc0");
  client.expect(message_type::final);
  client.request(2, "paint", "wall");
  message failure;
  failure.type = message_type::error;
  failure.call = worker.expect(message_type::request)->call;
  failure.status = errc::failed;
  failure.text = "no paint";
  worker.send(failure);
  client.expect(message_type::error);
  client.request(3, "paint", "floor", "\x90", message_flag::one_way);
  worker.final(worker.expect(message_type::request)->call, "\xc0");

  const texts notes = ask<texts>(client, 4, "notes", encoded(5));
  CHECK(texts(notes.begin() + 2, notes.end()) == texts{"done: paint.wall for anonymous: ok",
                                                       "done: paint.wall for anonymous: failed",
                                                       "done: paint.floor for anonymous: ok, one way"});
}

TEST_CASE("a hook that throws is counted, and stops nobody", "[broker]") {
  running_broker<FailingBroker> broker;
  raw_peer client(broker.frontend());
  client.hello_as_client();
  raw_peer worker(broker.backend());
  register_worker(worker, "paint", "red");  // two notes
  client.request(1, "paint", "wall");
  worker.final(worker.expect(message_type::request)->call, "\xc0");
  client.expect(message_type::final);
  CHECK(ask<texts>(client, 2, "notes", encoded(3)).size() == 3);
  const value stats = ask<value>(client, 3, "stats", "\x90");
  CHECK(stats["calls"]["hook_failures"].as<std::uint64_t>() == 3);
}

TEST_CASE("a hook may stop the broker though the core is at work", "[broker]") {
  running_broker<OneCallBroker> broker;
  raw_peer client(broker.frontend());
  client.hello_as_client();
  raw_peer worker(broker.backend());
  register_worker(worker, "paint", "red");
  client.request(1, "paint", "wall");
  client.request(2, "paint", "wall");
  worker.expect(message_type::request);
  worker.final(worker.expect(message_type::request)->call, "\xc0");
  CHECK(client.expect(message_type::final)->call == call_id{2});
  client.expect(message_type::drain);
  CHECK(client.expect(message_type::error)->status == errc::worker_lost);
  client.expect(message_type::bye);
  broker.wait();
}

TEST_CASE("a hook may drain the broker", "[broker]") {
  running_broker<OneWorkerBroker> broker;
  raw_peer client(broker.frontend());
  client.hello_as_client();
  {
    raw_peer worker(broker.backend());
    register_worker(worker, "paint", "red");
  }
  client.expect(message_type::drain);
  client.expect(message_type::bye);
  broker.wait();
}

TEST_CASE("a broker whose marked methods contradict each other is refused before it binds", "[broker]") {
  loop here;
  ContradictoryBroker broker(on_wildcard_ports());
  CHECK_THROWS_AS(broker.bind(here), std::logic_error);
  CHECK(broker.endpoints().frontend.empty());
}
