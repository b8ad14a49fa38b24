// The connection of the service `gate`, which is in this process and a worker like others for the core. The loop's
// thread only.
#pragma once

#include <cstddef>
#include <optional>

#include <gate/clock.hpp>
#include <gate/descriptor.hpp>
#include <gate/protocol.hpp>
#include <gate/unique_function.hpp>

#include "broker/core/guarded_core.hpp"
#include "broker/engine/out_queue.hpp"

namespace gate::broker {

class internal_port {
 public:
  // `spare` outlives this.
  internal_port(guarded_core& to, buffer_pool& spare) noexcept : core_(to), out_(spare) {}

  // --- for the service

  // Tells the core of the service. Call it once, before the first received().
  void open(instant now);
  // Gives the core a message of the service. `described`: as for core::received(). Not while the core works.
  void received(const message& m, const descriptor* described, instant now);
  // flush() calls `deliver` with each message of the core for the service. Empty: they are discarded.
  void on_message(unique_function<void(const message&)> deliver) { deliver_ = std::move(deliver); }

  // --- for the engine

  // A message of the core for the service. It waits for flush().
  void add(const message& m) { out_.append(m); }
  // Delivers messages that wait, for a limited time: the rest waits for the next call.
  void flush(instant now);
  bool has_work() const noexcept { return !out_.empty() || delivering_; }

 private:
  guarded_core& core_;
  out_queue out_;
  std::optional<outgoing> delivering_;  // the batch of out_ that is being delivered
  std::size_t delivered_bytes_ = 0;     // of that batch
  unique_function<void(const message&)> deliver_;
};

}  // namespace gate::broker
