// How many connections the process may have by its limit of descriptors. Each peer takes one. Some are left for files
// that are opened later, such as the store when it is read again.
#pragma once

#include <cstddef>

namespace gate::broker {

struct descriptor_budget {
  std::size_t limit = 0;         // of the process: RLIMIT_NOFILE
  std::size_t peers_max = 0;     // how many peers may stay
  std::size_t refusals_max = 0;  // how many more connections are accepted, to tell their peers that they cannot stay
};

// The rule alone: the process may have `limit` descriptors, of which `used` are open before the first peer comes.
descriptor_budget plan_descriptors(std::size_t peers_wanted, std::size_t limit, std::size_t used) noexcept;

// The budget of this process, which is about to bind so many addresses.
descriptor_budget plan_descriptors(std::size_t peers_wanted, std::size_t addresses);

}  // namespace gate::broker
