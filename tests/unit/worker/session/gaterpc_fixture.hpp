// A worker's session with a gate-rpc broker, in virtual time: the frames that it sends, and the messages that it makes
// of the frames that it gets.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/descriptor.hpp>

#include "common/dialects/gaterpc_broker.hpp"
#include "common/wire/descriptor_codec.hpp"
#include "tests/support/gaterpc_frames.hpp"
#include "tests/support/sent_message.hpp"
#include "worker/session/worker_session.hpp"

namespace gate::test {

using namespace std::chrono_literals;
using samples::frames;
using samples::messages_of;
using samples::views_of;
using samples::gaterpc::none;
using samples::gaterpc::to_broker;

inline std::string described_service() {
  descriptor d;
  d.description = "gate-rpc service";
  method_descriptor m;
  m.name = "add";
  m.doc = "Adds";
  m.parameters = {{"a", "int32"}, {"b", "int32"}};
  m.result = "int32";
  d.methods = {m};
  return encode_descriptor(d);
}

inline peer::gaterpc_broker_options login_of(const std::string& user, const std::string& password) {
  peer::gaterpc_broker_options o;
  if (!user.empty()) o.shown = credentials::plain(user, password);
  return o;
}

struct gaterpc_session_fixture : gate::worker::session::handler {
  explicit gaterpc_session_fixture(const std::string& service = "GateRPC", std::string user = {},
                                   std::string password = {})
      : broker(login_of(user, password)), worker(options(service), *this) {}

  static gate::worker::session_options options(const std::string& service) {
    gate::worker::session_options o;
    o.service = service;
    o.encoded_descriptor = described_service();
    o.capacity = 7;
    o.heartbeat_interval = 1000ms;
    o.heartbeat_liveness = 3;
    o.connect_timeout = 5000ms;
    o.pause_min = 20ms;
    o.pause_max = 500ms;
    return o;
  }

  void open() override {
    ++opened;
    ids.push_back(broker.begin());
  }
  void close() override { ++closed_sockets; }
  void send(const message& m) override { broker.say(m, out); }
  void request(const message& m) override { requests.emplace_back(m); }
  void part(const message&) override { FAIL("a gate-rpc client sends no stream"); }
  void window_opened(call_id) override {}
  void cancelled(call_id call, errc why) override { cancels.emplace_back(call, why); }
  void serving(const message&) override { ++welcomes; }
  void lost(errc why, std::string_view, std::chrono::milliseconds) override { losses.push_back(why); }
  void closed(errc why, std::string_view text) override {
    ends.push_back(why);
    end_text = text;
  }

  // Returns the frames that were sent since the last call.
  std::vector<frames> said() {
    deliver();
    std::vector<frames> all = messages_of(out);
    out.clear();
    return all;
  }
  void deliver() {
    message m;
    while (broker.next(m)) worker.received(m, now);
  }
  void hear(const frames& message) {
    broker.hear(views_of(message), out);
    deliver();
  }
  void connect() {
    if (worker.current() == gate::worker::session::state::idle) worker.start(now);
    while (worker.current() == gate::worker::session::state::waiting) step();
    said();
    worker.connected(now);
    ready = said();
    hear(to_broker(4));
    said();
    REQUIRE(worker.current() == gate::worker::session::state::serving);
  }
  void step() {
    now = std::max(now, worker.next_deadline());
    worker.tick(now);
    deliver();
  }
  call_id request_from(const frames& rest) {
    const std::size_t before = requests.size();
    hear(to_broker(2, rest));
    return requests.size() == before ? call_id{} : requests.back().m.call;
  }
  call_id any_request() {
    return request_from({"client", none, "id",
                         "\xa3"
                         "add",
                         "\x92\x01\x02", "\x80"});
  }
  bool final(call_id call, payload_view result, std::uint8_t flags = 0) {
    message m;
    m.call = call;
    m.payload = result;
    m.flags = flags;
    return worker.final(m);
  }
  bool error(call_id call, errc status, std::string_view text, std::string_view type = {}) {
    message m;
    m.call = call;
    m.status = status;
    m.text = text;
    m.remote_type = type;
    return worker.error(m);
  }

  peer::gaterpc_broker_of_worker broker;
  wire::frame_list out;
  gate::worker::session worker;
  instant now{1h};
  int opened = 0, closed_sockets = 0, welcomes = 0;
  std::vector<std::string> ids;
  std::vector<frames> ready;
  std::vector<sent_message> requests;
  std::vector<std::pair<call_id, errc>> cancels;
  std::vector<errc> losses, ends;
  std::string end_text;
};

inline frames reply(const frames& body) {
  frames rest{"client", none, "id"};
  rest.insert(rest.end(), body.begin(), body.end());
  return to_broker(3, rest);
}

inline const frames heartbeat = to_broker(4);
inline const frames farewell = to_broker(5, {none});

}  // namespace gate::test
