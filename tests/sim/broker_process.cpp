#include "tests/sim/broker_process.hpp"

#include <numeric>
#include <string>
#include <utility>

#include "common/wire/descriptor_codec.hpp"
#include "common/wire/gate2.hpp"

namespace gate::sim {

namespace {

broker::peer_id peer_of(std::uint64_t connection_id) { return broker::peer_id{connection_id}; }

wire::gate2::reader reader_of(const batch& b) {
  if (b.external) return wire::gate2::reader(b.envelopes, bytes_view(*b.external));
  return wire::gate2::reader(b.envelopes);
}

}  // namespace

broker_process::broker_process(world& in, const broker_limits& limits, const service_policies& policies)
    : process(in, "B"), limits_(limits), policies_(policies) {}

// --- its life -------------------------------------------------------------------------------------------------------

void broker_process::start() {
  if (alive()) return;
  born();
  draining_ = false;
  allowance_.reset();
  core_ = std::make_unique<broker::core>(limits_, policies_, nullptr, &allowance_, nullptr, *this, clock());
  world_.say(name(), "started");
}

void broker_process::crash() {
  if (!alive()) return;
  world_.say(name(), "killed");
  leave();
}

void broker_process::leave() {
  sum_up();
  remotes_.clear();
  turns_ = {};
  speaking_.clear();
  core_.reset();
  dead();
  network_->broker_died(life());
}

void broker_process::drain(duration patience) {
  happen(life(), [this] {
    world_.say(name(), "drains");
    draining_ = true;
    core_->drain(clock());
    verify();
  });
  later(patience, [this] {
    if (!draining_) return;
    core_->shut_down(clock());
    verify();
    if (!core_->drained()) world_.fail("after its shutdown the core has calls left");
    leave_in_order();
  });
}

// Sends the waiting messages, then ends the connections.
void broker_process::leave_in_order() {
  for (auto& [id, r] : remotes_) {
    for (batch& b : r.out.take()) network_->send_to_peer(r.link, std::move(b));
    r.link->broker_done = true;
    network_->close_by_broker(r.link);
  }
  world_.say(name(), "has drained and ends");
  leave();
}

void broker_process::sum_up() {
  const broker::counters& c = core_->counted();
  counted_.accepted += c.accepted;
  for (std::size_t i = 0; i < c.ended.size(); ++i) counted_.ended[i] += c.ended[i];
  for (std::size_t i = 0; i < c.refused.size(); ++i) counted_.refused[i] += c.refused[i];
  counted_.redispatched += c.redispatched;
  counted_.late_answers += c.late_answers;
  counted_.parts += c.parts;
  counted_.overruns += c.overruns;
  counted_.malformed += c.malformed;
  counted_.violations += c.violations;
  counted_.cut += c.cut;
  counted_.stalls += c.stalls;
  counted_.displaced += c.displaced;
  counted_.recalls += c.recalls;
  counted_.over_method_rate += c.over_method_rate;
}

// --- what it hears --------------------------------------------------------------------------------------------------

broker_process::remote* broker_process::find(std::uint64_t connection_id) {
  const auto found = remotes_.find(connection_id);
  return found == remotes_.end() ? nullptr : &found->second;
}

void broker_process::net_received(const connection_ptr& c, const batch& b) {
  happen(life(), [this, c, b] { take(c, b); });
}

void broker_process::take(const connection_ptr& c, const batch& b) {
  if (c->broker_done) return;
  if (c->tainted) turns_.left(c->id);  // its rogue messages take turns too
  world_.mix(c->id);
  world_.mix(b.envelopes);
  if (find(c->id) == nullptr) {
    remotes_[c->id].link = c;
    broker::peer_context context;
    context.principal = "anonymous";
    context.address = "127.0.0.1";
    core_->opened(peer_of(c->id), context, clock());
    verify();
  }
  wire::gate2::reader envelopes = reader_of(b);
  message m;
  while (envelopes.next(m)) {
    remote* const r = find(c->id);
    if (r == nullptr) return;  // it was cut meanwhile
    if (world_.readable() && m.type != message_type::heartbeat) {
      world_.say(name(), "hears " + std::string(to_string(m.type)) + " of " + std::string(c->peer->who()) + ", call " +
                             std::to_string(number(m.call)));
    }
    std::optional<descriptor> described;
    if (m.type == message_type::hello && m.payload.size_bytes() > 0) described = decode_descriptor(m.payload.single());
    heard(c->id, *r, m, described);
    core_->received(peer_of(c->id), m, described ? &*described : nullptr, clock());
    verify();
    if (world_.failed()) return;
  }
  if (envelopes.error() == wire::gate2::parse_error::none || find(c->id) == nullptr) return;
  if (!c->tainted) world_.fail("what a session composed could not be parsed");
  core_->malformed(peer_of(c->id), to_string(envelopes.error()), clock());
  verify();
}

void broker_process::net_closed(const connection_ptr& c) {
  happen(life(), [this, c] { take_end(c); });
}

void broker_process::take_end(const connection_ptr& c) {
  if (std::exchange(c->broker_done, true)) return;
  remote* const r = find(c->id);
  if (r == nullptr) return;
  world_.say(name(), "hears the end of a connection");
  const std::vector<batch> held = std::move(r->held);
  const bool is_worker = r->role == peer_role::worker;
  remotes_.erase(c->id);
  turns_.left(c->id);
  turns_.regrouped();
  for (const batch& b : held) {
    wire::gate2::reader envelopes = reader_of(b);
    message m;
    while (is_worker && envelopes.next(m)) {
      if (m.type != message_type::request) continue;
      world_.say(name(), "a request had not been sent yet");
      core_->unsent(peer_of(c->id), m, clock());
      verify();
    }
  }
  core_->closed(peer_of(c->id), clock());
  verify();
}

void broker_process::heard(std::uint64_t id, remote& r, const message& m, const std::optional<descriptor>& described) {
  switch (m.type) {
    case message_type::hello:
      r.role = m.role;
      r.capacity = m.capacity;
      r.open.clear();
      r.asked.clear();
      r.service = m.service;
      r.methods.clear();
      if (described) {
        for (const method_descriptor& method : described->methods) r.methods.insert(method.name);
      }
      r.leaving = false;
      turns_.left(id);
      turns_.regrouped();
      break;
    case message_type::request:
      if (r.role == peer_role::client && !r.link->tainted) turns_.heard(id, m);
      if (!m.has(message_flag::one_way)) r.open[number(m.call)].grow(m.credit_items, m.credit_bytes);
      break;
    case message_type::credit:
      if (const auto c = r.open.find(number(m.call)); c != r.open.end()) c->second.grow(m.credit_items, m.credit_bytes);
      break;
    case message_type::final:
    case message_type::error:
    case message_type::returned:
      if (r.role == peer_role::worker) r.open.erase(number(m.call));
      break;
    case message_type::drain:
      turns_.regrouped();
      r.leaving = true;
      break;
    default:
      break;
  }
}

// --- what it says ---------------------------------------------------------------------------------------------------

void broker_process::send(broker::peer_id to, const message& m) {
  remote* const r = find(static_cast<std::uint64_t>(to));
  if (r == nullptr) return;  // it was just unsent or closed
  if (world_.readable() && m.type != message_type::heartbeat) {
    std::string line = "says " + std::string(to_string(m.type)) + " to " + std::string(r->link->peer->who()) +
                       ", call " + std::to_string(number(m.call));
    if (m.type == message_type::request) line += ": " + std::string(m.method) + ' ' + std::string(m.payload.single());
    if (m.status != errc::ok) line += " (" + std::string(to_string(m.status)) + ": " + std::string(m.text) + ")";
    world_.say(name(), line);
  }
  if (r->role == peer_role::worker && m.type == message_type::request) {
    watch_methods(*r, m);
    watch_policy(m);
  }
  if (r->role) watch_turns(static_cast<std::uint64_t>(to), *r, m);
  if (!r->link->tainted && r->role) {
    if (*r->role == peer_role::client)
      said_to_client(*r, m);
    else
      said_to_worker(*r, m);
  }
  r->out.add(m);
  speaking_.insert(static_cast<std::uint64_t>(to));
}

// The broker must go by the last hello on a connection, whatever else came over it.
void broker_process::watch_methods(const remote& r, const message& m) {
  if (m.service != r.service) world_.fail("the broker gives a worker a call of another service");
  if (!r.methods.empty() && !r.methods.contains(std::string(m.method))) {
    world_.fail("the broker gives a worker a call of '" + std::string(m.method) + "', which it does not have");
  }
}

// The operator's word counts, whatever the client said.
void broker_process::watch_policy(const message& request) {
  const auto service = policies_.services.find(request.service);
  if (service == policies_.services.end()) return;
  const auto method = service->second.methods.find(request.method);
  if (method == service->second.methods.end() || !method->second.idempotent) return;
  if (request.has(message_flag::idempotent) != *method->second.idempotent) {
    world_.fail("the broker gives a worker a call of '" + std::string(request.method) +
                "' with another idempotency than the operator set");
  }
}

void broker_process::watch_queues() {
  for (const auto& [service, policy] : policies_.services) {
    const std::optional<broker::service_view> now = core_->find_service({}, service);
    if (now && policy.queue_max && now->queued > *policy.queue_max) {
      world_.fail("more calls wait for '" + service + "' than its policy allows");
    }
    if (now && policy.queue_bytes_max && now->queued_bytes > *policy.queue_bytes_max) {
      world_.fail("more bytes wait for '" + service + "' than its policy allows");
    }
  }
}

void broker_process::watch_turns(std::uint64_t id, const remote& r, const message& m) {
  if (r.role == peer_role::client) {
    if (m.type == message_type::final || m.type == message_type::error) turns_.ended(id, m.call);
  } else if (m.type == message_type::request) {
    if (const std::string unfair = turns_.given(m); !unfair.empty()) world_.fail(unfair);
  }
}

void broker_process::said_to_client(remote& r, const message& m) {
  const auto call = r.open.find(number(m.call));
  const std::string what = std::string(to_string(m.type)) + " for call " + std::to_string(number(m.call));
  switch (m.type) {
    case message_type::final:
    case message_type::error:
      if (call == r.open.end()) return world_.fail("the broker sends a client a second " + what);
      r.open.erase(call);
      break;
    case message_type::part:
      if (call == r.open.end()) return world_.fail("the broker sends a client a late " + what);
      if (m.is_head()) break;  // it costs no credit
      if (!call->second.open()) return world_.fail("the broker sends a client a " + what + " beyond its credit");
      call->second.take(m.payload.size_bytes());
      break;
    case message_type::credit:
      if (call == r.open.end()) return world_.fail("the broker sends a client a late " + what);
      break;
    default:
      break;
  }
}

void broker_process::said_to_worker(remote& r, const message& m) {
  const auto call = r.open.find(number(m.call));
  const std::string what = std::string(to_string(m.type)) + " for call " + std::to_string(number(m.call));
  switch (m.type) {
    case message_type::request:
      if (call != r.open.end()) return world_.fail("the broker gives a worker a second " + what);
      if (r.leaving) return world_.fail("the broker gives a draining worker a " + what);
      r.open[number(m.call)] = {};
      if (r.open.size() > r.capacity) return world_.fail("the broker gives a worker more calls than it takes");
      if (m.caller != "anonymous") return world_.fail("the broker did not stamp the principal");
      break;
    case message_type::recall:
      if (!r.asked.insert(number(m.call)).second) return world_.fail("the broker sends a worker a second " + what);
      [[fallthrough]];
    case message_type::part:
    case message_type::credit:
    case message_type::cancel:
      if (call == r.open.end()) return world_.fail("the broker sends a worker a stray " + what);
      break;
    default:
      break;
  }
}

void broker_process::cut(broker::peer_id peer, errc why, std::string_view text) {
  remote* const r = find(static_cast<std::uint64_t>(peer));
  if (r == nullptr) return;
  if (why == errc::protocol_error && !r->link->tainted) {
    world_.fail("the broker complains about a faultless peer: " + std::string(text));
  }
  for (batch& b : r->out.take()) network_->send_to_peer(r->link, std::move(b));
  r->link->broker_done = true;
  network_->close_by_broker(r->link);
  remotes_.erase(static_cast<std::uint64_t>(peer));
  turns_.left(static_cast<std::uint64_t>(peer));
  turns_.regrouped();
}

// --- its turns ------------------------------------------------------------------------------------------------------

void broker_process::verify() {
  if (const std::string fault = core_->check(clock()); !fault.empty()) world_.fail("the core's own check: " + fault);
  watch_queues();
  const broker::counters& c = core_->counted();
  const std::uint64_t open = c.accepted - std::accumulate(c.ended.begin(), c.ended.end(), std::uint64_t{0});
  if (allowance_.calls() != open) world_.fail("a call was not given back to its principal's allowance, or twice");
  if (open == 0 && allowance_.bytes() != 0) world_.fail("bytes of ended calls stay with their principal's allowance");
}

void broker_process::end_of_turn() {
  for (const std::uint64_t id : speaking_) {
    remote* const r = find(id);
    if (r == nullptr) continue;
    for (batch& b : r->out.take()) {
      if (r->held_back)
        r->held.push_back(std::move(b));
      else
        network_->send_to_peer(r->link, std::move(b));
    }
  }
  speaking_.clear();
  if (!draining_ || !core_->drained()) return;
  core_->shut_down(clock());
  verify();
  leave_in_order();
}

void broker_process::look_at_clock() {
  core_->tick(clock());
  verify();
}

instant broker_process::next_deadline() const { return core_ ? core_->next_deadline() : instant::max(); }

void broker_process::hold_back(std::uint64_t connection_id) {
  if (remote* const r = find(connection_id); r != nullptr) r->held_back = true;
}

void broker_process::release(std::uint64_t connection_id) {
  remote* const r = find(connection_id);
  if (r == nullptr || !std::exchange(r->held_back, false)) return;
  for (batch& b : std::exchange(r->held, {})) network_->send_to_peer(r->link, std::move(b));
}

}  // namespace gate::sim
