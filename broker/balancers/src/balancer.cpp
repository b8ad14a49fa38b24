#include "broker/balancers/balancer.hpp"

#include <algorithm>
#include <array>

#include <gate/assert.hpp>

#include "broker/balancers/src/policies.hpp"

namespace gate::broker {

namespace {

constexpr std::array<std::string_view, 2> names{"least_outstanding", "lru"};
constexpr std::array<std::unique_ptr<balancer> (*)(std::uint64_t), names.size()> makers{make_least_outstanding,
                                                                                        make_lru};

}  // namespace

std::span<const std::string_view> balancer_names() noexcept { return names; }

bool is_balancer(std::string_view name) noexcept { return std::find(names.begin(), names.end(), name) != names.end(); }

std::unique_ptr<balancer> make_balancer(std::string_view name, std::uint64_t seed) {
  const auto at = std::find(names.begin(), names.end(), name);
  GATE_ASSERT(at != names.end());
  return makers[static_cast<std::size_t>(at - names.begin())](seed);
}

}  // namespace gate::broker
