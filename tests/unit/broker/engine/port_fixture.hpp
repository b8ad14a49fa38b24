// A port of a broker, with what tells of its connections and lets peers in, and no core.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/engine/admission.hpp"
#include "broker/engine/connection_watch.hpp"
#include "broker/engine/outbox.hpp"
#include "broker/engine/silence_watch.hpp"
#include "tests/unit/broker/guarded_broker.hpp"

namespace gate::broker::testing {

struct bare_port : output,
                   outbox::listener,
                   outbox::transport,
                   connection_watch::listener,
                   silence_watch::listener,
                   admission::listener {
  explicit bare_port(const std::string& endpoint = "tcp://127.0.0.1:*") {
    binding plan;
    plan.endpoint = endpoint;
    ports.push_back(std::make_unique<port>(
        where, door, plan, options, 0,
        [this](port& from, const connection_event& event) { connections.on_event(from, event); }));
  }
  port& at() { return *ports.front(); }
  // Waits for the next message, and says whose it is.
  remote_peer* next_sender() {
    if (!test::comes_true([&] { return at().socket().try_receive(at().incoming); })) throw test::silence();
    return admitted.sender_of(at());
  }
  std::vector<std::string> take() { return std::exchange(told, {}); }

  void ended(remote_peer& gone) override { told.push_back("ended " + gone.routing_id); }
  void all_left() override { told.emplace_back("all left"); }
  void opened(const remote_peer& fresh, const peer_context& context) override {
    told.push_back("opened " + fresh.routing_id + " " + context.principal + " " + std::string(context.dialect));
  }
  void replaced(remote_peer& former) override {
    told.push_back("replaced " + former.routing_id);
    peers.remove(former);
  }

  // Of no interest here.
  void send(peer_id, const message&) override {}
  void cut(peer_id, errc, std::string_view) override {}
  void flushed(peer_id) override {}
  void unsent(peer_id, const message&) override {}
  void too_slow(const remote_peer&, const std::string&) override {}
  void dropped(peer_id, const std::string&) override {}
  bool has_ended(const remote_peer& peer) override { return peer.ending; }
  delivery send(remote_peer&, outgoing&, lent_payloads&) override { return delivery::sent; }
  void gone(remote_peer&) override {}
  void end_connection(remote_peer&) override {}
  void arrives(remote_peer&) override {}
  void silent(remote_peer&, const std::string&) override {}

  std::vector<std::string> told;
  loop where;
  broker_options options;
  security::gatekeeper door{where, options};
  descriptor_budget budget{100, 2, 1};
  gate::broker_limits core_limits;
  core state{core_limits, {}, nullptr, nullptr, nullptr, *this, where.now()};
  std::vector<std::unique_ptr<port>> ports;
  held_by_all held{options};
  remote_peers peers;
  io_counters counted;
  broker_events events{where, [](const security::audit_record&) {}, false, nullptr};
  outbox out{options, peers, held.owed, counted, *this, *this};
  connection_watch connections{where, options, budget, ports, peers, events, counted, *this};
  silence_watch lives{options, peers, out, *this};
  admission admitted{admission::neighbours{where, options, nullptr, state, ports, peers, held, connections, lives,
                                           events, counted, *this}};
};

}  // namespace gate::broker::testing
