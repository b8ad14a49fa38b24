// What the core asks about peers before it does what they want: whether they may, and whether it is not too much.
#pragma once

#include <cstddef>
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
  // Whether it may know that the service exists.
  virtual bool may_see(std::string_view principal, std::string_view name_space, std::string_view service) = 0;
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
