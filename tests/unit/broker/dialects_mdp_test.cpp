// Both versions of Majordomo on one socket: what their texts demand of a broker, frame by frame.
#include <future>

#include <catch2/catch.hpp>

#include "tests/unit/broker/foreign_fixture.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;

TEST_CASE("a Majordomo client of either version calls a worker of either version", "[broker]") {
  one_port at;
  for (const mdp_words* of_client : {&mdp01(), &mdp02()}) {
    for (const mdp_words* of_worker : {&mdp01(), &mdp02()}) {
      mdp_worker worker(*of_worker, at.at);
      worker.register_as("echo");
      wait_for_mmi(at.at, "echo", "200");
      mdp_client client(*of_client, at.at);
      for (const frames& body : {frames{"one"}, frames{""}, frames{"a", "", "c"}}) {
        client.request("echo", body);
        const mdp_worker::request got = worker.next();
        CHECK(got.body == body);
        worker.final(got, body);
        client.expect("echo", body);
      }
      worker.say(of_worker->disconnect);
      wait_for_mmi(at.at, "echo", "404");
    }
  }
}

TEST_CASE("partial replies reach an MDP/0.2 client one by one, and an MDP/0.1 client joined", "[broker]") {
  one_port at;
  mdp_worker worker(mdp02(), at.at);
  worker.register_as("parts");
  wait_for_mmi(at.at, "parts", "200");
  const auto serve = [&] {
    const mdp_worker::request got = worker.next();
    worker.partial(got, {"1"});
    worker.partial(got, {"2", "2b"});
    worker.final(got, {"3"});
  };
  mdp_client apart(mdp02(), at.at);
  apart.request("parts", {"go"});
  serve();
  apart.expect("parts", {"1"}, true);
  apart.expect("parts", {"2", "2b"}, true);
  apart.expect("parts", {"3"});
  mdp_client joined(mdp01(), at.at);
  joined.request("parts", {"go"});
  serve();
  joined.expect("parts", {"1", "2", "2b", "3"});
}

