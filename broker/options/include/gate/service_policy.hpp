// The rules of one service: how a worker is chosen, the bounds of its queue, and rules for its methods.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace gate {

// Rules for one method of a service.
struct method_policy {
  // How many calls of the method the broker accepts in a second, on average and from all clients together. One more
  // ends as `busy`, and its error says when to call again. 0: as many as come.
  std::optional<std::size_t> requests_per_second_max;
  // How many of them it accepts at once after a pause. 0: as many as in one second.
  std::optional<std::size_t> requests_burst_max;
  // True: the broker may give a call of the method to a second worker if the first one is lost, whatever the client
  // says. False: it never does. Unset: the client says it with each call.
  std::optional<bool> idempotent;
};

// Rules for one service. A field that is not set has the value in `service_defaults`. If it is not set there either,
// the broker's limit of the same name is used.
struct service_policy {
  // How a worker is chosen for a call (docs/scheduling.md): "least_outstanding", which is the default, or "lru".
  std::optional<std::string> balancer;
  // The bounds of the service's queue.
  std::optional<std::size_t> queue_max;
  std::optional<std::size_t> queue_bytes_max;
  std::optional<std::chrono::milliseconds> queue_age_max;
  // By the name of the method. Each field that is not set here has the value in the defaults.
  std::map<std::string, method_policy, std::less<>> methods;
};

// The rules for all services.
struct service_policies {
  // For all services but the broker's own (`gate`, `mmi.*`), which have no policy.
  service_policy service_defaults;
  // By the name of the service: "NAME", or "NAMESPACE/NAME" for a service in a namespace.
  std::map<std::string, service_policy, std::less<>> services;
};

}  // namespace gate
