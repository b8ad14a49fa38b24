// Limits on what one principal, or one address, may use of the broker. No I/O, no clock; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <gate/clock.hpp>

#include "common/base/text_map.hpp"
#include "common/base/token_bucket.hpp"

namespace gate::security {

struct quota_settings {
  double requests_per_second_max = 0;   // of a principal; 0: no limit
  double requests_burst_max = 0;        // 0: as many as in one second
  std::size_t bytes_in_flight_max = 0;  // of a principal's open calls; 0: no limit
  std::size_t principals_max = 16384;   // principals remembered at once
};

enum class quota : std::uint8_t { within, too_many_requests, too_many_bytes };
std::string_view to_text(quota q) noexcept;

// The connections of one principal share its quota.
class principal_quotas {
 public:
  explicit principal_quotas(const quota_settings& settings) noexcept : settings_(settings) {}

  // Each request that is `within` needs one end() with the same bytes. A refused request has taken nothing.
  quota begin(std::string_view principal, std::size_t bytes, instant now);
  void end(std::string_view principal, std::size_t bytes);
  // How long until the rate admits another request. Zero if the rate is not the obstacle.
  duration wait(std::string_view principal, instant now) const noexcept;

  std::size_t principals() const noexcept { return used_.size(); }
  std::uint64_t refused() const noexcept { return refused_; }

 private:
  struct use {
    token_bucket requests;
    std::size_t bytes = 0;
    std::size_t open = 0;
  };

  void sweep(instant now);

  quota_settings settings_;
  text_map<use> used_;
  std::uint64_t refused_ = 0;
};

// Counts connections per origin (see origin_of). Connections from this machine are not limited.
class address_quota {
 public:
  explicit address_quota(std::size_t peers_max) noexcept : peers_max_(peers_max) {}  // 0: no limit

  // False: the limit is reached, and the connection is not counted.
  bool opened(std::string_view address);
  // Call it once for each connection for which opened() was true.
  void closed(std::string_view address);

  std::size_t origins() const noexcept { return open_.size(); }

 private:
  std::size_t peers_max_;
  text_map<std::size_t> open_;
};

}  // namespace gate::security