TEST_CASE("parts that are joined are taken as they come: more of them than a window ends as well", "[broker]") {
  one_port at;
  mdp_worker worker(mdp02(), at.at);
  worker.register_as("parts");
  wait_for_mmi(at.at, "parts", "200");
  mdp_client joined(mdp01(), at.at);
  const auto [count, size] = GENERATE(table<int, std::size_t>({{3000, 1}, {20, 200'000}}));
  joined.request("parts", {"go"});
  const mdp_worker::request got = worker.next();
  const frames part{std::string(size, 'x')};
  for (int i = 0; i < count; ++i) worker.partial(got, part);
  worker.final(got, {"end"});
  frames all(static_cast<std::size_t>(count), part.front());
  all.push_back("end");
  joined.expect("parts", all);
  joined.request("parts", {"go"});
  worker.final(worker.next(), {"again"});
  joined.expect("parts", {"again"});
}

TEST_CASE("mmi answers 200, 404 and 501, and counts workers", "[broker]") {
  one_port at;
  for (const mdp_words* words : {&mdp01(), &mdp02()}) {
    mdp_client client(*words, at.at);
    CHECK(client.ask("mmi.service", "nobody") == "404");
    CHECK(client.ask("mmi.nonsense", "nobody") == "501");
    CHECK(client.ask("mmi.workers", "some") == "0");
    {
      mdp_worker one(*words, at.at), two(*words, at.at);
      one.register_as("some");
      two.register_as("some");
      while (client.ask("mmi.workers", "some") != "2") {
      }
      CHECK(client.ask("mmi.service", "some") == "200");
    }
    // The end of a connection is an event of its own, which may come later.
    wait_for_mmi(at.at, "some", "404");
    CHECK(client.ask("mmi.workers", "some") == "0");
  }
}

TEST_CASE("what a Majordomo worker must not say ends in DISCONNECT", "[broker]") {
  one_port at;
  for (const mdp_words* words : {&mdp01(), &mdp02()}) {
    const std::vector<std::vector<frames>> wrongs{
        {words->worker(words->ready, {"s"}), words->worker(words->ready, {"s"})},
        {words->worker(words->heartbeat)},
        {words->worker(words->final, {"address", "", "body"})},
        {words->worker(words->ready, {"mmi.own"})},
        {words->worker(words->ready, {"s"}), words->worker(words->final, {"12345678", "", "body"})},
        {words->worker(words->ready, {"s"}), words->worker(raw_bytes({9}))},
        {words->worker(words->ready, {"s"}), words->worker("")},
        {words->worker(words->ready, {"s"}), words->worker(words->final, {"12345678", "body"})},
        {words->worker(words->ready, {"s"}), words->worker(words->heartbeat, {"more"})},
        {words->worker(words->ready, {"s"}), words->client("s", {"body"})},
    };
    for (const std::vector<frames>& said : wrongs) {
      mdp_worker worker(*words, at.at);
      for (const frames& message : said) worker.send(message);
      CHECK_NOTHROW(worker.expect_disconnect());
    }
  }
}

TEST_CASE("a request for an unknown service waits for a worker", "[broker]") {
  broker_options options = on_one_socket();
  options.service_grace = 10s;
  one_port at(std::move(options));
  for (const mdp_words* words : {&mdp01(), &mdp02()}) {
    const std::string service = "later" + words->client_header;
    mdp_client client(*words, at.at);
    client.request(service, {"early"});
    client.request("mmi.service", {service});  // read after it
    client.expect("mmi.service", {"404"});
    mdp_worker worker(*words, at.at);
    worker.register_as(service);
    const mdp_worker::request got = worker.next();
    CHECK(got.body == frames{"early"});
    worker.final(got, {"served"});
    client.expect(service, {"served"});
  }
}

TEST_CASE("another worker's answer to a call is not believed", "[broker]") {
  one_port at;
  mdp_worker honest(mdp01(), at.at), forger(mdp01(), at.at);
  honest.register_as("honest");
  forger.register_as("forger");
  wait_for_mmi(at.at, "honest", "200");
  wait_for_mmi(at.at, "forger", "200");
  mdp_client client(mdp01(), at.at);
  client.request("honest", {"x"});
  const mdp_worker::request got = honest.next();
  forger.final(got, {"forged"});
  forger.expect_disconnect();
  honest.final(got, {"true"});
  client.expect("honest", {"true"});
}

TEST_CASE("100,000 requests that are sent before the first reply is read get 100,000 replies", "[broker]") {
  constexpr int count = 100'000;
  broker_options options = on_one_socket();
  options.out_queue_age_max = 300s;   // sending them all takes long on a slow machine
  options.heartbeat_interval = 300s;  // so does answering, and no heartbeats are sent meanwhile
  one_port at(std::move(options));
  raw_peer worker(at.at);
  worker.hello_as_worker("echo", 1024);
  std::future<void> serving = std::async(std::launch::async, [&] {
    for (int i = 0; i < count; ++i) {
      const received_message got = worker.expect(message_type::request);
      worker.final(got->call, got->payload.single().substr(1));  // the only argument
    }
  });
  mdp_client client(mdp01(), at.at);
  for (int i = 0; i < count; ++i) client.request("echo", {"Hello world"});
  const frames expected = mdp01().answer("echo", {"Hello world"});
  int right = 0;
  for (int i = 0; i < count; ++i) right += client.receive() == expected ? 1 : 0;
  CHECK(right == count);
  serving.get();
}

TEST_CASE("what a Majordomo client cannot be told is dropped and counted", "[broker]") {
  broker_options options = on_one_socket();
  options.service_grace = 20ms;
  one_port at(std::move(options));
  mdp_client client(mdp01(), at.at);
  client.request("nobody", {"body"});
  gaterpc_client asks(at.at);
  std::size_t dropped = 0;
  while (dropped == 0) {
    const value stats = asks.result_for("Gate", asks.call("Gate", "stats"));
    dropped = stats["transport"]["not_sayable"].as<std::size_t>();
  }
  CHECK(dropped == 1);
  CHECK(client.ask("mmi.service", "nobody") == "404");  // and no message came before it
}

TEST_CASE("a Majordomo client that does not read is bounded, and cut", "[broker]") {
  for (const mdp_words* words : {&mdp01(), &mdp02()}) {
    broker_options options = on_one_socket();
    options.out_queue_bytes_max = 1 << 20;
    options.heartbeat_interval = 300s;  // the worker here sends none
    one_port at(std::move(options));
    raw_peer worker(at.at);
    worker.hello_as_worker("large", 1024);
    mdp_client client(*words, at.at, 1);
    constexpr int calls = 200;
    for (int i = 0; i < calls; ++i) client.request("large", {"go"});
    std::vector<call_id> given;
    for (int i = 0; i < calls; ++i) given.push_back(worker.expect(message_type::request)->call);
    const std::string large = encode(std::string(100'000, 'x'));
    for (const call_id call : given) worker.final(call, large);
    gaterpc_client asks(at.at);
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    std::size_t cut = 0;
    while (cut == 0 && std::chrono::steady_clock::now() < deadline) {
      cut = asks.result_for("Gate", asks.call("Gate", "stats"))["transport"]["too_slow"].as<std::size_t>();
    }
    CHECK(cut == 1);
  }
}

TEST_CASE("a silent Majordomo worker is given up when it is idle, and spared when it is busy", "[broker]") {
  for (const mdp_words* words : {&mdp01(), &mdp02()}) {
    broker_options options = on_one_socket();
    options.mdp_heartbeat_interval = 20ms;
    options.service_grace = 60s;
    one_port at(std::move(options));
    // The request is there before the worker: the worker is never idle before its reply.
    mdp_client client(*words, at.at);
    client.request("s", {"x"});
    client.request("mmi.service", {"s"});  // read after it
    client.expect("mmi.service", {"404"});
    mdp_worker worker(*words, at.at);
    worker.register_as("s");
    frames heard = worker.receive();
    while (heard == words->worker(words->heartbeat)) heard = worker.receive();
    for (int i = 0; i < 10; ++i) CHECK(worker.receive() == words->worker(words->heartbeat));
    worker.say(words->final, {heard.at(heard.size() - 3), "", "y"});
    client.expect("s", {"y"});
    CHECK_NOTHROW(worker.expect_disconnect());
  }
}

TEST_CASE("names of 1 to 255 bytes of any kind are served, others are refused", "[broker]") {
  one_port at;
  for (const mdp_words* words : {&mdp01(), &mdp02()}) {
    for (const std::string& name : {std::string("s"), std::string(255, 'n'), raw_bytes({0, 1, 0xff, 0x80})}) {
      mdp_worker worker(*words, at.at);
      worker.register_as(name);
      mdp_client client(*words, at.at);
      client.request(name, {"in"});
      const mdp_worker::request got = worker.next();
      worker.final(got, {"out"});
      client.expect(name, {"out"});
    }
    for (const std::string& name : {std::string(), std::string(256, 'n')}) {
      mdp_worker worker(*words, at.at);
      worker.register_as(name);
      CHECK_NOTHROW(worker.expect_disconnect());
    }
  }
}

TEST_CASE("nothing is given to a worker that said DISCONNECT", "[broker]") {
  one_port at;
  for (const mdp_words* words : {&mdp01(), &mdp02()}) {
    const std::string service = "leaves" + words->client_header;
    mdp_worker leaving(*words, at.at);
    leaving.register_as(service);
    mdp_client client(*words, at.at);
    client.request(service, {"first"});
    leaving.next();
    leaving.say(words->disconnect);  // it is busy: its call is lost, and MDP has no error for that
    wait_for_mmi(at.at, service, "404");
    client.request(service, {"second"});
    mdp_worker staying(*words, at.at);
    staying.register_as(service);
    const mdp_worker::request got = staying.next();
    CHECK(got.body == frames{"second"});
    staying.final(got, {"done"});
    client.expect(service, {"done"});
  }
}
