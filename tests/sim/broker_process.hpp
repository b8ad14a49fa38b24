// The broker's core in a simulated process. Each message that it sends is checked against the messages that it got,
// without use of the core's own tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "broker/core/access.hpp"
#include "broker/core/core.hpp"
#include "common/protocol/window.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/turns.hpp"

namespace gate::sim {

// Grants every request, and counts what was not given back.
class counting_allowance final : public broker::allowance {
 public:
  answer begin(std::string_view, std::size_t bytes, instant) override {
    ++calls_;
    bytes_ += bytes;
    return {};
  }
  void end(std::string_view, std::size_t bytes) override {
    --calls_;
    bytes_ -= bytes;
  }
  void reset() noexcept { calls_ = bytes_ = 0; }
  std::size_t calls() const noexcept { return calls_; }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::size_t calls_ = 0, bytes_ = 0;
};

class broker_process final : public process, public broker_end, public broker::output {
 public:
  broker_process(world& in, const broker_limits& limits, const service_policies& policies);

  void attach(network& net) noexcept { network_ = &net; }
  void start();
  void crash();
  // As on SIGTERM: open calls may end within `patience`; then the broker is gone.
  void drain(duration patience);

  // The messages to that peer stay here until release(), as if the transport's queue were full.
  void hold_back(std::uint64_t connection_id);
  void release(std::uint64_t connection_id);

  const broker::core* core() const noexcept { return core_.get(); }
  // The sum over all lives of this process.
  const broker::counters& counted() const noexcept { return counted_; }
  std::size_t connections() const noexcept { return remotes_.size(); }

  bool net_listening() const override { return alive(); }
  std::uint64_t net_life() const override { return life(); }
  void net_received(const connection_ptr& c, const batch& b) override;
  void net_closed(const connection_ptr& c) override;

 private:
  // One peer, as seen on the wire.
  struct remote {
    connection_ptr link;
    batcher out;
    bool held_back = false;
    std::vector<batch> held;
    std::optional<peer_role> role;
    std::uint32_t capacity = 0;
    std::string service;                         // for a worker: as in its last hello
    std::set<std::string> methods;               // the same; empty: it takes all methods
    std::set<std::uint64_t> asked;               // calls that it was asked to hand back
    bool leaving = false;                        // a worker that has sent drain
    std::map<std::uint64_t, peer::window> open;  // calls, by number; what their producers may still send to this peer
  };

  void send(broker::peer_id to, const message& m) override;
  void cut(broker::peer_id peer, errc why, std::string_view text) override;

  void end_of_turn() override;
  void look_at_clock() override;
  instant next_deadline() const override;

  void take(const connection_ptr& c, const batch& b);
  void take_end(const connection_ptr& c);
  void heard(std::uint64_t id, remote& r, const message& m, const std::optional<descriptor>& described);
  void watch_methods(const remote& r, const message& m);
  void watch_policy(const message& request);
  void watch_queues();
  void watch_turns(std::uint64_t id, const remote& r, const message& m);
  void said_to_client(remote& r, const message& m);
  void said_to_worker(remote& r, const message& m);
  void verify();
  void leave();
  void leave_in_order();
  void sum_up();
  remote* find(std::uint64_t connection_id);
  static std::uint64_t number(call_id id) noexcept { return static_cast<std::uint64_t>(id); }

  const broker_limits limits_;
  const service_policies policies_;
  counting_allowance allowance_;
  network* network_ = nullptr;
  std::unique_ptr<broker::core> core_;
  std::map<std::uint64_t, remote> remotes_;  // by the connection's id
  std::set<std::uint64_t> speaking_;         // those with messages to send
  turn_watch turns_;
  broker::counters counted_;
  bool draining_ = false;
};

}  // namespace gate::sim
