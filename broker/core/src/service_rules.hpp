// The rules in force for one service: its policy, and the defaults where the policy says nothing.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <gate/broker_limits.hpp>
#include <gate/clock.hpp>
#include <gate/service_policy.hpp>

#include "broker/balancers/balancer.hpp"
#include "common/base/text_map.hpp"
#include "common/base/token_bucket.hpp"

namespace gate::broker {

// What holds for one method of one service.
struct method_rule {
  std::size_t per_second = 0;        // calls of the method in a second; for error texts
  std::optional<token_bucket> rate;  // nothing: any number of calls
  std::optional<bool> idempotent;    // nothing: as the client says

  // The flags of a call, as the operator wants them.
  std::uint32_t flags_of(std::uint32_t stated) const noexcept;
};

class service_rules {
 public:
  service_rules(const broker_limits& limits, const service_policies& policies, std::string_view space,
                std::string_view name, instant now);

  std::string balancer{default_balancer};
  std::size_t queue_max, queue_bytes_max;
  std::chrono::milliseconds queue_age_max;

  // Null if no rule is set for the method, which is so for nearly every service.
  method_rule* of(std::string_view method) noexcept { return methods_.empty() ? nullptr : find(method); }

 private:
  method_rule* find(std::string_view method) noexcept;

  text_map<method_rule> methods_;
};

}  // namespace gate::broker
