// Makes the broker's decisions, without I/O: events and the time go in, messages to peers come out. It implements
// docs/protocol.md, sections 6 to 8. It owns no socket, reads no clock and starts no thread.
//
// One thread. Every method may call the `output` while it runs. The output must not call back into the core.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gate/broker_limits.hpp>
#include <gate/clock.hpp>
#include <gate/descriptor.hpp>
#include <gate/protocol.hpp>
#include <gate/service_policy.hpp>

#include "broker/core/core_output.hpp"
#include "broker/core/counters.hpp"
#include "broker/core/peer_id.hpp"
#include "broker/core/refusal.hpp"
#include "broker/core/views.hpp"

namespace gate::broker {

class access;
class allowance;

class core {
 public:
  // Copies `limits` and `policies`. The pointers are not owned. `rights` null: everybody may do everything. `allowed`
  // null: each connection may have as much under way as the limits say. `watcher` null: nobody is told. All chance
  // comes from `seed`. The balancer of each policy must be one of balancer_names().
  core(const broker_limits& limits, const service_policies& policies, access* rights, allowance* allowed,
       observer* watcher, output& out, instant now, std::uint64_t seed = 0);
  core(const core&) = delete;
  core& operator=(const core&) = delete;
  ~core();

  // --- events ----------------------------------------------------------------------------------------------------

  // A new peer sent its first message. Call this before received(). The caller chooses the id, which must not be in
  // use.
  void opened(peer_id peer, const peer_context& context, instant now);

  // A valid message came from that peer. `described`: the descriptor in a hello; null if there is none. Messages of
  // peers that were cut or are unknown are ignored.
  void received(peer_id peer, const message& m, const descriptor* described, instant now);

  // The peer sent something that its dialect does not allow: bye(protocol_error) and cut. `reason`: for the counters.
  void malformed(peer_id peer, std::string_view why, instant now, refusal reason = refusal::malformed);

  // The peer's connection has ended. `why` is empty if the reason is not known.
  void closed(peer_id peer, instant now, std::string_view why = {});

  // A part of a message has arrived from that peer. A worker that has to send heartbeats does not count as silent then.
  void arriving(peer_id peer, instant now);

  // The method of that call has returned; the answer is on its way.
  void answering(peer_id worker, call_id call, instant now);

  // A request for `worker` has certainly not left this process, since the worker's out-queue was dropped. Comes before
  // closed().
  void unsent(peer_id worker, const message& request, instant now);

  // The peer may not stay: it is told why, and cut. The caller counts the reason, since the core may not know the peer.
  void rejected(peer_id peer, refusal why, std::string_view text, instant now);

  // Whether the peer's principal may have one more request under way. Asked for a request that is answered without the
  // core. If the answer is false, the core has refused the request.
  bool allows(peer_id peer, const message& request, instant now);

  // The answers of `rights` have changed. The core asks for the namespace of each peer again. It dismisses
  // workers that may not offer their service any more. It also dismisses workers whose namespace has changed: these may
  // come again. Rights to call are asked for with each request anyway.
  void rights_changed(instant now);

  // The transport has taken everything that was queued for that peer. The core uses this for peers whose dialect has no
  // credit.
  void flushed(peer_id peer, instant now);
  // A client's request was not kept: it ends with this error. Only its call and its flags are known.
  void unread(peer_id client, const message& request, refusal why, std::string_view text, instant now);
  // Frees memory that is kept for later calls.
  void forget_spare();

  // Time has passed. Call this when next_deadline() is over. Calls before that do no harm.
  void tick(instant now);
  instant next_deadline() const noexcept;

  // The broker wants to leave. Peers are told, no new request is accepted, and calls that are open may end.
  void drain(instant now);
  // After drain(): whether no call is queued or running any more.
  bool drained() const noexcept;
  // Ends all open calls: as `worker_lost` if a worker may have executed them, as `unavailable` otherwise. Says bye to
  // all peers.
  void shut_down(instant now);

  // --- views, for operators and tests ------------------------------------------------------------------------------

  const counters& counted() const noexcept;
  std::vector<service_view> services() const;
  std::optional<service_view> find_service(std::string_view name_space, std::string_view name) const;
  std::vector<worker_view> workers() const;
  // The descriptor of one of the service's workers. Null if none gave one.
  const descriptor* describe(std::string_view name_space, std::string_view service) const;
  totals measure() const noexcept;
  // Workers of that service that take calls.
  std::size_t workers_of(std::string_view name_space, std::string_view service) const;
  // Calls that this worker was given and has not answered. Calls that have ended for their clients count too.
  std::uint32_t held_by(peer_id worker) const noexcept;
  // Nothing if the peer is unknown, or was cut.
  std::optional<peer_view> find_peer(peer_id id) const;
  // The client of a call that was given to this worker under that name. Nothing if the call has ended for its client.
  // The view is valid until the next event.
  std::optional<call_source> source_of(peer_id worker, call_id name) const;

  // Checks the core's invariants. Empty if all hold, otherwise names one that does not. Looks at everything: for tests.
  std::string check(instant now) const;

 private:
  class state;
  std::unique_ptr<state> state_;
};

}  // namespace gate::broker
