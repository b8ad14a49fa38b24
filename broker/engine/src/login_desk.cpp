#include "broker/engine/login_desk.hpp"

#include "common/dialects/gaterpc.hpp"

namespace gate::broker {
namespace {

constexpr std::string_view too_much_waits = "too much waits for logins to be checked";

}  // namespace

void login_desk::received(remote_peer& sender, wire::frames_view frames) {
  if (!sender.logins->waits()) {
    judge(sender, frames);
  } else if (!sender.logins->keep(frames)) {
    decline(sender, frames, refusal::logins_full, too_much_waits);
  }
}

// Checks the login of a message, and acts on the verdict. Returns false if the verdict comes later.
bool login_desk::judge(remote_peer& sender, wire::frames_view frames) {
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
      check_(what, [this, id](const security::verdict& later) { on_verdict(id, later); });
  if (said) {
    act_on(sender, frames, *said);
    return true;
  }
  if (!sender.logins->waits() && !sender.logins->keep(frames))
    decline(sender, frames, refusal::logins_full, too_much_waits);
  return false;
}

void login_desk::on_verdict(peer_id id, const security::verdict& said) {
  remote_peer* const sender = peers_.find(id);
  if (sender == nullptr || sender->cut || !sender->logins->waits()) return;
  act_on(*sender, sender->logins->first(), said);
  sender->logins->forget_first();
  while (!sender->cut && sender->logins->waits()) {
    if (!judge(*sender, sender->logins->first())) return;
    sender->logins->forget_first();
  }
}

void login_desk::act_on(remote_peer& sender, wire::frames_view frames, const security::verdict& said) {
  switch (said.what) {
    case security::outcome::accepted:
      sender.logins->accepted(said.proven);
      if (sender.principal.empty()) {
        listener_.logged_in(sender, said.principal);
      } else if (sender.principal != said.principal) {
        ++counted_.impostors;
        return decline(sender, frames, refusal::another_user, "a connection is one user's");
      }
      return listener_.accepted(sender, frames);
    case security::outcome::refused:
      ++counted_.logins_refused;
      return decline(sender, frames, refusal::login_refused, said.why);
    case security::outcome::later:
      ++counted_.logins_put_off;
      return decline(sender, frames, refusal::login_put_off, said.why);
  }
}

// A client that has logged in before may try again. Any other peer is turned away, and has to come back over another
// connection.
void login_desk::decline(remote_peer& sender, wire::frames_view frames, refusal why, std::string_view text) {
  counted_.reasons.count(why);
  listener_.declined(sender, frames, why, text);
  const bool may_stay = row_of(why).status == errc::busy && !sender.foreign->is_worker() && !sender.principal.empty();
  if (!may_stay) listener_.turned_away(sender, why, text);
}

}  // namespace gate::broker
