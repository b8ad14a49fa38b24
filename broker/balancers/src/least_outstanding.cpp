// The worker that holds the fewest calls in proportion to what it can run at once: the number of its threads for a
// plain method, and its capacity for any other one. Among equals the least recently used one.
#include <bit>

#include "broker/balancers/src/ordered_balancer.hpp"
#include "broker/balancers/src/policies.hpp"

namespace gate::broker {

namespace {

struct fewest_in_proportion {
  // Equal fractions give equal doubles, and fractions of numbers as small as these give different ones. Doubles that
  // are not negative have the order of their bits.
  static std::uint64_t of(order_kind kind, const candidate& c) noexcept {
    const held_work& work = c.work;
    if (kind == order_kind::by_threads && work.threads() != 0) {
      return std::bit_cast<std::uint64_t>(static_cast<double>(work.on_threads()) / static_cast<double>(work.threads()));
    }
    return std::bit_cast<std::uint64_t>(static_cast<double>(work.held()) / static_cast<double>(work.capacity()));
  }
  // The rank of a worker of which all that it runs at once is taken.
  static constexpr std::uint64_t fully_used = std::bit_cast<std::uint64_t>(1.0);
};

}  // namespace

std::unique_ptr<balancer> make_least_outstanding(std::uint64_t) {
  return std::make_unique<ordered_balancer<fewest_in_proportion>>();
}

}  // namespace gate::broker
