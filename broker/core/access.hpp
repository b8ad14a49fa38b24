// Questions of the core before it does what a peer asks for: may the peer do it, and does it ask for too much.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <gate/clock.hpp>

namespace gate::broker {

// Who may do what. Principals are those of peer_context. The namespace of a service is passed apart from its name. An
// empty answer grants the question. Any other says why not, for the peer and the log, and does not tell which services
// exist. An answer is valid until the next question.
class access {
 public:
  virtual ~access() = default;

  virtual std::string_view may_call(std::string_view principal, std::string_view name_space, std::string_view service,
                                    std::string_view method) = 0;
  virtual std::string_view may_offer(std::string_view principal, std::string_view name_space,
                                     std::string_view service) = 0;
  // Call it for a right that was refused just now. It returns the advice that follows the reason in an error: "the
  // operator grants it by ...", or what the peer itself can do. Empty: there is no advice.
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
  // Whether the principal may know that the service exists.
  virtual bool may_see(std::string_view principal, std::string_view name_space, std::string_view service) = 0;
  // The namespace of names that state none.
  virtual std::string_view home(std::string_view principal) const = 0;
};

// How much a principal may have under way, over all its connections.
class allowance {
 public:
  virtual ~allowance() = default;

  struct answer {
    std::string_view why;  // empty: granted
    duration wait{};       // try again after it; zero: not known
  };
  // Asks for a request of so many bytes. If it is granted, call end() with the same number. If not, nothing was taken.
  virtual answer begin(std::string_view principal, std::size_t bytes, instant now) = 0;
  virtual void end(std::string_view principal, std::size_t bytes) = 0;
};

}  // namespace gate::broker
