// The common part of simulated workers and clients: the transport below a session, and its faults.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "common/wire/gate2.hpp"
#include "tests/sim/broker_process.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/process.hpp"

namespace gate::sim {

class peer_process : public process, public peer_end {
 public:
  peer_process(world& in, std::string name, network& net, broker_process& broker)
      : process(in, std::move(name)), net_(net), broker_(broker) {}

  void crash() {
    if (!alive()) return;
    world_.say(name(), "killed");
    if (link_) {
      broker_.release(link_->id);
      net_.peer_died(link_);
      link_.reset();
    }
    out_.take();
    dead();
    forget_session();
  }

  void break_connection(bool silent) {
    if (!link_) return;
    world_.say(name(), silent ? "its connection breaks, in silence" : "its connection breaks");
    net_.break_off(link_, silent);
  }

  // Sends bytes that no session would send.
  void inject(std::string raw) {
    if (!alive() || frozen() || !link_) return;
    world_.say(name(), "sends what it should not");
    link_->tainted = true;
    turn([this, &raw] { out_.add_raw(std::move(raw)); });
  }

  std::string_view who() const override { return name(); }
  void net_connected(const connection_ptr& c) override {
    happen(life(), [this, c] {
      if (c == link_) session_connected();
    });
  }
  void net_ended(const connection_ptr& c, std::string_view why) override {
    happen(life(), [this, c, why] {
      if (c != link_) return;
      world_.say(name(), why);
      tainted_ = link_->tainted;
      link_->peer_has_it = false;
      link_.reset();
      out_.take();
      session_ended(why);
    });
  }
  void net_received(const connection_ptr& c, const batch& b) override {
    happen(life(), [this, c, b] { take(c, b); });
  }

 protected:
  virtual void session_connected() = 0;
  virtual void session_ended(std::string_view why) = 0;
  virtual void session_received(const message& m) = 0;
  virtual void session_malformed(std::string_view why) = 0;
  virtual void forget_session() = 0;

  void transport_open() { link_ = net_.open(*this); }
  void transport_close() {
    if (!link_) return;
    flush();
    tainted_ = link_->tainted;
    net_.close_by_peer(link_);
    link_.reset();
  }
  void transport_send(const message& m) {
    if (!link_) return world_.fail(name() + ": its session sends without a connection");
    out_.add(m);
  }
  // Checks why a session gave its connection up.
  void check_loss(errc why, std::string_view text) {
    if (why == errc::protocol_error && !tainted_) {
      world_.fail(name() + ": its session complains about a faultless broker: " + std::string(text));
    }
  }

  // Whether bytes were sent that no session would send: on this connection or, if there is none, on the last one.
  bool was_tainted() const noexcept { return link_ ? link_->tainted : tainted_; }

  void end_of_turn() override { flush(); }
  void on_freeze() override {
    if (!link_) return;
    // Its socket's queue is full sooner or later; after the transport's time-out it counts as dead.
    if (world_.random.percent(50)) broker_.hold_back(link_->id);
    world_.after(std::chrono::seconds(3), [this, c = link_] {
      if (frozen() && c == link_) net_.break_off(c, false);
    });
  }
  void on_thaw() override {
    if (link_) broker_.release(link_->id);
  }

  network& net_;
  broker_process& broker_;

 private:
  void flush() {
    for (batch& b : out_.take()) net_.send_to_broker(link_, std::move(b));
  }

  void take(const connection_ptr& c, const batch& b) {
    if (c != link_) return;
    world_.mix(c->id);
    world_.mix(b.envelopes);
    wire::gate2::reader envelopes =
        b.external ? wire::gate2::reader(b.envelopes, bytes_view(*b.external)) : wire::gate2::reader(b.envelopes);
    message m;
    while (c == link_ && envelopes.next(m)) {
      session_received(m);
      if (world_.failed()) return;
    }
    if (c != link_ || envelopes.error() == wire::gate2::parse_error::none) return;
    world_.fail(name() + ": the broker sent what cannot be parsed: " + std::string(to_string(envelopes.error())));
  }

  connection_ptr link_;
  batcher out_;
  bool tainted_ = false;  // for the last connection
};

}  // namespace gate::sim
