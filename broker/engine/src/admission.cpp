// The engine's fourth part: who the peers are, and whether they may stay. A routing id belongs to the connection and
// the principal of its first message. At ports where each message carries a login, each login is checked.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "broker/core/reserved_names.hpp"
#include "broker/engine/engine.hpp"
#include "broker/engine/src/peer_text.hpp"
#include "broker/security/address.hpp"
#include "common/dialects/gaterpc.hpp"
#include "common/log/log.hpp"
#include "common/protocol/qualified_name.hpp"
#include "common/transport/peer_address.hpp"

namespace gate::broker {
namespace {

using security::auth;

constexpr std::string_view nobody_proved = "anonymous";

// Whether the transport has checked the peer's login by ZAP. If not, the peer itself states its User-Id, which proves
// nothing.
bool is_authenticated(const port& at) noexcept { return at.plan().how == auth::plain || at.plan().how == auth::curve; }

}  // namespace

// --- the first message of a connection -------------------------------------------------------------------------------

// Finds the sender of a message. If its routing id is unknown, or it came over a new connection, the message is the
// first of a new peer. Null if the broker does not talk to the sender.
remote_peer* engine::admit(port& from, remote_peer* known) {
  from.read_events();  // the connection is announced before its messages
  const int descriptor = from.incoming.source_fd();
  accepted_connection* const over = from.accepted.find(descriptor);
  if (over != nullptr && over->refused && (known == nullptr || known->descriptor != descriptor)) return nullptr;
  if (known != nullptr) {
    const bool same_connection = descriptor < 0 ? !known->cut : over == nullptr || over->owner.has_value();
    const bool other_is_up = from.is_guarded() && known->descriptor >= 0 && known->descriptor != descriptor;
    if (same_connection || other_is_up) {
      if (!other_is_up && is_bound_to(from, *known)) return known;
      ++counted_.impostors;
      complain("cut a connection that speaks under a routing id that is not its own",
               name_of(from, descriptor) + "; the routing id is that of " + peer_text(*known, core_));
      from.accepted.cut(descriptor);
      return nullptr;
    }
    peers_.give_up_route(*known);
    end(*known);
  }
  return greet(from, descriptor);
}

// Always true at a port without logins.
bool engine::is_bound_to(const port& from, const remote_peer& known) const noexcept {
  if (!from.is_guarded()) return true;
  if (from.incoming.source_fd() != known.came_over) return false;
  return !is_authenticated(from) || from.incoming.property("User-Id") == known.principal;
}

remote_peer* engine::greet(port& from, int descriptor) {
  accepted_connection* const over = from.accepted.find(descriptor);
  const wire::recognised who = recognise(views_of(from.incoming), from.plan().only);
  const bool old_gaterpc = who.speaks == dialect::gaterpc01;
  if (who.speaks == dialect::unknown || old_gaterpc) {
    // A late message of a peer whose connection has ended.
    if (descriptor >= 0 && over == nullptr) return nullptr;
    ++counted_.unrecognised;
    if (from.incoming.excess() != 0) ++counted_.too_many_frames;
    if (!old_gaterpc) {
      complain("cut a connection whose first message is in no language that is spoken there",
               name_of(from, descriptor));
    } else if (!std::exchange(told_of_old_gaterpc_, true)) {
      log::warn("a peer speaks gate-rpc 0.1, which this broker does not; update it to 0.2.12 (told once): {}",
                from.incoming.property("Peer-Address"));
    }
    from.accepted.cut(descriptor);
    return nullptr;
  }
  remote_peer& fresh = peers_.add(from.index(), from.incoming[0].to_string_view(), spare_, owed_, &pieces_);
  if (who.speaks != dialect::gate2) fresh.foreign = std::make_unique<foreign_link>(who, options_, owed_, paced_);
  fresh.came_over = descriptor;
  if (over != nullptr && !over->owner) {
    over->owner = fresh.id;
    fresh.descriptor = descriptor;
    watch_life(fresh);
  } else if (descriptor >= 0) {
    expect_end(fresh);  // it said hello and went away before we read it
  }
  fresh.address = from.incoming.property("Peer-Address");
  if (from.plan().how == auth::in_message) {
    fresh.logins = std::make_unique<message_login>(waiting_);
  } else {
    introduce(fresh, is_authenticated(from) ? from.incoming.property("User-Id") : nobody_proved);
  }
  return &fresh;
}

// The peer's principal is known now. Tells the core of the peer.
void engine::introduce(remote_peer& fresh, std::string_view principal) {
  fresh.principal = principal;
  peer_context context = context_of(fresh.foreign ? fresh.foreign->who() : wire::recognised{dialect::gate2, {}});
  context.principal = fresh.principal;
  context.name_space = home_of(principal);
  context.address = fresh.address;
  context.insides = options_.remote_details || is_private(ports_[fresh.port]->plan());
  core_.opened(fresh.id, context, loop_.now());
}

// Cuts a peer whose message makes no sense. The core need not know the peer yet.
void engine::break_off(remote_peer& sender, std::string_view why) {
  core_.malformed(sender.id, why, loop_.now());
  cut(sender.id, errc::protocol_error, why);
}

// --- connections -----------------------------------------------------------------------------------------------------

bool engine::has_room_for(port& at, int descriptor) {
  if (options_.peers_per_address_max == 0) return true;
  std::string address = peer_address(descriptor);
  if (address.empty()) return true;
  if (!addresses_.opened(address)) {
    complain("cut a connection: too many from its address (peers_per_address_max)", address);
    security::audit_record record{};
    record.kind = security::audit_kind::limit_reached;
    record.address = address;
    record.what = "too many connections from there";
    door_.audit(record);
    return false;
  }
  if (accepted_connection* const fresh = at.accepted.find(descriptor)) fresh->address = std::move(address);
  return true;
}

// --- logins within messages ------------------------------------------------------------------------------------------

void engine::handle_login(remote_peer& sender, wire::frames_view frames) {
  if (!sender.logins->waits()) {
    judge(sender, frames);
  } else if (!sender.logins->keep(frames)) {
    decline(sender, frames, errc::busy, "too much waits for logins to be checked");
  }
}

// Checks the login of a message, and acts on the verdict. Returns false if the verdict comes later.
bool engine::judge(remote_peer& sender, wire::frames_view frames) {
  const wire::login given = wire::gaterpc::read_login(sender.foreign->who().role, frames);
  if (!given.given) {
    security::verdict none;
    none.why = "a user and a password are wanted in each message";
    act_on(sender, frames, none);
    return true;
  }
  security::attempt what;
  what.how = security::zap::mechanism::plain;
  what.address = sender.address;
  what.user = given.user;
  what.password = given.password;
  what.former = sender.logins->proven();
  const peer_id id = sender.id;
  const std::optional<security::verdict> said =
      door_.check(what, [this, id](const security::verdict& later) { on_verdict(id, later); });
  if (said) {
    act_on(sender, frames, *said);
    return true;
  }
  if (!sender.logins->waits() && !sender.logins->keep(frames)) {
    decline(sender, frames, errc::busy, "too much waits for logins to be checked");
  }
  return false;
}

void engine::on_verdict(peer_id id, const security::verdict& said) {
  remote_peer* const sender = peers_.find(id);
  if (sender == nullptr || sender->cut || !sender->logins->waits()) return;
  act_on(*sender, sender->logins->first(), said);
  sender->logins->forget_first();
  while (!sender->cut && sender->logins->waits()) {
    if (!judge(*sender, sender->logins->first())) return;
    sender->logins->forget_first();
  }
}

void engine::act_on(remote_peer& sender, wire::frames_view frames, const security::verdict& said) {
  switch (said.what) {
    case security::outcome::accepted:
      sender.logins->accepted(said.proven);
      if (sender.principal.empty()) {
        introduce(sender, said.principal);
      } else if (sender.principal != said.principal) {
        ++counted_.impostors;
        return decline(sender, frames, errc::unauthenticated, "a connection is one user's");
      }
      return handle_foreign(sender, frames);
    case security::outcome::refused:
      ++counted_.logins_refused;
      return decline(sender, frames, errc::unauthenticated, said.why);
    case security::outcome::later:
      ++counted_.logins_put_off;
      return decline(sender, frames, errc::busy, said.why);
  }
}

// Discards the message, and tells the peer if its dialect can. A client that has logged in before may try again. Any
// other peer is turned away, and has to come back over another connection.
void engine::decline(remote_peer& sender, wire::frames_view frames, errc why, std::string_view text) {
  replies_.clear();
  sender.foreign->words().decline(frames, why, text, replies_);
  if (!replies_.empty()) queue(sender, replies_, nullptr);
  const bool may_stay = why == errc::busy && !sender.foreign->is_worker() && !sender.principal.empty();
  if (!may_stay) turn_away(sender, why, text);
}

void engine::turn_away(remote_peer& sender, errc why, std::string_view text) {
  core_.rejected(sender.id, why, text, loop_.now());
  cut(sender.id, why, text);  // the core may not know it yet
}

// --- rights ----------------------------------------------------------------------------------------------------------

bool engine::may_see(std::string_view principal, std::string_view name_space, std::string_view service) const {
  return !rights_ || rights_->may_see(principal, name_space, service);
}

std::string_view engine::home_of(std::string_view principal) const noexcept {
  return rights_ ? rights_->home(principal) : std::string_view();
}

void engine::on_store_change(std::shared_ptr<const security::snapshot> store) {
  if (!rights_) return;
  rights_->replace(std::move(store));
  core_.rights_changed(loop_.now());
}

void engine::refused(const refusal_record& refusal) {
  using kind = refusal_record::kind;
  using security::audit_kind;
  audit_kind as = audit_kind::limit_reached;
  if (refusal.what == kind::offer) as = audit_kind::offer_refused;
  if (refusal.what == kind::call)
    as = is_reserved(refusal.service) ? audit_kind::operate_refused : audit_kind::call_refused;
  security::audit_record record{};
  record.kind = as;
  record.principal = refusal.principal;
  record.address = refusal.address;
  record.name_space = refusal.name_space;
  record.service = refusal.service;
  record.method = refusal.method;
  record.what = refusal.why;
  door_.audit(record);
  if (!may_log()) return;
  log::warn("{} of {} at {}, service {}: {}", security::to_string(as), security::in_quotes(refusal.principal),
            refusal.address, security::in_quotes(full_name(refusal.name_space, refusal.service)), refusal.why);
}

}  // namespace gate::broker
