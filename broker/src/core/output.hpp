// What the core asks of the world.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include <gate/error.hpp>
#include <gate/protocol.hpp>

#include "broker/src/core/peer_id.hpp"

namespace gate::broker {

class output {
 public:
  virtual ~output() = default;

  // Queue that message for that peer, in order. Views are valid during the call only.
  virtual void send(peer_id to, const message& m) = 0;

  // End that peer's connection after what is queued for it has had its chance to leave. The core has forgotten the peer
  // already: no `closed` is expected for it.
  virtual void cut(peer_id peer, errc why, std::string_view text) = 0;
};

// Things that happened, for hooks, logs and metrics. Called while the core works; must not call back into it.
class observer {
 public:
  virtual ~observer() = default;

  struct worker_record {
    peer_id id;
    std::string_view service, name, address;  // the name is what it calls itself, or made up
  };
  struct call_record {
    std::string_view service, method, caller;
    errc status;
    std::chrono::microseconds queue_time, total_time;
    bool one_way;
  };
  // What somebody was not given, of whom the principal is known.
  struct refusal_record {
    enum class kind : std::uint8_t { call, offer, limit } what;
    std::string_view principal, address, name_space, service;
    std::string_view method;  // of a call, or a request beyond a limit
    std::string_view why;
  };
  virtual void worker_up(const worker_record& /*worker*/) {}
  virtual void worker_down(const worker_record& /*worker*/, std::string_view /*why*/) {}
  virtual void worker_stalled(const worker_record& /*worker*/, bool /*stalled*/) {}
  // It has not answered a call that ended long ago: the slot is given to others. `so_far` of its slots were.
  virtual void slot_given_back(const worker_record& /*worker*/, std::string_view /*method*/, std::uint64_t /*so_far*/) {
  }
  virtual void service_up(std::string_view /*service*/) {}
  virtual void service_down(std::string_view /*service*/) {}
  virtual void call_done(const call_record& /*call*/) {}
  virtual void refused(const refusal_record& /*refusal*/) {}
};

}  // namespace gate::broker
