// Looks for signs of life of peers, by what the kernel knows of their connections. docs/liveness.md has the table. One
// thread, no clock.
#pragma once

#include <optional>
#include <string>

#include <gate/broker_options.hpp>
#include <gate/clock.hpp>

#include "broker/engine/outbox.hpp"
#include "broker/engine/remote_peers.hpp"
#include "common/link/pulse.hpp"
#include "common/transport/kernel_path.hpp"

namespace gate::broker {

class silence_watch {
 public:
  class listener {
   public:
    // A part of a message has arrived from that peer.
    virtual void arrives(remote_peer& from) = 0;
    // No sign of life came from the peer for too long. `why` names the time.
    virtual void silent(remote_peer& peer, const std::string& why) = 0;

   protected:
    ~listener() = default;
  };
  // The kernel's counters of a connection. Nothing if it is closed.
  using sampler = std::optional<gate::peer::path_sample> (*)(int descriptor, instant now);

  // All outlive this.
  silence_watch(const broker_options& options, remote_peers& peers, outbox& out, listener& told,
                sampler sample = gate::peer::sample_path) noexcept
      : options_(options), peers_(peers), outbox_(out), listener_(told), sample_(sample) {}

  // The descriptor of the peer's connection is known from now on.
  void watch(remote_peer& fresh, instant now);
  // Looks at the connections that are due. Call it when next_look() is over; calls before that do no harm. Not while
  // the core works.
  void look(instant now);
  instant next_look() const noexcept { return look_at_; }

 private:
  const broker_options& options_;
  remote_peers& peers_;
  outbox& outbox_;
  listener& listener_;
  const sampler sample_;
  instant look_at_ = instant::max();
};

}  // namespace gate::broker
