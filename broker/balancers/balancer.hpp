// Chooses the worker that gets a call. A service has a balancer of its own; its policy says which one.
//
// To add a policy: a file in src/ with a class derived from `balancer`, declared in src/policies.hpp, with a row in the
// table of src/balancer.cpp. tests/unit/broker/balancers/conformance_test.cpp then tests it with all others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "broker/balancers/candidate.hpp"

namespace gate::broker {

// One thread. The same calls of its methods give the same choices: it reads no clock, and chance comes from its seed.
// Only join() may allocate.
class balancer {
 public:
  virtual ~balancer() = default;

  // A worker has come. Its group is set, and counts it. It may be chosen from now on if it takes calls.
  virtual void join(candidate& c) = 0;
  // The worker gets no calls any more. Its group is still set.
  virtual void leave(candidate& c) noexcept = 0;
  // It is stalled, or ready again.
  virtual void changed(candidate& c) noexcept = 0;
  // It was given a call, which its work counts already.
  virtual void given(candidate& c) noexcept = 0;
  // Some of its calls have ended, which its work counts already, and it was given no other in their place.
  virtual void done(candidate& c) noexcept = 0;

  // The worker that gets the call: one that takes it, in a way that the call may have there. Null if there is none. The
  // caller then gives it the call and says so by given(), or lets it be.
  virtual candidate* pick(const wish& w) noexcept = 0;
  // Whether a worker could begin such a call at once.
  virtual bool has_free(std::span<const offer> offers) const noexcept = 0;
  // How many calls that take a thread may be given to workers with idle threads, without `but`. Counts up to `most`,
  // and looks at 64 such workers at most.
  virtual std::size_t idle_room(std::span<const offer> offers, const candidate& but,
                                std::size_t most) const noexcept = 0;

  // Whether what it keeps of that worker is right. For tests.
  virtual bool is_right_about(const candidate& c) const noexcept = 0;
};

// The policy of services that name none.
inline constexpr std::string_view default_balancer = "least_outstanding";

// All policies, by the names that operators use.
std::span<const std::string_view> balancer_names() noexcept;
bool is_balancer(std::string_view name) noexcept;

// The name must be one of balancer_names(). `seed` is for policies that choose by chance.
std::unique_ptr<balancer> make_balancer(std::string_view name, std::uint64_t seed);

}  // namespace gate::broker
