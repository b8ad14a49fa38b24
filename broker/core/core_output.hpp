// The interfaces through which the core sends messages and reports events. Its caller implements them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include <gate/error.hpp>
#include <gate/protocol.hpp>

#include "broker/core/peer_id.hpp"
#include "broker/core/refusal.hpp"

namespace gate::broker {

class output {
 public:
  virtual ~output() = default;

  // Queues the message for that peer, behind the others. Its views are valid during the call only.
  virtual void send(peer_id to, const message& m) = 0;

  // Ends that peer's connection, once what is queued for it has had time to leave. The core has forgotten the peer: it
  // expects no closed() for it.
  virtual void cut(peer_id peer, errc why, std::string_view text) = 0;
};

// Is told what happened, for hooks, logs and metrics. Called while the core works; must not call back into it.
class observer {
 public:
  virtual ~observer() = default;

  struct worker_record {
    peer_id id;
    std::string_view service, name, address;  // the name is the worker's own, or made up
  };
  struct call_record {
    std::string_view service, method, caller;
    errc status;
    std::chrono::microseconds queue_time, total_time;
    bool one_way;
  };
  // A peer was refused something: a call or an offer that it has no right to, or what is beyond a limit of it.
  struct refusal_record {
    refusal reason;
    std::string_view principal, address, name_space, service;
    std::string_view method;  // of a call, or a request beyond a limit
    std::string_view why;
  };
  virtual void worker_up(const worker_record& /*worker*/) {}
  virtual void worker_down(const worker_record& /*worker*/, std::string_view /*why*/) {}
  virtual void worker_stalled(const worker_record& /*worker*/, bool /*stalled*/) {}
  // The worker has not answered a call that ended long ago, so its slot is free for other calls. `so_far`: how often
  // that happened to this worker.
  virtual void slot_given_back(const worker_record& /*worker*/, std::string_view /*method*/, std::uint64_t /*so_far*/) {
  }
  virtual void service_up(std::string_view /*service*/) {}
  virtual void service_down(std::string_view /*service*/) {}
  virtual void call_done(const call_record& /*call*/) {}
  virtual void refused(const refusal_record& /*refusal*/) {}
};

}  // namespace gate::broker
