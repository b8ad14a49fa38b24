// Logins within messages: at ports where each message carries a login, each login is checked before its message is
// taken. No socket: the gatekeeper checks, the engine acts. One loop's thread.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include <gate/unique_function.hpp>

#include "broker/core/refusal.hpp"
#include "broker/engine/io_counters.hpp"
#include "broker/engine/remote_peers.hpp"
#include "broker/security/authenticator.hpp"

namespace gate::broker {

class login_desk {
 public:
  class listener {
   public:
    // The peer's first login was accepted.
    virtual void logged_in(remote_peer& peer, std::string_view principal) = 0;
    // The login of this message was accepted.
    virtual void accepted(remote_peer& sender, wire::frames_view frames) = 0;
    // The message is discarded. The peer is told if its dialect can.
    virtual void declined(remote_peer& sender, wire::frames_view frames, refusal why, std::string_view text) = 0;
    // Follows declined() if the peer may not stay.
    virtual void turned_away(remote_peer& peer, refusal why, std::string_view text) = 0;

   protected:
    ~listener() = default;
  };
  // Checks a login: gatekeeper::check().
  using checker = unique_function<std::optional<security::verdict>(const security::attempt& what,
                                                                   unique_function<void(security::verdict)> decided)>;

  // All outlive this, and this outlives the checks.
  login_desk(remote_peers& peers, io_counters& counted, checker check, listener& told)
      : peers_(peers), counted_(counted), check_(std::move(check)), listener_(told) {}

  // A message of a peer whose messages carry logins.
  void received(remote_peer& sender, wire::frames_view frames);

 private:
  bool judge(remote_peer& sender, wire::frames_view frames);
  void on_verdict(peer_id id, const security::verdict& said);
  void act_on(remote_peer& sender, wire::frames_view frames, const security::verdict& said);
  void decline(remote_peer& sender, wire::frames_view frames, refusal why, std::string_view text);

  remote_peers& peers_;
  io_counters& counted_;
  checker check_;
  listener& listener_;
};

}  // namespace gate::broker
