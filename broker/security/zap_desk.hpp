// The ZAP handler without its socket: it reads requests, asks the authenticator, and composes replies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <gate/clock.hpp>

#include "broker/security/authenticator.hpp"
#include "broker/security/zap.hpp"

namespace gate::security {

// One thread, the authenticator's. The authenticator outlives this.
class zap_desk {
 public:
  // Requests with another domain are refused. An empty list accepts all domains: a service for others may do so.
  zap_desk(authenticator& logins, std::vector<std::string> domains) : logins_(logins), domains_(std::move(domains)) {}

  // Takes a whole message of a ROUTER. Returns the reply if the verdict is known at once. If not, decided() returns it.
  // A message without an envelope or an id gets no reply.
  std::optional<zap::frames> receive(zap::frames_view message, instant now);
  // The reply to the request with that ticket. Empty if the ticket is not of this desk.
  std::optional<zap::frames> decided(const authenticator::decided& what);

  std::size_t waiting() const noexcept { return waiting_.size(); }
  std::uint64_t malformed() const noexcept { return malformed_; }

 private:
  struct asked {
    zap::frames envelope;
    std::string id;
  };

  authenticator& logins_;
  std::vector<std::string> domains_;
  std::unordered_map<authenticator::ticket, asked> waiting_;
  std::uint64_t malformed_ = 0;
};

}  // namespace gate::security
