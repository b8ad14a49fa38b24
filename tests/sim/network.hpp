// Simulated connections: batches in both directions, in order, with random latency. A connection that breaks loses the
// last of its batches, and its two ends notice at different times, or never.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gate/protocol.hpp>

#include "tests/sim/world.hpp"

namespace gate::sim {

// One ZeroMQ message: envelopes, and perhaps one payload frame.
struct batch {
  std::string envelopes;
  std::optional<std::string> external;

  bool empty() const noexcept { return envelopes.empty(); }
};

// Collects the messages of one turn. An external payload closes a batch.
class batcher {
 public:
  void add(const message& m);
  void add_raw(std::string raw);  // any bytes
  std::vector<batch> take();
  bool empty() const noexcept { return batches_.empty(); }

 private:
  std::vector<batch> batches_;
};

struct connection;
using connection_ptr = std::shared_ptr<connection>;

// The end of the peer that opened the connection: a worker's or a client's socket.
class peer_end {
 public:
  virtual ~peer_end() = default;
  virtual std::string_view who() const = 0;
  virtual void net_connected(const connection_ptr& c) = 0;
  virtual void net_ended(const connection_ptr& c, std::string_view why) = 0;
  virtual void net_received(const connection_ptr& c, const batch& b) = 0;
};

// The end of the broker, which accepted it.
class broker_end {
 public:
  virtual ~broker_end() = default;
  virtual bool net_listening() const = 0;
  virtual std::uint64_t net_life() const = 0;  // connections of an earlier life are dead
  virtual void net_received(const connection_ptr& c, const batch& b) = 0;
  virtual void net_closed(const connection_ptr& c) = 0;
};

struct connection {
  std::uint64_t id = 0;
  peer_end* peer = nullptr;
  std::uint64_t broker_life = 0;
  bool peer_has_it = true;   // the peer's socket is open
  bool broker_done = false;  // the broker has cut it, or has handled its end
  bool tainted = false;      // bytes came that no session sends: complaints about the peer are justified
  struct direction {
    instant clear{};               // arrival of the last message: later messages come after it
    instant cut = instant::max();  // messages that would arrive later are lost
    bool told = false;             // the receiving end has been told, or will be told, of the end
  } to_broker, to_peer;
};

class network {
 public:
  network(world& in, broker_end& broker) : world_(in), broker_(broker) {}

  // Reports net_connected or net_ended; or nothing, if the connection is a black hole.
  connection_ptr open(peer_end& from);
  void send_to_broker(const connection_ptr& c, batch b);
  void send_to_peer(const connection_ptr& c, batch b);
  // That end closes the connection. The other end hears of it after the messages that it was sent.
  void close_by_peer(const connection_ptr& c);
  void close_by_broker(const connection_ptr& c);
  // Each end hears of it after a while. With `silent` no end ever does, except that the broker's transport finds it by
  // its heartbeat.
  void break_off(const connection_ptr& c, bool silent);
  void peer_died(const connection_ptr& c);
  void broker_died(std::uint64_t life);

  duration latency_mean = std::chrono::milliseconds(3);
  bool faults = true;

 private:
  static constexpr auto transport_timeout = std::chrono::milliseconds(3000);

  instant arrival(connection::direction& d);
  bool broker_knows(const connection_ptr& c) const {
    return broker_.net_listening() && broker_.net_life() == c->broker_life;
  }
  void tell_peer(const connection_ptr& c, instant when, std::string_view why);
  void tell_broker(const connection_ptr& c, instant when);

  world& world_;
  broker_end& broker_;
  std::uint64_t opened_ = 0;
  std::vector<std::weak_ptr<connection>> all_;
};

}  // namespace gate::sim
