// A broker's core in virtual time, with an output that keeps all sent messages. After each event, the core's invariants
// are checked.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "broker/core/access.hpp"
#include "broker/core/core.hpp"

namespace gate::broker::testing {

using namespace std::chrono_literals;

// A message with its own bytes.
struct sent {
  peer_id to{};
  message_type type{};
  std::uint8_t flags = 0;
  std::uint64_t call = 0;
  std::string payload, service, method, caller, metadata, text, name, idempotency_key, traceparent, remote_type;
  std::size_t frames = 0;
  const payload_owner* owner = nullptr;
  std::optional<std::chrono::milliseconds> budget;
  std::uint32_t attempt = 0, credit_items = 0, credit_bytes = 0, liveness = 0;
  std::chrono::microseconds queue_time{0}, service_time{0};
  errc status = errc::ok;
  gate::origin origin = gate::origin::local;
  std::uint16_t version_min = 0, version_max = 0;
  std::chrono::milliseconds heartbeat_interval{0};
  std::uint64_t payload_bytes_max = 0;
  std::uint8_t encoding = 0, accept = 0;
  std::optional<std::uint64_t> total_bytes, offset, checksum;
  std::optional<huge_content> content;
  std::string etag;

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

struct recorder final : output {
  void send(peer_id to, const message& m) override {
    sent s;
    s.to = to;
    s.type = m.type;
    s.flags = m.flags;
    s.call = static_cast<std::uint64_t>(m.call);
    for (std::size_t i = 0; i < m.payload.frames(); ++i) s.payload += m.payload[i];
    s.frames = m.payload.frames();
    s.owner = m.payload.owner();
    s.service = m.service;
    s.method = m.method;
    s.caller = m.caller;
    s.metadata = m.metadata.encoded();
    s.text = m.text;
    s.name = m.name;
    s.idempotency_key = m.idempotency_key;
    s.traceparent = m.traceparent;
    s.remote_type = m.remote_type;
    s.budget = m.budget;
    s.attempt = m.attempt;
    s.credit_items = m.credit_items;
    s.credit_bytes = m.credit_bytes;
    s.liveness = m.liveness;
    s.queue_time = m.queue_time;
    s.service_time = m.service_time;
    s.status = m.status;
    s.origin = m.origin;
    s.version_min = m.version_min;
    s.version_max = m.version_max;
    s.heartbeat_interval = m.heartbeat_interval;
    s.payload_bytes_max = m.payload_bytes_max;
    s.encoding = m.encoding;
    s.accept = m.accept;
    s.total_bytes = m.total_bytes;
    s.offset = m.offset;
    s.checksum = m.checksum;
    s.content = m.content;
    s.etag = m.etag;
    all.push_back(std::move(s));
  }
  void cut(peer_id peer, errc why, std::string_view text) override { cuts.push_back({peer, why, std::string(text)}); }

  struct cut_peer {
    peer_id peer;
    errc why;
    std::string text;
  };
  std::vector<sent> all;
  std::vector<cut_peer> cuts;
};

// The differences from the plainest request.
struct ask {
  std::string payload = "arguments";
  std::string method = "m";
  std::uint8_t flags = 0;
  std::optional<std::chrono::milliseconds> budget{};
  std::uint32_t credit_items = 0, credit_bytes = 0;
  std::uint32_t attempt = 0;
};

// All that a core is made with.
struct options : broker_limits, service_policies {
  access* rights = nullptr;
  allowance* allowed = nullptr;
  observer* watcher = nullptr;
};

class bench {
 public:
  explicit bench(const options& o = {}) : core(o, o, o.rights, o.allowed, o.watcher, out, now) {}

  // --- peers

  static message hello(peer_role role, std::string_view service = {}, std::uint32_t capacity = 0) {
    message m;
    m.type = message_type::hello;
    m.role = role;
    m.version_min = m.version_max = gate2_version;
    m.service = service;
    m.capacity = capacity;
    m.name = "peer";
    return m;
  }
  static peer_context context(std::string principal = "anonymous") {
    peer_context c;
    c.principal = std::move(principal);
    c.address = "127.0.0.1";
    return c;
  }

  peer_id open(peer_context about = context()) {
    const peer_id id{++last_peer_};
    core.opened(id, about, now);
    return id;
  }
  // A client that has been welcomed. The messages that it got are dropped.
  peer_id client(peer_context about = context()) {
    const peer_id id = open(std::move(about));
    receive(id, hello(peer_role::client));
    (void)take(id);
    return id;
  }
  // The same for a worker. If it announces no methods, it takes calls of any method. Calls that waited for it are not
  // taken here.
  peer_id worker(std::string_view service, std::uint32_t capacity = 1, const std::vector<std::string>& methods = {},
                 peer_context about = context()) {
    const peer_id id = open(std::move(about));
    join(id, service, capacity, methods);
    const std::vector<sent> told = take(id);
    REQUIRE(!told.empty());
    REQUIRE(told.front().type == message_type::welcome);
    held_back_[id].assign(told.begin() + 1, told.end());
    return id;
  }
  void join(peer_id id, std::string_view service, std::uint32_t capacity = 1,
            const std::vector<std::string>& methods = {}) {
    descriptor d;
    d.host = "here";
    d.pid = 7;
    for (const std::string& name : methods) {
      method_descriptor method;
      method.name = name;
      d.methods.push_back(method);
    }
    core.received(id, hello(peer_role::worker, service, capacity), methods.empty() ? nullptr : &d, now);
    verify();
  }
  void receive(peer_id id, const message& m) {
    core.received(id, m, nullptr, now);
    verify();
  }
  void close(peer_id id) {
    core.closed(id, now);
    verify();
  }

