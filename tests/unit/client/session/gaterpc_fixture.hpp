// A client's session with a gate-rpc broker, in virtual time: the frames that it sends, and the messages that it makes
// of the frames that it gets.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "client/session/client_session.hpp"
#include "common/dialects/gaterpc_broker.hpp"
#include "tests/support/gaterpc_frames.hpp"
#include "tests/support/sent_message.hpp"

namespace gate::test {

using namespace std::chrono_literals;
using samples::frames;
using samples::messages_of;
using samples::views_of;
using samples::gaterpc::none;
using samples::gaterpc::single;

struct gaterpc_session_fixture : gate::client::session::handler {
  struct failed_call {
    call_id id;
    errc status;
    gate::origin origin;
    std::string text, type;
  };

  explicit gaterpc_session_fixture(peer::gaterpc_broker_options login = {})
      : broker(std::move(login)), client(options(), *this) {}

  static gate::client::session_options options() {
    gate::client::session_options o;
    o.heartbeat_interval = 1000ms;
    o.heartbeat_liveness = 3;
    o.connect_timeout = 5000ms;
    o.pause_min = 20ms;
    o.pause_max = 500ms;
    o.idle_timeout = 60'000ms;
    o.attempts_max = 3;
    o.kept_bytes_max = 10'000;
    return o;
  }

  void open(const std::string&) override { ids.push_back(broker.begin()); }
  void close() override {}
  void send(const message& m) override { broker.say(m, out); }
  void part(call_id, const message& m) override { parts.emplace_back(m); }
  void window_opened(call_id) override {}
  void finished(call_id call, const message& m) override {
    CHECK(call == m.call);
    finals.emplace_back(m);
  }
  void failed(call_id call, const gate::client::session::failure& f) override {
    failures.push_back({call, f.status, f.origin, std::string(f.text), std::string(f.remote_type)});
  }
  void ready(const message&) override { ++readies; }
  void lost(errc why, std::string_view, std::chrono::milliseconds) override { losses.push_back(why); }
  void closed(errc why, std::string_view) override { ends.push_back(why); }

  void deliver() {
    message m;
    while (broker.next(m)) client.received(m, now);
  }
  std::vector<frames> said() {
    deliver();
    std::vector<frames> all = messages_of(out);
    out.clear();
    return all;
  }
  void hear(const frames& message) {
    broker.hear(views_of(message), out);
    deliver();
  }
  // The broker's answer to a request of ours.
  void answer(const frames& request, const frames& body) {
    frames all{none, "MDPC01", request[2], request[request.size() - 4]};
    all.insert(all.end(), body.begin(), body.end());
    hear(all);
  }
  void connect(const std::string& services = "\x93\xa7GateRPC\xa1s\xa4Gate") {
    client.start(now);
    while (client.current() == gate::client::session::state::waiting) step();
    client.connected(now);
    greeting = said();
    REQUIRE(greeting.size() == 1);
    answer(greeting[0], {single(services)});
    REQUIRE(client.current() == gate::client::session::state::ready);
  }
  void step() {
    now = std::max(now, client.next_deadline());
    client.tick(now);
    deliver();
  }
  // Sends one heartbeat, and answers all questions that come with it. Returns the other messages that the session sent.
  std::vector<frames> beat(const std::string& services) {
    std::vector<frames> others;
    step();
    for (const frames& f : said()) {
      if (f[2] != "Gate") {
        others.push_back(f);
      } else if (f[4] == "\xa9keepalive") {
        answer(f, {single("\xc4\x03"
                          "200")});
      } else {
        answer(f, {single(services)});
      }
    }
    for (const frames& f : said()) others.push_back(f);
    return others;
  }
  // A call's own request, and its number.
  struct begun {
    call_id id{};
    frames request;
  };
  begun begin(std::string_view method, std::string_view payload, std::uint32_t flags = 0, std::uint32_t items = 0,
              std::uint32_t bytes = 0) {
    message m = request_of(method, payload, flags);
    m.credit_items = items;
    m.credit_bytes = bytes;
    return begin(m);
  }
  begun begin(message m) {
    begun b;
    b.id = client.begin(m, now);
    const std::vector<frames> sent = said();
    if (sent.size() == 1) b.request = sent[0];
    return b;
  }
  static message request_of(std::string_view method, std::string_view payload, std::uint32_t flags = 0) {
    message m;
    m.type = message_type::request;
    m.service = "GateRPC";
    m.method = method;
    m.payload = payload;
    m.flags = flags;
    return m;
  }

  peer::gaterpc_broker_of_client broker;
  wire::frame_list out;
  gate::client::session client;
  instant now{1h};
  int readies = 0;
  std::vector<std::string> ids;
  std::vector<frames> greeting;
  std::vector<sent_message> parts, finals;
  std::vector<failed_call> failures;
  std::vector<errc> losses, ends;
};

// Without the request id, which the sender chooses freely.
inline frames without_id(frames message) {
  message.erase(message.end() - 4);
  return message;
}

}  // namespace gate::test
