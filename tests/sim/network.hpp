// Simulated connections: batches in both directions, first in first out, with random latency. A connection that breaks
// loses the tail of what is under way, and its two ends hear of it at different times, or not at all.
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

// Collects what leaves in one turn, closing a batch behind an external payload.
class batcher {
 public:
  void add(const message& m);
  void add_raw(std::string raw);  // whatever it is
  std::vector<batch> take();
  bool empty() const noexcept { return batches_.empty(); }

 private:
  std::vector<batch> batches_;
};

struct connection;
using connection_ptr = std::shared_ptr<connection>;

// The end of a connection that opened it: a worker's or a client's socket.
class peer_end {
 public:
  virtual ~peer_end() = default;
  virtual std::string_view who() const = 0;
  virtual void net_connected(const connection_ptr& c) = 0;
  virtual void net_ended(const connection_ptr& c, std::string_view why) = 0;
  virtual void net_received(const connection_ptr& c, const batch& b) = 0;
};

// The end that accepted it.
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
  bool peer_has_it = true;   // its socket is open
  bool broker_done = false;  // the broker has cut it, or has dealt with its end
  bool tainted = false;      // what came over it was not what the session said: complaints about it are in order
  struct direction {
    instant clear{};               // nothing that is sent now overtakes what was sent before
    instant cut = instant::max();  // what would arrive later is lost
    bool told = false;             // the receiving end hears, or has heard, of the end
  } to_broker, to_peer;
};

class network {
 public:
  network(world& in, broker_end& broker) : world_(in), broker_(broker) {}

  // Answers with net_connected, with net_ended, or (a black hole) not at all.
  connection_ptr open(peer_end& from);
  void send_to_broker(const connection_ptr& c, batch b);
  void send_to_peer(const connection_ptr& c, batch b);
  // That end closes it; the other hears of it behind what was sent.
  void close_by_peer(const connection_ptr& c);
  void close_by_broker(const connection_ptr& c);
  // Each end hears of it after a while; `silent` ones never do, but for the transport's own heartbeat on the broker's
  // side.
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
