// The engine's third part: peers of other dialects. Their messages are translated for the core. Each message of the
// core to them is composed at once, since its form depends on the messages before it.
#include <algorithm>
#include <utility>

#include "broker/engine/engine.hpp"
#include "broker/engine/src/peer_text.hpp"

namespace gate::broker {

// --- hearing ---------------------------------------------------------------------------------------------------------

void engine::handle_foreign(remote_peer& sender, wire::frames_view frames) {
  using outcome = wire::received::outcome;
  foreign_link& link = *sender.foreign;
  replies_.clear();
  const wire::received r = link.words().receive(frames, replies_);
  const instant now = loop_.now();
  if (!replies_.empty()) {
    link.said(now);
    queue(sender, replies_, nullptr);
  }
  if (r.what == outcome::taken) {
    link.heard(now);
    take(sender, r);
    if (link.is_worker() && !sender.cut) watch_worker(sender);
    return;
  }
  if (r.what == outcome::refused) return core_.malformed(sender.id, r.why, now);
  ++counted_.not_understood;
  complain("a message of " + peer_text(sender, core_) + " made no sense", r.why);
}

void engine::take(remote_peer& sender, const wire::received& r) {
  foreign_link& link = *sender.foreign;
  const instant now = loop_.now();
  if (link.pace().has_ready()) release(sender);
  for (const message& m : r.messages()) {
    if (sender.cut) return;
    ++counted_.envelopes_received;
    switch (m.type) {
      case message_type::hello:
        core_.received(sender.id, m, r.described, now);
        if (link.is_worker() && !sender.cut) link.registered(now);
        break;
      case message_type::request:
        ask(sender, m);
        break;
      case message_type::bye:
        link.left();
        core_.received(sender.id, m, nullptr, now);
        break;
      default:
        if (!link.pace().admit(m)) break;
        core_.received(sender.id, m, nullptr, now);
        if (link.pace().has_ready()) release(sender);
        break;
    }
  }
}

// Passes on the answers of this worker for which there is credit now.
void engine::release(remote_peer& worker) {
  while (!worker.cut && worker.foreign->pace().has_ready()) {
    worker.foreign->pace().take_ready([&](const message& m) { core_.received(worker.id, m, nullptr, loop_.now()); });
  }
}

void engine::ask(remote_peer& sender, const message& request) {
  const dialect speaks = sender.foreign->who().speaks;
  if (const auto question = foreign_services_.recognise(speaks, sender.principal, request)) {
    if (core_.allows(sender.id, request, loop_.now())) send(sender.id, foreign_services_.answer(*question));
    return;
  }
  message m = request;
  m.service = foreign_services::core_name(speaks, request.service);
  core_.received(sender.id, m, nullptr, loop_.now());
}

// --- saying ----------------------------------------------------------------------------------------------------------

void engine::say(remote_peer& to, const message& m) {
  composed_.clear();
  const wire::composed c = to.foreign->words().compose(m, composed_);
  if (to.foreign->is_worker() && !c.has_back) pace(to, m);
  if (c.what == wire::composed::outcome::dropped) ++counted_.not_sayable;
  if (c.has_back) backs_.emplace_back(to.id, c.back);
  if (composed_.empty()) {
    // The part is kept to be joined with others, which counts as sent. The flush tells the core, which grants more
    // credit.
    if (!to.foreign->is_worker()) mark_dirty(to);
    return;
  }
  if (m.type == message_type::heartbeat) {
    to.foreign->beaten(loop_.now());
  } else {
    to.foreign->said(loop_.now());
  }
  queue(to, composed_, m.type == message_type::request ? &m : nullptr);
}

void engine::pace(remote_peer& worker, const message& m) {
  answer_pace& its = worker.foreign->pace();
  if (m.type == message_type::request) {
    its.request(m);
  } else if (m.type == message_type::credit) {
    its.credit(m);
  } else if (m.type == message_type::cancel) {
    its.cancel(m.call);
  }
  if (its.has_ready()) released_.push_back(worker.id);
}

void engine::queue(remote_peer& to, const wire::frame_list& messages, const message* request) {
  if (!keeps(to, request != nullptr)) return;
  for (std::size_t i = 0; i < messages.messages(); ++i) {
    ++counted_.envelopes_sent;
    to.out.append(messages, i, request);
  }
  mark_dirty(to);
  if (to.out.bytes() >= limits::batch_bytes_target) relieve(to);
}

// Gives the core the answers for messages that a dialect cannot express, and the answers of workers that may pass now.
// Called while the core is not at work.
void engine::give_backs() {
  for (const peer_id id : std::exchange(released_, {})) {
    remote_peer* const worker = peers_.find(id);
    if (worker != nullptr) release(*worker);
  }
  for (const auto& [from, m] : std::exchange(backs_, {})) {
    const remote_peer* const p = peers_.find(from);
    if (p != nullptr && !p->cut) core_.received(from, m, nullptr, loop_.now());
  }
}

// --- workers: heartbeats, silence, and the list of methods of a gate-rpc worker
// ----------------------------------------

void engine::watch_worker(remote_peer& w) {
  if (!std::exchange(w.watched, true)) watched_.push_back(w.id);
  tend(w);
}

// Does what is due for this worker, and notes when the next thing is due.
void engine::tend(remote_peer& w) {
  using duty = foreign_link::duty;
  foreign_link& link = *w.foreign;
  const instant now = loop_.now();
  switch (link.due(now, core_.held_by(w.id) > 0)) {
    case duty::none:
      break;
    case duty::settle:
      take(w, link.words().settle());
      break;
    case duty::give_up:
      return give_up(w);
    case duty::beat: {
      message m;
      m.type = message_type::heartbeat;
      send(w.id, m);
      break;
    }
  }
  tend_at_ = std::min(tend_at_, link.next_due(now, core_.held_by(w.id) > 0));
}

void engine::tend_workers() {
  if (loop_.now() < tend_at_) return;
  tend_at_ = instant::max();
  std::erase_if(watched_, [this](peer_id id) {
    remote_peer* const w = peers_.find(id);
    if (w == nullptr || w->cut || w->ending) return true;
    tend(*w);
    return w->cut;
  });
}

void engine::give_up(remote_peer& w) {
  ++counted_.silent_workers;
  w.foreign->left();
  core_.rejected(w.id, errc::timed_out, "it was silent, idle as it was, for as many heartbeats as are allowed",
                 loop_.now());
}

}  // namespace gate::broker
