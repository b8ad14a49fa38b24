#include "broker/engine/engine.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <gate/assert.hpp>
#include <gate/bind_error.hpp>
#include <gate/sleep.hpp>
#include <gate/task_group.hpp>

#include "broker/balancers/balancer.hpp"
#include "broker/core/reserved_names.hpp"
#include "broker/engine/endpoints.hpp"
#include "broker/engine/src/peer_text.hpp"
#include "common/base/out_of_memory.hpp"
#include "common/base/random.hpp"
#include "common/dialects/dialect.hpp"
#include "common/log/log.hpp"
#include "common/protocol/gate2_own.hpp"
#include "common/transport/peer_address.hpp"
#include "common/wire/descriptor_codec.hpp"
#include "common/wire/gate2.hpp"

namespace gate::broker {
namespace {

// How long the last messages of a connection that has ended are read, if other peers keep the socket busy.
constexpr auto last_messages_time_max = std::chrono::milliseconds(200);

// A turn of reading ends after so many bytes, or after messages_per_turn_max messages. Batches that are only set aside
// do not count.
constexpr std::size_t bytes_per_turn_max = 4u << 20;

// Reading a longer descriptor counts as a whole turn.
constexpr std::size_t short_descriptor_bytes = 16u << 10;

// So many of the longest requests may be on their way in pieces, however little may wait.
constexpr std::size_t least_messages_in_pieces = 4;

// The time between two log lines about connections that were turned away for lack of descriptors.
constexpr auto turned_away_pause = std::chrono::minutes(1);

// The limits in force: peers_max may be less than the option says.
broker_limits limits_in_force(const broker_options& options, std::size_t peers_max) {
  broker_limits limits = options;
  limits.peers_max = peers_max;
  return limits;
}

void require_balancer(std::string_view service, const service_policy& policy) {
  if (!policy.balancer || is_balancer(*policy.balancer)) return;
  std::string names;
  for (const std::string_view name : balancer_names()) names.append(names.empty() ? "" : ", ").append(name);
  throw bind_error("no balancer is called '" + *policy.balancer + "' (of " + std::string(service) +
                   "); choose one of: " + names);
}

bytes_view view_of(const zmq::message_t& frame) noexcept {
  return {static_cast<const char*>(frame.data()), frame.size()};
}

}  // namespace

engine::engine(loop& where, const broker_options& options, observer* listener)
    : loop_(where),
      options_(options),
      listener_(listener),
      door_(where, options_),
      rights_(door_.current() ? std::make_unique<store_access>(door_.current()) : nullptr),
      allowed_(principal_allowance::is_limited(options_) ? std::make_unique<principal_allowance>(options_) : nullptr),
      addresses_(options_.peers_per_address_max),
      budget_(plan_descriptors(options_.peers_max, plan_bindings(options_).size())),
      core_(limits_in_force(options_, budget_.peers_max), options_, rights_.get(), allowed_.get(), this, *this,
            where.now(), gate::peer::random_seed()),
      owed_(options_.out_queue_total_bytes_max),
      pieces_(std::max(options_.queue_total_bytes_max, least_messages_in_pieces * options_.frame_bytes_max)),
      paced_(options_.out_queue_total_bytes_max),
      internal_out_(spare_) {
  require_balancer("service_defaults", options_.service_defaults);
  for (const auto& [service, policy] : options_.services) require_balancer("service '" + service + "'", policy);
  waiting_.bytes_max = options_.queue_total_bytes_max;
  door_.on_change([this](std::shared_ptr<const security::snapshot> store) { on_store_change(std::move(store)); });
  door_.on_failure([this](std::string_view why) {
    failure_ = why;
    stop();
  });
  for (const binding& b : plan_bindings(options_)) {
    const auto index = static_cast<port_index>(ports_.size());
    ports_.push_back(
        std::make_unique<port>(loop_, door_, b, options_, index,
                               [this](port& at, const connection_event& event) { on_connection(at, event); }));
  }
  if (budget_.peers_max < options_.peers_max) {
    log::warn("peers_max is {}, not {}: this process may have no more files open than its {} (ulimit -n)",
              budget_.peers_max, options_.peers_max, budget_.limit);
  }
}

engine::~engine() { loop_.cancel_timer(alarm_); }

bound_addresses engine::endpoints() const {
  bound_addresses all;
  for (const auto& p : ports_) {
    if (p->plan().frontend) all.frontend.push_back(p->endpoint());
    if (p->plan().backend) all.backend.push_back(p->endpoint());
  }
  return all;
}

std::size_t engine::connected() const noexcept {
  std::size_t count = 0;
  for (const auto& p : ports_) count += p->accepted.size();
  return count;
}

task<void> engine::run() {
  const gate::env here = co_await current_env();
  task_group readers(here);
  hook_ = loop_.at_turn_end([this] { end_turn(); });
  for (const auto& p : ports_) readers.spawn(read(*p));
  bool orderly = true;
  try {
    co_await finished_.wait();
  } catch (const cancelled&) {
    orderly = false;
  }
  if (!fault_ && !shut_down_) stop();
  if (!fault_) flush_dirty();
  if (orderly && !fault_) {
    task<void> leaving = farewell();
    co_await std::move(leaving);
  }
  hook_.reset();
  readers.cancel();
  co_await readers.join();
  if (fault_) std::rethrow_exception(fault_);
  if (!failure_.empty()) throw std::runtime_error(failure_);
  if (!orderly) throw cancelled();
}

// --- reading

task<void> engine::read(port& from) {
  for (;;) {
    co_await from.socket().readable();
    try {
      receive(from);
    } catch (...) {  // usually there is no memory. The broker ends, since it does not read this port any more
      fault_ = std::current_exception();
      finished_.set();
    }
    if (fault_) co_return;
  }
}

// Returns false if more is left to read than fits in one turn.
bool engine::receive(port& from) {
  bool drained = false;
  if (!from.is_paused(loop_.now())) {
    from.begin_reading();
    budget_of_turn_.renew();
    const std::uint64_t bytes_max = counted_.bytes_received + bytes_per_turn_max;
    const auto is_over = [&] {
      return drained || counted_.bytes_received >= bytes_max + from.set_aside_bytes || budget_of_turn_.is_spent() ||
             (from.came_round && from.has_much_unread());
    };
    for (std::size_t n = 0; n < options_.messages_per_turn_max && !is_over(); ++n) {
      drained = !from.socket().try_receive(from.incoming);
      if (!drained) handle(from);
    }
    from.end_reading(loop_.now());
  }
  if (!from.ending.empty() && (drained || loop_.now() - from.ending_since > last_messages_time_max)) end_all(from);
  return drained;
}

void engine::handle(port& from) {
  multipart& frames = from.incoming;
  if (frames.size() < 2) return;
  ++counted_.messages_received;
  counted_.bytes_received += frames.bytes() - frames[0].size();
  remote_peer* sender = peers_.find(from.index(), view_of(frames[0]));
  // A foreign message does not tell whether it is the first of a new connection.
  if (sender == nullptr || sender->foreign || wire::gate2::recognises(view_of(frames[1])) ||
      !is_bound_to(from, *sender)) {
    sender = admit(from, sender);
  }
  if (sender == nullptr || sender->cut) {
    ++counted_.discarded;
  } else if (sender->unread) {
    put_behind(from, *sender);
  } else if (frames.excess() != 0) {
    refuse_frames(*sender);
  } else if (sender->logins) {
    handle_login(*sender, views_of(frames));
  } else if (sender->foreign) {
    handle_foreign(*sender, views_of(frames));
  } else {
    handle_batch(from, *sender);
  }
  from.forget_incoming();
}

void engine::handle_batch(port& from, remote_peer& sender) {
  multipart& frames = from.incoming;
  if (frames.size() > 3) {
    core_.malformed(sender.id, to_string(wire::gate2::parse_error::bad_frames), loop_.now());
    return;
  }
  const std::size_t left = handle_envelopes(sender, view_of(frames[1]), frames.size() == 3 ? &frames[2] : nullptr);
  if (left != 0) set_aside(from, sender, left);
}

// Handles the envelopes of a batch. Returns how many of its bytes are left for another turn.
std::size_t engine::handle_envelopes(remote_peer& sender, bytes_view batch, zmq::message_t* payload_frame) {
  const instant now = loop_.now();
  std::optional<bytes_view> payload;
  current_payload_ = payload_frame;
  if (payload_frame != nullptr) payload = view_of(*payload_frame);
  wire::gate2::reader envelopes(batch, payload);
  message m;
  while (!sender.cut && !(budget_of_turn_.is_spent() && !envelopes.rest().empty()) && envelopes.next(m)) {
    ++counted_.envelopes_received;
    budget_of_turn_.spend();
    if (wire::gate2::is_own(m.type)) {
      take_own(sender, m);
      continue;
    }
    if (m.type != message_type::hello || m.payload.size_bytes() == 0) {
      core_.received(sender.id, m, nullptr, now);
      continue;
    }
    if (m.payload.size_bytes() > short_descriptor_bytes) budget_of_turn_.spend_all();
    const std::optional<descriptor> described = decode_descriptor(m.payload.single());
    if (described) {
      core_.received(sender.id, m, &*described, now);
    } else {
      core_.malformed(sender.id, "the descriptor in the hello cannot be read", now);
    }
  }
  if (!sender.cut && envelopes.error() != wire::gate2::parse_error::none) {
    core_.malformed(sender.id, to_string(envelopes.error()), now);
  }
  current_payload_ = nullptr;
  return sender.cut || envelopes.error() != wire::gate2::parse_error::none ? 0 : envelopes.rest().size();
}

void engine::refuse_frames(remote_peer& sender) {
  ++counted_.too_many_frames;
  break_off(sender, "a message of too many frames");
}

// Handles the messages that concern the connection alone: pieces, marks, and `answering`.
void engine::take_own(remote_peer& sender, const message& m) {
  const instant now = loop_.now();
  const auto refuse = [&](std::string_view why) { core_.malformed(sender.id, why, now); };
  if (!sender.out.is_paced()) return refuse(to_string(wire::gate2::parse_error::unknown_type));
  if (m.type == wire::gate2::type_piece) return take_piece(sender, m);
  if (m.type == wire::gate2::type_marked) {
    if (!sender.out.answered(m, now)) return refuse("an answer to a mark that was not asked");
    return mark_dirty(sender);
  }
  if (m.type == wire::gate2::type_answering) return core_.answering(sender.id, m.call, now);
  message answer;
  answer.type = wire::gate2::type_marked;
  answer.offset = m.offset;
  send(sender.id, answer);
}

// A message that came in pieces was not kept. A request ends as `busy`. Without a message of another kind the
// connection cannot go on, so it is cut: only a lack of memory leads to that.
void engine::refuse_pieces(remote_peer& sender, std::string_view why) {
  const std::optional<wire::gate2::header> of = wire::gate2::read_header(sender.joined.header());
  sender.joined.take();
  if (!of || of->type != message_type::request) return break_off(sender, "the broker has no memory for its message");
  message request;
  request.type = of->type;
  request.flags = of->flags;
  request.call = of->call;
  core_.unread(sender.id, request, why, loop_.now());
}

// Only requests count. Other messages belong to calls, and the connection would end without them. The largest request
// goes first.
void engine::bound_requests() {
  while (pieces_.requests.is_exceeded()) {
    remote_peer* most = nullptr;
    peers_.for_each([&most](remote_peer& p) {
      if (most == nullptr || p.joined_request.bytes() > most->joined_request.bytes()) most = &p;
    });
    most->joined.let_go();
    most->joined_request.set(0);
  }
}

void engine::take_piece(remote_peer& sender, const message& m) {
  const instant now = loop_.now();
  using outcome = gate::peer::piece_joiner::outcome;
  const outcome came = sender.joined.add(m, options_.frame_bytes_max);
  if (came == outcome::more) {
    const std::optional<wire::gate2::header> of = wire::gate2::read_header(sender.joined.header());
    if (of && of->type == message_type::request) {
      sender.joined_request.set(sender.joined.bytes());
      bound_requests();
    }
    return core_.arriving(sender.id, now);
  }
  sender.joined_request.set(0);
  if (came == outcome::too_large) {
    sender.joined.take();
    return core_.malformed(sender.id, to_string(wire::gate2::parse_error::too_large), now);
  }
  if (came == outcome::no_memory) {
    return refuse_pieces(sender, "the broker has no memory to queue this call; call again later");
  }
  if (came == outcome::let_go) {
    return refuse_pieces(sender,
                         "requests of more than " + std::to_string(pieces_.requests.most()) +
                             " bytes were on their way to the broker at once (queue_total_bytes_max, at least " +
                             std::to_string(least_messages_in_pieces) + " times frame_bytes_max); call again later");
  }
  const std::string envelope = sender.joined.take();
  wire::gate2::reader whole(envelope);
  message inside;
  if (!whole.next(inside)) return core_.malformed(sender.id, to_string(whole.error()), now);
  if (wire::gate2::is_own(inside.type) || inside.type == message_type::hello || !whole.rest().empty()) {
    return core_.malformed(sender.id, "what does not come in pieces came in pieces", now);
  }
  core_.received(sender.id, inside, nullptr, now);
}

// The frames of the message without the routing id. Valid until the next call.
wire::frames_view engine::views_of(const multipart& message) {
  views_.clear();
  for (const zmq::message_t& frame : message.frames().subspan(1)) views_.push_back(view_of(frame));
  return views_;
}

// --- connections

void engine::on_connection(port& at, const connection_event& event) {
  using kind = connection_event::kind;
  switch (event.what) {
    case kind::accepted:
      ++counted_.connections_accepted;
      on_disconnected(at, event.descriptor);  // if the end of the former connection was missed
      at.accepted.accepted(event.descriptor, loop_.now());
      if (at.is_guarded()) at.accepted.find(event.descriptor)->from = peer_endpoint(event.descriptor);
      if (!has_room_for(at, event.descriptor)) {
        ++counted_.address_refused;
        at.accepted.refuse(event.descriptor);
      } else if (connected() > budget_.peers_max + budget_.refusals_max) {
        ++counted_.connections_refused;
        at.accepted.refuse(event.descriptor);
      }
      break;
    case kind::disconnected:
      on_disconnected(at, event.descriptor);
      break;
    case kind::handshake_failed_no_detail:
    case kind::handshake_failed_protocol:
      ++counted_.handshakes_failed;
      on_handshake_failed(at, event);
      break;
    case kind::handshake_failed_auth:
      ++counted_.handshakes_refused;  // the gatekeeper has logged it
      break;
    case kind::accept_failed:
      on_accept_failed(event.value);
      break;
    default:
      break;
  }
}

// ECONNABORTED usually means that accept_guard turned the connection away for lack of descriptors. It may also be a
// connection that broke off before it was accepted.
void engine::on_accept_failed(int error) {
  if (error != ECONNABORTED) return complain("cannot accept a connection", zmq_strerror(error));
  ++counted_.connections_refused;
  ++turned_away_;
  if (loop_.now() < tell_turned_away_at_) return;
  tell_turned_away_at_ = loop_.now() + turned_away_pause;
  complain("connections were turned away, since this process may have no more files open (ulimit -n)",
           std::to_string(std::exchange(turned_away_, 0)));
}

// The transport has ended a connection by itself, without asking the gatekeeper.
void engine::on_handshake_failed(port& at, const connection_event& event) {
  if (!at.is_guarded()) return;
  const bool mismatch = event.value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH;
  at.failed_handshake = mismatch ? "a peer came with another mechanism than its address wants"
                                 : "a peer's handshake failed: not ZMTP, a wrong server key, or broken off";
}

void engine::tell_failed_handshake(const port& at, std::string_view why, const std::string& from) {
  complain(why, (from.empty() ? "a peer that has left" : from) + " at " + at.endpoint());
  security::audit_record failed{};
  failed.kind = security::audit_kind::handshake_failed;
  failed.address = from;
  failed.mechanism = security::to_string(at.plan().how);
  failed.what = why;
  door_.audit(failed);
}

void engine::on_disconnected(port& at, int descriptor) {
  const std::optional<accepted_connection> was = at.accepted.ended(descriptor);
  if (const auto why = std::exchange(at.failed_handshake, std::nullopt)) {
    tell_failed_handshake(at, *why, was ? was->from : std::string());
  }
  if (!was) return;
  // The transport does not tell of each handshake that it ended. So this counts every connection without a message.
  if (!was->owner && !was->refused) ++counted_.ended_early;
  if (!was->address.empty()) addresses_.closed(was->address);
  if (remote_peer* const owner = was->owner ? peers_.find(*was->owner) : nullptr) {
    owner->descriptor = -1;
    owner->pulse.reset();
    expect_end(*owner);
  }
  if (shut_down_ && connected() == 0) all_left_.set();
}

// If libzmq has no memory for a message, it ends the connection and does not tell why. So a log line names this reason
// if a connection ends without a bye while there is little memory.
void engine::explain_by_memory(const remote_peer& gone) {
  const std::size_t bytes = options_.payload_bytes_max;
  if (!is_memory_short(bytes)) return;
  complain("the connection of " + peer_text(gone, core_) + " ended, and this process gets no " + std::to_string(bytes) +
               " bytes of memory at the moment",
           "what it sent may have been too large to be received");
}

// The peer's connection is gone. Messages that came before may still wait in the socket, and an answer among them must
// not be lost. So the peer is kept until these are read.
void engine::expect_end(remote_peer& gone) {
  if (std::exchange(gone.ending, true)) return;
  port& at = *ports_[gone.port];
  if (at.ending.empty()) at.ending_since = loop_.now();
  at.ending.push_back(gone.id);
}

void engine::end_all(port& at) {
  for (const peer_id id : std::exchange(at.ending, {})) {
    if (remote_peer* const gone = peers_.find(id)) end(*gone);
  }
}

// Forgets a peer whose connection has ended. If batches of it are not handled yet, that happens once they are.
void engine::end(remote_peer& gone) {
  if (gone.unread) {
    gone.ending = gone.ends_when_read = true;
    return;
  }
  if (!gone.cut) {
    explain_by_memory(gone);
    const instant now = loop_.now();
    gone.out.take_requests([&](const message& request) { core_.unsent(gone.id, request, now); });
    core_.closed(gone.id, now, gone.end_reason);
  }
  peers_.remove(gone);
}

// --- the log, and the hooks

void engine::worker_up(const worker_record& w) {
  if (w.id == internal_peer) return;
  if (may_log()) log::info("worker {} serves '{}'", static_cast<std::uint64_t>(w.id), w.service);
  if (listener_ != nullptr) listener_->worker_up(w);
}

void engine::worker_down(const worker_record& w, std::string_view why) {
  if (w.id == internal_peer) return;
  if (may_log()) log::info("worker {} left '{}': {}", static_cast<std::uint64_t>(w.id), w.service, why);
  if (listener_ != nullptr) listener_->worker_down(w, why);
}

void engine::worker_stalled(const worker_record& w, bool stalled) {
  const std::string_view what = stalled ? "is stalled: no heartbeat, so no new calls" : "is ready again";
  if (may_log()) log::info("worker {} of '{}' {}", static_cast<std::uint64_t>(w.id), w.service, what);
  if (listener_ != nullptr) listener_->worker_stalled(w, stalled);
}

void engine::slot_given_back(const worker_record& w, std::string_view method, std::uint64_t so_far) {
  if (!may_log()) return;
  log::warn(
      "worker {} '{}' of '{}' at {} owes the answer to a call of {} that ended long ago: its slot is given to "
      "others (slot_timeout; {} of this worker so far)",
      static_cast<std::uint64_t>(w.id), w.name, w.service, w.address, method, so_far);
}

void engine::service_up(std::string_view service) {
  if (listener_ != nullptr && !is_reserved(service)) listener_->service_up(service);
}

void engine::service_down(std::string_view service) {
  if (listener_ != nullptr && !is_reserved(service)) listener_->service_down(service);
}

void engine::call_done(const call_record& call) {
  if (rights_ && is_reserved(call.service) && !is_for_everybody(call.method)) {
    security::audit_record record{};
    record.kind = security::audit_kind::operator_act;
    record.principal = call.caller;
    record.service = call.service;
    record.method = call.method;
    record.what = to_string(call.status);
    door_.audit(record);
  }
  if (listener_ != nullptr) listener_->call_done(call);
}

void engine::complain(std::string_view what, std::string_view about) {
  if (!may_log()) return;
  if (about.empty()) {
    log::warn("{}", what);
  } else {
    log::warn("{}: {}", what, about);
  }
}

bool engine::may_log() {
  if (!lines_.admit(loop_.now())) return false;
  if (const std::uint64_t left_out = lines_.take_left_out()) {
    log::warn("{} lines about peers were left out", left_out);
  }
  return true;
}

}  // namespace gate::broker
