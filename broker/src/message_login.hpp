// The logins of a gate-rpc connection whose every message is one: as whom it is known, and the messages that wait until
// it is known whether they count. No I/O: the engine asks, and tells.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <gate/protocol.hpp>

#include "broker/src/security/login.hpp"
#include "common/src/wire/foreign.hpp"

namespace gate::broker {

// What all connections together may have waiting: they need not be known to anybody, and pay nothing for it.
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
  // Passwords are among what waits.
  ~message_login();

  static constexpr std::size_t messages_max = 256;

  // What the last accepted message proved: the same login is cheap to check again.
  const security::proof* proven() const noexcept { return proven_ ? &*proven_ : nullptr; }
  void accepted(std::optional<security::proof> proof) {
    if (proof) proven_ = std::move(proof);
  }

  // Whether a message waits for its verdict; those that come after it wait behind it.
  bool waits() const noexcept { return !waiting_.empty(); }
  // False, and nothing kept, when there is no room.
  bool keep(wire::frames_view frames);
  // The oldest. Valid until forget_first().
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
