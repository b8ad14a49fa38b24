// How many connections the descriptors of this process allow. A peer is a connection is a descriptor, and what else the
// process opens, the store when it is read again for one, must still find some.
#pragma once

#include <cstddef>

namespace gate::broker {

struct descriptor_budget {
  std::size_t limit = 0;         // of the process: RLIMIT_NOFILE
  std::size_t peers_max = 0;     // in force
  std::size_t refusals_max = 0;  // connections beyond it that are let in to hear why they cannot stay
};

// The policy alone: of `limit` descriptors `used` are open before the first peer comes.
descriptor_budget plan_descriptors(std::size_t peers_wanted, std::size_t limit, std::size_t used) noexcept;

// Of this process, which will bind so many addresses more.
descriptor_budget plan_descriptors(std::size_t peers_wanted, std::size_t addresses);

}  // namespace gate::broker
