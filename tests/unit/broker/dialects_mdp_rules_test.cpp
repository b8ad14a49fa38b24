// What both versions of Majordomo forbid, and what happens to peers that do it, over sockets.
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/broker/foreign_fixture.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;

namespace {

std::size_t counted(const std::string& at, const char* group, const char* name) {
  gaterpc_client asks(at);
  return asks.result_for("Gate", asks.call("Gate", "stats"))[group][name].as<std::size_t>();
}

}  // namespace

TEST_CASE("a Majordomo client's message that lacks a frame ends its connection, and is counted", "[broker]") {
  one_port at;
  std::size_t sent = 0;
  for (const mdp_words* words : {&mdp01(), &mdp02()}) {
    frames without_service = words->client("s", {});
    without_service.pop_back();
    for (const frames& message : {words->client("s", {}), words->client("", {"body"}), without_service}) {
      mdp_client client(*words, at.at);
      client.send(message);
      CHECK_NOTHROW(client.wait_for_end());
      ++sent;
    }
  }
  mdp_client client(mdp02(), at.at);
  client.send({"MDPC02", raw_bytes({3}), "s", "body"});  // a message type that only the broker sends
  CHECK_NOTHROW(client.wait_for_end());
  CHECK(counted(at.at, "calls", "malformed") == sent + 1);
}

TEST_CASE("a first message with no header of Majordomo's is refused, and counted", "[broker]") {
  one_port at;
  const std::vector<frames> strangers{{"", "MDPX01", "s", "body"},
                                      {"MDPC03", raw_bytes({1}), "s", "body"},
                                      {"", "", "MDPC02", raw_bytes({1}), "s", "body"},
                                      {"MDPC01", "s", "body"},
                                      {"", ""},
                                      {"", "", "MDPC01", "s", "body"}};
  for (const frames& message : strangers) {
    foreign_dealer peer(at.at);
    peer.send(message);
    CHECK_NOTHROW(peer.wait_for_end());
  }
  CHECK(counted(at.at, "transport", "unrecognised") == strangers.size());
}

TEST_CASE("frames that are wrong or missing in a worker's message end in DISCONNECT", "[broker]") {
  one_port at;
  for (const mdp_words* words : {&mdp01(), &mdp02()}) {
    const frames registered = words->worker(words->ready, {"s"});
    std::vector<std::vector<frames>> wrongs{
        {words->worker(words->ready)},
        {words->worker(words->ready, {"s", "more"})},
        {registered, words->worker(words->final, {"12345678", ""})},
        {registered, words->worker(words->final, {"12345678", "address", "", "body"})},
        {registered, words->worker(words->final, {"12345678", "no delimiter", "body"})},
        {registered, words->worker(words->request, {"12345678", "", "body"})},
        {registered, words->worker(words->heartbeat + words->heartbeat)},
        {registered, words->worker(words->disconnect, {"more"})},
    };
    if (words->has_partials) wrongs.push_back({words->worker(words->partial, {"12345678", "", "body"})});
    for (const std::vector<frames>& said : wrongs) {
      mdp_worker worker(*words, at.at);
      for (const frames& message : said) worker.send(message);
      CHECK_NOTHROW(worker.expect_disconnect());
    }
  }
}

TEST_CASE("a reply behind the last one of a call ends in DISCONNECT, and does not reach the client", "[broker]") {
  one_port at;
  for (const mdp_words* words : {&mdp01(), &mdp02()}) {
    for (const std::string& late : {words->partial, words->final}) {
      if (late.empty()) continue;
      mdp_worker worker(*words, at.at);
      worker.register_as("s");
      wait_for_mmi(at.at, "s", "200");
      mdp_client client(*words, at.at);
      client.request("s", {"x"});
      const mdp_worker::request got = worker.next();
      worker.final(got, {"y"});
      worker.say(late, {got.address, "", "z"});
      CHECK_NOTHROW(worker.expect_disconnect());
      client.expect("s", {"y"});
      CHECK(client.ask("mmi.service", "s") == "404");
    }
  }
}

TEST_CASE("after a DISCONNECT, whoever says it, a worker hears nothing and is not listened to", "[broker]") {
  const mdp_words* words = GENERATE(&mdp01(), &mdp02());
  broker_options options = on_one_socket();
  options.hello_timeout = 1s;  // ends a connection that said goodbye before anything else
  one_port at(std::move(options));
  SECTION("the worker, before READY") {
    mdp_worker worker(*words, at.at);
    worker.say(words->disconnect);
    worker.register_as("s");
    CHECK_NOTHROW(worker.wait_for_end());
    CHECK(worker.heard_nothing());
  }
  SECTION("the worker, idle") {
    mdp_worker worker(*words, at.at);
    worker.register_as("s");
    worker.say(words->disconnect);
    worker.register_as("s");
    CHECK_NOTHROW(worker.wait_for_end());
    CHECK(worker.heard_nothing());
  }
  SECTION("the broker") {
    mdp_worker worker(*words, at.at);
    worker.register_as("s");
    worker.register_as("s");
    CHECK_NOTHROW(worker.expect_disconnect());
    worker.register_as("s");
    CHECK_NOTHROW(worker.wait_for_end());
    CHECK(worker.heard_nothing());
  }
  mdp_client client(*words, at.at);
  CHECK(client.ask("mmi.service", "s") == "404");
}

TEST_CASE("0x04 and 0x05 of one version are not taken for those of the other", "[broker]") {
  one_port at;
  for (const mdp_words* words : {&mdp01(), &mdp02()}) {
    mdp_worker worker(*words, at.at);
    const std::string service = "of " + words->worker_header;
    worker.register_as(service);
    worker.say(words->heartbeat);
    mdp_client client(*words, at.at);
    wait_for_mmi(at.at, service, "200");
    client.request(service, {"x"});
    const mdp_worker::request got = worker.next();
    worker.say(words->heartbeat);
    worker.final(got, {"y"});
    client.expect(service, {"y"});
    CHECK(client.ask("mmi.service", service) == "200");
    worker.say(words->disconnect);
    wait_for_mmi(at.at, service, "404");
  }
}

TEST_CASE("a worker whose client has gone ends its stream, and gets the next request", "[broker]") {
  one_port at;
  mdp_worker worker(mdp02(), at.at);
  worker.register_as("s");
  wait_for_mmi(at.at, "s", "200");
  mdp_worker::request got;
  {
    mdp_client gone(mdp02(), at.at);
    gone.request("s", {"x"});
    got = worker.next();
    worker.partial(got, {"1"});
    gone.expect("s", {"1"}, true);
  }
  mdp_client next(mdp02(), at.at);
  next.request("s", {"next"});
  for (int i = 0; i < 100; ++i) worker.partial(got, {"into the void"});
  worker.final(got, {"end"});
  got = worker.next();
  CHECK(got.body == frames{"next"});
  worker.final(got, {"done"});
  next.expect("s", {"done"});
}

TEST_CASE("of two connections with one routing id the first is served, and the second cut", "[broker]") {
  broker_options options = on_one_socket();
  options.hello_timeout = 1s;
  one_port at(std::move(options));
  for (const mdp_words* words : {&mdp01(), &mdp02()}) {
    const std::string id = "twins of " + words->client_header;  // one's own: connections end in their own time
    mdp_client first(*words, at.at, 1000, id);
    CHECK(first.ask("mmi.service", "s") == "404");
    mdp_client second(*words, at.at, 1000, id);
    second.request("mmi.nonsense", {"s"});
    CHECK_NOTHROW(second.wait_for_end());
    CHECK(second.heard_nothing());
    CHECK(first.ask("mmi.service", "s") == "404");
  }
}
