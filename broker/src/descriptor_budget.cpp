#include "broker/src/descriptor_budget.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>

#include <sys/resource.h>

namespace gate::broker {
namespace {

// Of an address: the socket, its monitor at both ends, and what listens.
constexpr std::size_t per_address = 4;

// What is opened later: the threads of the transport, files that are read again, answers of name servers.
constexpr std::size_t opened_later = 12;

// An eighth of what is left each, within these bounds.
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
