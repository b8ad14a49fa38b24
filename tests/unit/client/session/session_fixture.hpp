// A client's session in virtual time.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "client/session/client_session.hpp"
#include "tests/support/sent_message.hpp"

namespace gate::test {

using namespace std::chrono_literals;

struct failed_call {
  call_id id;
  errc status;
  gate::origin origin;
  std::string text;
  gate::retry_class retry;
};

// Notes what the session does; the test plays the broker.
struct session_fixture : gate::client::session::handler {
  explicit session_fixture(std::size_t kept_bytes_max = 10'000) : client(options(kept_bytes_max), *this) {}

  static gate::client::session_options options(std::size_t kept_bytes_max) {
    gate::client::session_options o;
    o.name = "me";
    o.heartbeat_interval = 1000ms;
    o.heartbeat_liveness = 3;
    o.connect_timeout = 5000ms;
    o.pause_min = 20ms;
    o.pause_max = 500ms;
    o.idle_timeout = 2000ms;
    o.attempts_max = 3;
    o.kept_bytes_max = kept_bytes_max;
    return o;
  }

  void open() override { ++opened; }
  void close() override { ++closed_sockets; }
  void send(const message& m) override { sent.emplace_back(m); }
  void part(call_id call, const message& m) override {
    CHECK(call == m.call);
    parts.emplace_back(m);
  }
  void window_opened(call_id call) override { opened_windows.push_back(call); }
  void finished(call_id call, const message& m) override {
    CHECK(call == m.call);
    finals.emplace_back(m);
    if (on_end) on_end();
  }
  void failed(call_id call, const gate::client::session::failure& f) override {
    failures.push_back({call, f.status, f.origin, std::string(f.text), f.retry});
    if (on_end) on_end();
  }
  void ready(const message&) override { ++readies; }
  void lost(errc why, std::string_view, std::chrono::milliseconds) override { losses.push_back(why); }
  void closed(errc why, std::string_view) override { ends.push_back(why); }

  void welcome() {
    client.connected(now);
    message m;
    m.type = message_type::welcome;
    m.version_min = m.version_max = gate2_version;
    m.heartbeat_interval = 1000ms;
    m.liveness = 3;
    m.payload_bytes_max = 1000;
    client.received(m, now);
    REQUIRE(client.current() == gate::client::session::state::ready);
  }
  void connect() {
    client.start(now);
    welcome();
  }
  void reconnect() {
    while (client.current() == gate::client::session::state::waiting) step();
    welcome();
  }
  void step() {
    now = std::max(now, client.next_deadline());
    client.tick(now);
  }
  // Lets time pass. The broker only keeps the connection alive.
  void pass(duration d) {
    const instant end = now + d;
    while (client.next_deadline() <= end) {
      step();
      if (client.current() == gate::client::session::state::ready) from_broker(message_type::heartbeat, call_id{});
    }
    now = end;
  }
  call_id begin(std::uint8_t flags = 0, std::optional<std::chrono::milliseconds> budget = std::nullopt,
                std::string_view payload = "hello", std::uint32_t items = 0, std::uint32_t bytes = 0) {
    message m;
    m.type = message_type::request;
    m.service = "echo";
    m.method = "say";
    m.caller = "somebody else";
    m.flags = flags;
    m.budget = budget;
    m.payload = payload;
    m.credit_items = items;
    m.credit_bytes = bytes;
    return client.begin(m, now);
  }
  void from_broker(message_type type, call_id call, std::string_view payload = {}, std::uint8_t flags = 0) {
    message m;
    m.type = type;
    m.call = call;
    m.payload = payload;
    m.flags = flags;
    m.status = type == message_type::error ? errc::failed : errc::ok;
    client.received(m, now);
  }
  void credit_from_broker(call_id call, std::uint32_t items, std::uint32_t bytes) {
    message m;
    m.type = message_type::credit;
    m.call = call;
    m.credit_items = items;
    m.credit_bytes = bytes;
    client.received(m, now);
  }
  std::vector<sent_message> sent_of(message_type type) const {
    std::vector<sent_message> all;
    for (const auto& s : sent) {
      if (s.m.type == type) all.push_back(s);
    }
    return all;
  }

  gate::client::session client;
  instant now{1h};
  int opened = 0, closed_sockets = 0, readies = 0;
  std::vector<sent_message> sent, parts, finals;
  std::vector<failed_call> failures;
  std::vector<call_id> opened_windows;
  std::vector<errc> losses, ends;
  std::function<void()> on_end;
};

}  // namespace gate::test
