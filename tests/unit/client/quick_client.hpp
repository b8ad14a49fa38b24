// What tests of a client against a scripted broker share: its options, and the error of a call.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include <gate/client_options.hpp>
#include <gate/error.hpp>
#include <gate/task.hpp>

#include "tests/unit/client/scripted_broker.hpp"

namespace gate::test {

// Options for a client of that broker that connects again at once after a loss.
inline client_options quick(const scripted_broker& broker) {
  client_options options(broker.address());
  options.connect_timeout = std::chrono::seconds(10);
  options.reconnect_pause_min = std::chrono::milliseconds(1);
  options.reconnect_pause_max = std::chrono::milliseconds(5);
  return options;
}

// Returns the error that a call ends with; nothing if it succeeds.
inline task<std::optional<Error>> error_of(task<void> work) {
  std::optional<Error> error;
  try {
    co_await std::move(work);
  } catch (const Error& e) {
    error.emplace(e);
  }
  co_return error;
}

}  // namespace gate::test