  // --- what a client says

  static message request_message(std::uint64_t call, std::string_view service, const ask& how) {
    message m;
    m.type = message_type::request;
    m.call = call_id{call};
    m.service = service;
    m.method = how.method;
    m.payload = payload_view(how.payload);
    m.flags = how.flags;
    m.budget = how.budget;
    m.credit_items = how.credit_items;
    m.credit_bytes = how.credit_bytes;
    m.attempt = how.attempt;
    return m;
  }
  static message request_message(std::uint64_t call, std::string_view service, ask&& how) = delete;  // it is pointed to
  void request(peer_id from, std::uint64_t call, std::string_view service, const ask& how = {}) {
    receive(from, request_message(call, service, how));
  }
  void cancel(peer_id from, std::uint64_t call) { receive(from, of(message_type::cancel, call)); }

  // --- what either side says

  static message of(message_type type, std::uint64_t call = 0) {
    message m;
    m.type = type;
    m.call = call_id{call};
    return m;
  }
  void part(peer_id from, std::uint64_t call, std::string_view payload, std::uint8_t flags = 0) {
    message m = of(message_type::part, call);
    if ((flags & message_flag::no_payload) == 0) m.payload = payload_view(payload);
    m.flags = flags;
    receive(from, m);
  }
  void credit(peer_id from, std::uint64_t call, std::uint32_t items, std::uint32_t bytes) {
    message m = of(message_type::credit, call);
    m.credit_items = items;
    m.credit_bytes = bytes;
    receive(from, m);
  }

  // --- what a worker says

  void final(peer_id from, std::uint64_t call, std::string_view payload = "result") {
    message m = of(message_type::final, call);
    m.payload = payload_view(payload);
    receive(from, m);
  }
  void error(peer_id from, std::uint64_t call, errc status, std::string_view text = "no") {
    message m = of(message_type::error, call);
    m.status = status;
    m.text = text;
    m.origin = origin::worker;
    receive(from, m);
  }
  void heartbeat(peer_id from) { receive(from, of(message_type::heartbeat)); }
  // Hands a request back, as it was sent.
  message back(const sent& s) {
    message m = of(message_type::returned, s.call);
    m.service = s.service;
    m.method = s.method;
    m.payload = payload_view(s.payload);
    m.flags = s.flags;
    return m;
  }

  // --- time

  // Ticks at each deadline on the way, as a loop would.
  void pass(duration how_long) {
    const instant until = now + how_long;
    while (core.next_deadline() <= until) {
      const instant at = core.next_deadline();
      if (at > now) now = at;
      core.tick(now);
      verify();
      REQUIRE(core.next_deadline() > now);
    }
    now = until;
    core.tick(now);
    verify();
  }

  // --- what was sent

  // Returns all messages to this peer since the last call, without heartbeats.
  std::vector<sent> take(peer_id to) {
    std::vector<sent> mine = std::move(held_back_[to]);
    held_back_.erase(to);
    std::vector<sent> rest;
    for (sent& s : out.all) {
      if (s.to == to && s.type == message_type::heartbeat)
        ++heartbeats[to];
      else
        (s.to == to ? mine : rest).push_back(std::move(s));
    }
    out.all = std::move(rest);
    return mine;
  }
  // Returns the only message to this peer.
  sent one(peer_id to) {
    const std::vector<sent> mine = take(to);
    REQUIRE(mine.size() == 1);
    return mine.front();
  }
  sent one(peer_id to, message_type type) {
    const sent s = one(to);
    REQUIRE(s.type == type);
    return s;
  }
  bool none(peer_id to) { return take(to).empty(); }
  // Returns the id of the call that the worker was just given.
  std::uint64_t given(peer_id worker_id) { return one(worker_id, message_type::request).call; }
  // Returns the error that ends the client's only open call.
  errc failed(peer_id client_id) { return one(client_id, message_type::error).status; }
  bool was_cut(peer_id id) const {
    for (const auto& c : out.cuts) {
      if (c.peer == id) return true;
    }
    return false;
  }

  std::uint64_t ended(errc status) const { return core.counted().ended[static_cast<std::size_t>(status)]; }
  std::uint64_t refused(errc status) const { return core.counted().refused[static_cast<std::size_t>(status)]; }

  void verify() const {
    const std::string fault = core.check(now);
    INFO(fault);
    REQUIRE(fault.empty());
  }

  instant now = instant(1000s);
  recorder out;
  gate::broker::core core;
  std::map<peer_id, std::size_t> heartbeats;

 private:
  std::uint64_t last_peer_ = 0;
  std::map<peer_id, std::vector<sent>> held_back_;
};

// Settings whose start grace is over, so that an unknown name is refused at once.
inline options without_grace() {
  options o;
  o.service_grace = 0ms;
  return o;
}

}  // namespace gate::broker::testing
