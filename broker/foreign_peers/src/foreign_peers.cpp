#include "broker/foreign_peers/foreign_peers.hpp"

#include <algorithm>

namespace gate::broker {

// --- what peers say

void foreign_peers::received(peer_id from, foreign_link& link, wire::frames_view frames, instant now) {
  using outcome = wire::received::outcome;
  replies_.clear();
  const wire::received r = link.words().receive(frames, replies_);
  if (!replies_.empty()) {
    link.said(now);
    host_.send(from, replies_, nullptr);
  }
  if (r.what == outcome::taken) {
    link.heard(now);
    take(from, link, r, now);
    if (!link.is_worker() || host_.link_of(from) == nullptr) return;
    if (!std::exchange(link.watched, true)) watched_.push_back(from);
    return tend(from, link, now);
  }
  if (r.what == outcome::refused) return core_->malformed(from, r.why, now);
  ++counted_.not_understood;
  host_.not_understood(from, r.why);
}

void foreign_peers::take(peer_id from, foreign_link& link, const wire::received& r, instant now) {
  if (link.pace().has_ready()) release(from, link, now);
  for (const message& m : r.messages()) {
    if (host_.link_of(from) == nullptr) return;  // it was cut
    ++counted_.envelopes_received;
    switch (m.type) {
      case message_type::hello:
        core_->received(from, m, r.described, now);
        if (link.is_worker() && host_.link_of(from) != nullptr) link.registered(now);
        break;
      case message_type::request:
        ask(from, link, m, now);
        break;
      case message_type::bye:
        link.left();
        core_->received(from, m, nullptr, now);
        break;
      default:
        if (!link.pace().admit(m)) break;
        core_->received(from, m, nullptr, now);
        if (link.pace().has_ready()) release(from, link, now);
        break;
    }
  }
}

// Passes on the answers of this worker for which there is credit now.
void foreign_peers::release(peer_id worker, foreign_link& link, instant now) {
  while (host_.link_of(worker) != nullptr && link.pace().has_ready()) {
    link.pace().take_ready([&](const message& m) { core_->received(worker, m, nullptr, now); });
  }
}

void foreign_peers::ask(peer_id from, foreign_link& link, const message& request, instant now) {
  const dialect speaks = link.who().speaks;
  if (const auto question = services_.recognise(speaks, host_.principal_of(from), request)) {
    if (core_->allows(from, request, now)) send(from, link, services_.answer(*question), now);
    return;
  }
  message m = request;
  m.service = foreign_services::core_name(speaks, request.service);
  core_->received(from, m, nullptr, now);
}

void foreign_peers::decline(peer_id peer, foreign_link& link, wire::frames_view frames, errc why,
                            std::string_view text) {
  replies_.clear();
  link.words().decline(frames, why, text, replies_);
  if (!replies_.empty()) host_.send(peer, replies_, nullptr);
}

// --- what they are told

void foreign_peers::send(peer_id to, foreign_link& link, const message& m, instant now) {
  composed_.clear();
  const wire::composed c = link.words().compose(m, composed_);
  if (link.is_worker() && !c.has_back) pace(to, link, m);
  if (c.what == wire::composed::outcome::dropped) ++counted_.not_sayable;
  if (c.has_back) backs_.emplace_back(to, c.back);
  if (composed_.empty()) {
    // The part is kept to be joined with others, which counts as sent. The flush tells the core, which grants more
    // credit.
    if (!link.is_worker()) host_.touch(to);
    return;
  }
  if (m.type == message_type::heartbeat) {
    link.beaten(now);
  } else {
    link.said(now);
  }
  host_.send(to, composed_, m.type == message_type::request ? &m : nullptr);
}

void foreign_peers::pace(peer_id worker, foreign_link& link, const message& m) {
  answer_pace& its = link.pace();
  if (m.type == message_type::request) {
    its.request(m);
  } else if (m.type == message_type::credit) {
    its.credit(m);
  } else if (m.type == message_type::cancel) {
    its.cancel(m.call);
  }
  if (its.has_ready()) released_.push_back(worker);
}

void foreign_peers::after_core(instant now) {
  for (const peer_id id : std::exchange(released_, {})) {
    if (foreign_link* const link = host_.link_of(id)) release(id, *link, now);
  }
  for (const auto& [from, m] : std::exchange(backs_, {})) {
    if (host_.link_of(from) != nullptr) core_->received(from, m, nullptr, now);
  }
}

// --- workers: heartbeats, silence, and the list of methods of a gate-rpc worker

// Does what is due for this worker, and notes when the next thing is due.
void foreign_peers::tend(peer_id worker, foreign_link& link, instant now) {
  using duty = foreign_link::duty;
  switch (link.due(now, core_.view().held_by(worker) > 0)) {
    case duty::none:
      break;
    case duty::settle:
      take(worker, link, link.words().settle(), now);
      break;
    case duty::give_up:
      ++counted_.silent_workers;
      counted_.reasons.count(refusal::silent_worker);
      link.left();
      return core_->rejected(worker, refusal::silent_worker,
                             "it was silent, idle as it was, for as many heartbeats as are allowed", now);
    case duty::beat: {
      message m;
      m.type = message_type::heartbeat;
      send(worker, link, m, now);
      break;
    }
  }
  tend_at_ = std::min(tend_at_, link.next_due(now, core_.view().held_by(worker) > 0));
}

void foreign_peers::tick(instant now) {
  if (now < tend_at_) return;
  tend_at_ = instant::max();
  std::erase_if(watched_, [&](peer_id id) {
    foreign_link* const link = host_.link_of(id);
    if (link == nullptr || host_.has_ended(id)) return true;
    tend(id, *link, now);
    return host_.link_of(id) == nullptr;
  });
}

}  // namespace gate::broker
