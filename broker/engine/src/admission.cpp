#include "broker/engine/admission.hpp"

#include <memory>
#include <string>
#include <utility>

#include "broker/engine/src/peer_text.hpp"
#include "common/dialects/dialect.hpp"
#include "common/log/log.hpp"

namespace gate::broker {
namespace {

using security::auth;

// Whether the transport has checked the peer's login by ZAP. If not, the peer itself states its User-Id, which proves
// nothing.
bool is_authenticated(const port& at) noexcept { return at.plan().how == auth::plain || at.plan().how == auth::curve; }

}  // namespace

// Always true at a port without logins.
bool admission::is_bound_to(const port& from, const remote_peer& known) noexcept {
  if (!from.is_guarded()) return true;
  if (from.incoming.source_fd() != known.came_over) return false;
  return !is_authenticated(from) || from.incoming.property("User-Id") == known.principal;
}

remote_peer* admission::admit(port& from, remote_peer* known) {
  from.read_events();  // the connection is announced before its messages
  const int descriptor = from.incoming.source_fd();
  accepted_connection* const over = from.accepted.find(descriptor);
  if (over != nullptr && over->refused && (known == nullptr || known->descriptor != descriptor)) return nullptr;
  if (known != nullptr) {
    const bool same_connection = descriptor < 0 ? !known->cut : over == nullptr || over->owner.has_value();
    const bool other_is_up = from.is_guarded() && known->descriptor >= 0 && known->descriptor != descriptor;
    if (same_connection || other_is_up) {
      if (!other_is_up && is_bound_to(from, *known)) return known;
      ++with_.counted.impostors;
      with_.counted.reasons.count(refusal::another_connection);
      with_.events.complain("cut a connection that speaks under a routing id that is not its own",
                            connection_text(from.endpoint(), descriptor) + "; the routing id is that of " +
                                peer_text(*known, with_.known));
      from.accepted.cut(descriptor);
      return nullptr;
    }
    with_.peers.give_up_route(*known);
    with_.told.replaced(*known);
  }
  return greet(from, descriptor);
}

remote_peer* admission::greet(port& from, int descriptor) {
  accepted_connection* const over = from.accepted.find(descriptor);
  const wire::recognised who = recognise(from.frames(), from.plan().only);
  const bool old_gaterpc = who.speaks == dialect::gaterpc01;
  if (who.speaks == dialect::unknown || old_gaterpc) {
    // A late message of a peer whose connection has ended is no first message.
    if (descriptor < 0 || over != nullptr) refuse_dialect(from, descriptor, old_gaterpc);
    return nullptr;
  }
  held_by_all& held = with_.held;
  remote_peer& fresh = with_.peers.add(from.index(), from.sender_id(), held.spare, held.owed, &held.pieces);
  if (who.speaks != dialect::gate2) {
    fresh.foreign = std::make_unique<foreign_link>(who, with_.options, held.owed, held.paced);
  }
  fresh.came_over = descriptor;
  if (over != nullptr && !over->owner) {
    over->owner = fresh.id;
    fresh.descriptor = descriptor;
    with_.lives.watch(fresh, with_.where.now());
  } else if (descriptor >= 0) {
    with_.connections.expect_end(fresh);  // it said hello and went away before we read it
  }
  fresh.address = from.incoming.property("Peer-Address");
  if (from.plan().how == auth::in_message) {
    fresh.logins = std::make_unique<message_login>(held.logins);
  } else {
    introduce(fresh, is_authenticated(from) ? from.incoming.property("User-Id") : anonymous);
  }
  return &fresh;
}

void admission::refuse_dialect(port& from, int descriptor, bool old_gaterpc) {
  ++with_.counted.unrecognised;
  with_.counted.reasons.count(refusal::unknown_dialect);
  if (from.incoming.excess() != 0) ++with_.counted.too_many_frames;
  if (!old_gaterpc) {
    with_.events.complain("cut a connection whose first message is in no language that is spoken there",
                          connection_text(from.endpoint(), descriptor));
  } else if (!std::exchange(told_of_old_gaterpc_, true)) {
    log::warn("a peer speaks gate-rpc 0.1, which this broker does not; update it to 0.2.12 (told once): {}",
              from.incoming.property("Peer-Address"));
  }
  from.accepted.cut(descriptor);
}

void admission::introduce(remote_peer& fresh, std::string_view principal) {
  fresh.principal = principal;
  peer_context context = context_of(fresh.foreign ? fresh.foreign->who() : wire::recognised{dialect::gate2, {}});
  context.principal = fresh.principal;
  if (with_.rights != nullptr) context.name_space = with_.rights->home(principal);
  context.address = fresh.address;
  context.insides = with_.options.remote_details || is_private(with_.ports[fresh.port]->plan());
  with_.told.opened(fresh, context);
}

}  // namespace gate::broker
