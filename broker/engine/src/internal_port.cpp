#include "broker/engine/internal_port.hpp"

#include <chrono>
#include <utility>

#include <gate/assert.hpp>

#include "common/wire/gate2.hpp"

namespace gate::broker {
namespace {

using namespace std::chrono_literals;

// The time of one flush: internal_time, or hurried_time if more than internal_bytes_max bytes wait. One message of a
// client may hold a hundred thousand calls of the broker's own methods. Each may take a millisecond, and heartbeats
// leave between turns.
constexpr duration internal_time = 5ms;
constexpr duration hurried_time = 20ms;
constexpr std::size_t internal_bytes_max = 4u << 20;

// Takes one batch. The service handles it outside of the core's work, since its answers go to the core.
class to_service final : public sender {
 public:
  delivery send(outgoing& what) override {
    if (batch) return delivery::blocked;
    batch = std::move(what);
    return delivery::sent;
  }
  std::optional<outgoing> batch;
};

}  // namespace

void internal_port::open(instant now) {
  peer_context context;
  context.principal = "gate";
  context.address = "internal";
  context.heartbeats = false;
  core_->opened(internal_peer, context, now);
}

void internal_port::received(const message& m, const descriptor* described, instant now) {
  core_->received(internal_peer, m, described, now);
}

void internal_port::flush(instant now) {
  if (!has_work()) return;
  // The loop's time stands still within a turn.
  const instant until =
      std::chrono::steady_clock::now() + (out_.bytes() > internal_bytes_max ? hurried_time : internal_time);
  bool in_time = true;
  while (in_time) {
    if (!delivering_) {
      to_service service;
      out_.flush(service, now);
      if (!service.batch) return;
      delivering_ = std::move(service.batch);
      delivered_bytes_ = 0;
    }
    const bytes_view batch = delivering_->batch;
    wire::gate2::reader envelopes(batch.substr(delivered_bytes_), delivering_->payload_view());
    message m;
    for (; in_time && !envelopes.rest().empty(); in_time = std::chrono::steady_clock::now() < until) {
      const bool is_sound = envelopes.next(m);
      GATE_ASSERT(is_sound);
      if (deliver_) deliver_(m);
    }
    delivered_bytes_ = batch.size() - envelopes.rest().size();
    if (envelopes.rest().empty()) delivering_.reset();
  }
}

}  // namespace gate::broker
