// The ZAP handler without its socket: requests in, replies out, the login decides.
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

// One thread, that of the login, which outlives it.
class zap_desk {
 public:
  // Requests of other domains are refused; an empty list takes all, as a service for others may.
  zap_desk(authenticator& logins, std::vector<std::string> domains) : logins_(logins), domains_(std::move(domains)) {}

  // The whole message as a ROUTER receives it. The reply, when there is one at once; else decided() makes it. A message
  // without an envelope or an id gets none.
  std::optional<zap::frames> receive(zap::frames_view message, instant now);
  // The reply to the request behind that ticket; nothing when the ticket is not of this desk.
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
