#include "broker/core/src/service_rules.hpp"

#include <functional>
#include <map>

#include <gate/protocol.hpp>

#include "broker/core/reserved_names.hpp"
#include "common/base/option_bounds.hpp"
#include "common/protocol/qualified_name.hpp"

namespace gate::broker {

namespace {

template <class T> T first_set(const std::optional<T>& own, const std::optional<T>& common, const T& otherwise) {
  return own ? *own : common ? *common : otherwise;
}
template <class T> std::optional<T> first_set(const std::optional<T>& own, const std::optional<T>& common) {
  return own ? own : common;
}

method_policy merged(const method_policy& own, const method_policy& common) {
  method_policy both;
  both.requests_per_second_max = first_set(own.requests_per_second_max, common.requests_per_second_max);
  both.requests_burst_max = first_set(own.requests_burst_max, common.requests_burst_max);
  both.idempotent = first_set(own.idempotent, common.idempotent);
  return both;
}

method_rule rule_of(const method_policy& policy, instant now) {
  method_rule rule;
  rule.idempotent = policy.idempotent;
  rule.per_second = policy.requests_per_second_max.value_or(0);
  if (rule.per_second == 0) return rule;
  const std::size_t burst = policy.requests_burst_max.value_or(0);
  rule.rate.emplace(static_cast<double>(rule.per_second), static_cast<double>(burst == 0 ? rule.per_second : burst),
                    now);
  return rule;
}

const service_policy& policy_of(const service_policies& all, std::string_view space, std::string_view name) {
  static const service_policy nothing_set;
  const auto own = all.services.find(full_name(space, name));
  return own == all.services.end() ? nothing_set : own->second;
}

}  // namespace

std::uint8_t method_rule::flags_of(std::uint8_t stated) const noexcept {
  if (!idempotent) return stated;
  if (*idempotent) return stated | message_flag::idempotent;
  return static_cast<std::uint8_t>(stated & ~message_flag::idempotent);
}

service_rules::service_rules(const broker_limits& limits, const service_policies& policies, std::string_view space,
                             std::string_view name, instant now)
    : queue_max(limits.queue_max), queue_bytes_max(limits.queue_bytes_max), queue_age_max(limits.queue_age_max) {
  if (is_reserved(name)) return;
  const service_policy& own = policy_of(policies, space, name);
  const service_policy& common = policies.service_defaults;
  balancer = first_set(own.balancer, common.balancer, balancer);
  queue_max = first_set(own.queue_max, common.queue_max, queue_max);
  queue_bytes_max = first_set(own.queue_bytes_max, common.queue_bytes_max, queue_bytes_max);
  queue_age_max = first_set(own.queue_age_max, common.queue_age_max, queue_age_max);
  bring_within_bounds(queue_age_max);
  std::map<std::string, method_policy, std::less<>> methods = common.methods;
  for (const auto& [method, policy] : own.methods) methods[method] = merged(policy, methods[method]);
  for (const auto& [method, policy] : methods) methods_.emplace(method, rule_of(policy, now));
}

method_rule* service_rules::find(std::string_view method) noexcept {
  const auto at = methods_.find(method);
  return at == methods_.end() ? nullptr : &at->second;
}

}  // namespace gate::broker
