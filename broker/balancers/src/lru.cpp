// The least recently used worker. For a plain method, workers with a free thread come before those where the call would
// wait for one.
#include "broker/balancers/src/ordered_balancer.hpp"
#include "broker/balancers/src/policies.hpp"

namespace gate::broker {

namespace {

struct least_recently_used {
  static std::uint64_t of(order_kind kind, const candidate& c) noexcept {
    const held_work& work = c.work;
    return kind == order_kind::by_threads && work.threads() != 0 && work.on_threads() >= work.threads() ? fully_used
                                                                                                        : 0;
  }
  static constexpr std::uint64_t fully_used = 1;
};

}  // namespace

std::unique_ptr<balancer> make_lru(std::uint64_t) { return std::make_unique<ordered_balancer<least_recently_used>>(); }

}  // namespace gate::broker
