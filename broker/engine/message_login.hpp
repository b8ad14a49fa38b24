// State of a gate-rpc connection that sends its login with every message: what its last login proved, and the messages
// that wait until their logins are checked. No I/O: the engine has the logins checked.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <gate/protocol.hpp>

#include "broker/security/authenticator.hpp"
#include "common/dialects/foreign_peer.hpp"

namespace gate::broker {

// Bounds the messages that wait of all connections. Peers that have not logged in can make messages wait too.
struct waiting_room {
  std::size_t bytes_max = 0;
  std::size_t bytes = 0;
};

class message_login {
 public:
  // The room outlives this.
  explicit message_login(waiting_room& room) noexcept : room_(&room) {}
  message_login(const message_login&) = delete;
  message_login& operator=(const message_login&) = delete;
  // Wipes the messages that wait, since they hold passwords.
  ~message_login();

  static constexpr std::size_t messages_max = 256;

  // The proof of the last login that was accepted. With it the same login is quickly checked again. Null before the
  // first.
  const security::proof* proven() const noexcept { return proven_ ? &*proven_ : nullptr; }
  void accepted(std::optional<security::proof> proof) {
    if (proof) proven_ = std::move(proof);
  }

  // Whether a message waits for its verdict. Later messages have to wait behind it.
  bool waits() const noexcept { return !waiting_.empty(); }
  // Keeps a message that has to wait. False if there is no room for it.
  bool keep(wire::frames_view frames);
  // The oldest message. Valid until forget_first().
  wire::frames_view first();
  void forget_first();

 private:
  struct kept {
    std::vector<std::string> frames;
    std::size_t bytes = 0;
  };

  waiting_room* room_;
  std::optional<security::proof> proven_;
  std::deque<kept> waiting_;
  std::vector<bytes_view> views_;
};

}  // namespace gate::broker
