// Makes the policies. Each is in a file of its name.
#pragma once

#include <cstdint>
#include <memory>

#include "broker/balancers/balancer.hpp"

namespace gate::broker {

std::unique_ptr<balancer> make_least_outstanding(std::uint64_t seed);
std::unique_ptr<balancer> make_lru(std::uint64_t seed);

}  // namespace gate::broker
