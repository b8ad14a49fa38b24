// How much one principal may have under way, by the limits of the configuration.
#pragma once

#include <string_view>

#include <gate/broker_options.hpp>

#include "broker/core/access.hpp"
#include "broker/security/quotas.hpp"

namespace gate::broker {

class principal_allowance final : public allowance {
 public:
  explicit principal_allowance(const broker_options& options) : quotas_(settings_of(options)) {}

  static bool is_limited(const broker_options& options) noexcept {
    return options.requests_per_second_max != 0 || options.principal_bytes_max != 0;
  }

  answer begin(std::string_view principal, std::size_t bytes, instant now) override {
    const security::quota said = quotas_.begin(principal, bytes, now);
    if (said == security::quota::within) return {};
    const bool by_rate = said == security::quota::too_many_requests;
    return {to_text(said), by_rate ? quotas_.wait(principal, now) : duration::zero()};
  }
  void end(std::string_view principal, std::size_t bytes) override { quotas_.end(principal, bytes); }

 private:
  static security::quota_settings settings_of(const broker_options& options) noexcept {
    security::quota_settings s;
    s.requests_per_second_max = static_cast<double>(options.requests_per_second_max);
    s.requests_burst_max = static_cast<double>(options.requests_burst_max);
    s.bytes_in_flight_max = options.principal_bytes_max;
    return s;
  }

  security::principal_quotas quotas_;
};

}  // namespace gate::broker
