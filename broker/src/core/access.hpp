// What the core asks about peers before it does what they want: whether they may, and whether it is not too much.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <gate/clock.hpp>

namespace gate::broker {

// Who may do what. Principals are those of peer_context; names of services come apart from their namespace. An answer
// is empty when it is granted, and else says why not, for the peer and the log: it tells nothing of what exists. It is
// valid until the next question.
class access {
 public:
  virtual ~access() = default;

  virtual std::string_view may_call(std::string_view principal, std::string_view name_space, std::string_view service,
                                    std::string_view method) = 0;
  virtual std::string_view may_offer(std::string_view principal, std::string_view name_space,
                                     std::string_view service) = 0;
  // What the operator writes to grant it, or else what the peer can do, as it stands behind the reason in an error:
  // "the operator grants it by ...". Empty: nothing is known of that. For who was refused just now.
  virtual std::string way_to_call(std::string_view principal, std::string_view name_space, std::string_view service,
                                  std::string_view method) const {
    static_cast<void>(principal), static_cast<void>(name_space), static_cast<void>(service), static_cast<void>(method);
    return {};
  }
  virtual std::string way_to_offer(std::string_view principal, std::string_view name_space,
                                   std::string_view service) const {
    static_cast<void>(principal), static_cast<void>(name_space), static_cast<void>(service);
    return {};
  }
  // The namespace where names belong that say none.
  virtual std::string_view home(std::string_view principal) const = 0;
};

// How much a principal may have under way, over all its connections.
class allowance {
 public:
  virtual ~allowance() = default;

  struct answer {
    std::string_view why;  // empty: granted
    duration wait{};       // after which it is worth another try; zero: not known
  };
  // A request of so many octets. One that is granted is ended with as many; any other has taken nothing.
  virtual answer begin(std::string_view principal, std::size_t bytes, instant now) = 0;
  virtual void end(std::string_view principal, std::size_t bytes) = 0;
};

}  // namespace gate::broker
