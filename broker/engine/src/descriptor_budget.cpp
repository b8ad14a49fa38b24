#include "broker/engine/descriptor_budget.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>

#include <sys/resource.h>

namespace gate::broker {
namespace {

// Descriptors of an address: the socket, both ends of its monitor, and the listener.
constexpr std::size_t per_address = 4;

// Descriptors that are opened later: by the threads of the transport, for files that are read again, for name servers.
constexpr std::size_t opened_later = 12;

// The spare descriptors and those for refusals are each an eighth of what is left, within these bounds.
constexpr std::size_t spare_min = 4, refusals_min = 2, part_max = 64;

std::size_t open_now() {
  std::error_code none;
  const std::filesystem::directory_iterator all("/proc/self/fd", none);
  if (none) return 0;
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace

descriptor_budget plan_descriptors(std::size_t peers_wanted, std::size_t limit, std::size_t used) noexcept {
  const std::size_t left = limit > used ? limit - used : 0;
  const std::size_t spare = std::clamp(left / 8, spare_min, part_max);
  descriptor_budget b;
  b.limit = limit;
  b.refusals_max = std::clamp(left / 8, refusals_min, part_max);
  const std::size_t kept = spare + b.refusals_max;
  b.peers_max = std::min(peers_wanted, left > kept ? left - kept : 1);
  return b;
}

descriptor_budget plan_descriptors(std::size_t peers_wanted, std::size_t addresses) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return {0, peers_wanted, part_max};
  }
  const std::size_t used = open_now() + addresses * per_address + opened_later;
  return plan_descriptors(peers_wanted, static_cast<std::size_t>(limit.rlim_cur), used);
}

}  // namespace gate::broker
