#include "tests/sim/network.hpp"

#include <algorithm>
#include <utility>

#include <gate/limits.hpp>

#include "common/wire/gate2.hpp"

namespace gate::sim {

using std::chrono::milliseconds;

namespace {
// Small, so that both ways of sending a payload occur.
constexpr std::size_t external_bytes_min = 300;
}  // namespace

void batcher::add(const message& m) {
  const bool external = m.payload.size_bytes() >= external_bytes_min;
  if (batches_.empty() || batches_.back().external) batches_.emplace_back();
  batch& b = batches_.back();
  wire::gate2::append(b.envelopes, m, external);
  if (external) b.external = std::string(m.payload.single());
}

void batcher::add_raw(std::string raw) {
  batches_.emplace_back();
  batches_.back().envelopes = std::move(raw);
  batches_.emplace_back();
}

std::vector<batch> batcher::take() {
  std::vector<batch> all = std::exchange(batches_, {});
  std::erase_if(all, [](const batch& b) { return b.empty(); });
  return all;
}

instant network::arrival(connection::direction& d) {
  d.clear = std::max(d.clear, world_.now() + world_.random.about(latency_mean) + std::chrono::microseconds(50));
  return d.clear;
}

connection_ptr network::open(peer_end& from) {
  auto c = std::make_shared<connection>();
  c->id = ++opened_;
  c->peer = &from;
  std::erase_if(all_, [](const auto& old) { return old.expired(); });
  all_.push_back(c);
  const bool black_hole = faults && world_.random.percent(1);
  const instant when = arrival(c->to_peer);
  world_.at(when, [this, c, black_hole] {
    if (!c->peer_has_it || black_hole) return;
    if (!broker_.net_listening()) {
      c->to_peer.told = true;
      c->peer->net_ended(c, "connection refused");
      return;
    }
    c->broker_life = broker_.net_life();
    c->peer->net_connected(c);
  });
  return c;
}

void network::send_to_broker(const connection_ptr& c, batch b) {
  world_.at(arrival(c->to_broker), [this, c, b = std::move(b)] {
    if (world_.now() > c->to_broker.cut || c->to_broker.told || !broker_knows(c)) return;
    broker_.net_received(c, b);
  });
}

void network::send_to_peer(const connection_ptr& c, batch b) {
  world_.at(arrival(c->to_peer), [this, c, b = std::move(b)] {
    if (world_.now() > c->to_peer.cut || c->to_peer.told || !c->peer_has_it) return;
    c->peer->net_received(c, b);
  });
}

void network::tell_peer(const connection_ptr& c, instant when, std::string_view why) {
  world_.at(when, [c, why] {
    if (std::exchange(c->to_peer.told, true) || !c->peer_has_it) return;
    c->peer->net_ended(c, why);
  });
}

void network::tell_broker(const connection_ptr& c, instant when) {
  world_.at(when, [this, c] {
    if (std::exchange(c->to_broker.told, true) || !broker_knows(c)) return;
    broker_.net_closed(c);
  });
}

void network::close_by_peer(const connection_ptr& c) {
  if (!std::exchange(c->peer_has_it, false)) return;
  tell_broker(c, arrival(c->to_broker));
}

void network::close_by_broker(const connection_ptr& c) {
  c->to_broker.told = true;
  tell_peer(c, arrival(c->to_peer), "closed by the broker");
}

void network::break_off(const connection_ptr& c, bool silent) {
  for (auto* d : {&c->to_broker, &c->to_peer}) {
    d->cut = std::min(d->cut, world_.now() + world_.random.about(latency_mean) / 2);
  }
  const duration soon = world_.random.about(milliseconds(2));
  tell_broker(c, std::max(c->to_broker.cut, world_.now() + (silent ? duration(transport_timeout) : soon)));
  if (!silent) tell_peer(c, std::max(c->to_peer.cut, world_.now() + world_.random.about(milliseconds(50))), "reset");
}

void network::peer_died(const connection_ptr& c) {
  c->peer_has_it = false;
  c->to_broker.cut = std::min(c->to_broker.cut, world_.now() + world_.random.about(latency_mean) / 2);
  tell_broker(c, std::max(c->to_broker.cut, world_.now() + world_.random.about(milliseconds(2))));
}

void network::broker_died(std::uint64_t life) {
  for (const auto& weak : all_) {
    const connection_ptr c = weak.lock();
    if (!c || c->broker_life != life) continue;
    c->to_broker.cut = world_.now();
    c->to_broker.told = true;
    if (c->broker_done) continue;  // closed in order; the peer hears of it after the messages that it was sent
    c->to_peer.cut = std::min(c->to_peer.cut, world_.now() + world_.random.about(latency_mean) / 2);
    const bool silent = faults && world_.random.percent(10);
    if (!silent) tell_peer(c, std::max(c->to_peer.cut, world_.now() + world_.random.about(milliseconds(10))), "reset");
  }
}

}  // namespace gate::sim
