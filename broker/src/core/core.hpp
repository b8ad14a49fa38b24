// The broker's decisions, without I/O: events and the time go in, messages to peers come out. The whole of
// docs/protocol.md, sections 6 to 8, lives behind this class; it owns no socket, reads no clock and starts no thread.
//
// One thread. Every method may call the `output` while it runs; the output must not call back into the core.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gate/clock.hpp>
#include <gate/descriptor.hpp>
#include <gate/protocol.hpp>

#include "broker/src/core/options.hpp"
#include "broker/src/core/output.hpp"
#include "broker/src/core/peer_id.hpp"
#include "broker/src/core/statistics.hpp"

namespace gate::broker {

class core {
 public:
  core(const options& settings, output& out, instant now);
  core(const core&) = delete;
  core& operator=(const core&) = delete;
  ~core();

  // --- events ----------------------------------------------------------------------------------------------------

  // A peer that has not been heard of before sent its first message (call this before `received`). The id is the
  // caller's to choose and must not be in use.
  void opened(peer_id peer, const peer_context& context, instant now);

  // A valid message from that peer. `described` accompanies a hello whose payload is a descriptor; else null.
  // Peers that were cut or are unknown are ignored.
  void received(peer_id peer, const message& m, const descriptor* described, instant now);

  // The peer sent something that its dialect does not allow: bye(protocol_error) and cut.
  void malformed(peer_id peer, std::string_view why, instant now);

  // The peer's connection has ended; `why` where that is known.
  void closed(peer_id peer, instant now, std::string_view why = {});

  // Some of a message has arrived from that peer: a worker of whom heartbeats are expected is not silent.
  void arriving(peer_id peer, instant now);

  // The method of that call has returned; the answer is on its way.
  void answering(peer_id worker, call_id call, instant now);

  // A request that was given to `worker` has provably not left this process (its out-queue was dropped). Comes before
  // `closed`.
  void unsent(peer_id worker, const message& request, instant now);

  // The peer may not be here, or not any longer: it hears why, and is cut.
  void rejected(peer_id peer, errc why, std::string_view text, instant now);

  // A request of that peer that is answered without the core: whether its principal's allowance has room for one. If it
  // has not, the peer is told so.
  bool allows(peer_id peer, const message& request, instant now);

  // What options::rights answers is not what it was. Each peer's home becomes what it is now. Workers that may not
  // offer their service any more are dismissed for good, those whose home is another one to come again; what is asked
  // for later is looked at anew anyway.
  void rights_changed(instant now);

  // All that was queued for that peer has been given to the transport. Matters for peers whose dialect has no credit.
  void flushed(peer_id peer, instant now);
  // A client's request for which there was no memory: nothing is known of it but its call and its flags.
  void unread(peer_id client, const message& request, instant now);
  // Gives back what is kept for calls to come.
  void forget_spare();

  // Time passes. Due at the latest at next_deadline(); earlier or later calls are harmless.
  void tick(instant now);
  instant next_deadline() const noexcept;

  // The broker wants to leave: peers are told, no new request is accepted, what is in flight may end.
  void drain(instant now);
  // After drain(): nothing is queued or in flight any more.
  bool drained() const noexcept;
  // After drain(): ends what is left, with `worker_lost` what a worker may have executed, with `unavailable` what
  // waited; says bye to everybody.
  void shut_down(instant now);

  // --- views, for operators and tests ------------------------------------------------------------------------------

  const counters& counted() const noexcept;
  std::vector<service_view> services() const;
  std::optional<service_view> find_service(std::string_view name_space, std::string_view name) const;
  std::vector<worker_view> workers() const;
  // The descriptor of a live worker of that service; null when there is none.
  const descriptor* describe(std::string_view name_space, std::string_view service) const;
  totals measure() const noexcept;
  // Workers of that service that take calls.
  std::size_t workers_of(std::string_view name_space, std::string_view service) const;
  // Calls that this worker was given and has not answered, those that have ended for their clients too.
  std::uint32_t held_by(peer_id worker) const noexcept;
  // Nothing when it is not known, any more.
  std::optional<peer_view> find_peer(peer_id id) const;
  // Where a call comes from that was given to this worker under that name; nothing when its client is told its end
  // already. The view is valid until the next event.
  std::optional<call_source> source_of(peer_id worker, call_id name) const;

  // Checks every promise that can be checked from within; empty when all hold, else which one does not. Costs
  // O(everything): for tests.
  std::string check(instant now) const;

 private:
  class state;
  std::unique_ptr<state> state_;
};

}  // namespace gate::broker
