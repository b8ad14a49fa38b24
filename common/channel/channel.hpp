// The transport under a worker's or a client's session: one DEALER at a time, its monitor, and the batches in both
// directions. It does what the session asks (open, close, send) and reports what happens; it decides nothing. Belongs
// to one loop; that loop's thread only.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <gate/credentials.hpp>
#include <gate/error.hpp>
#include <gate/loop.hpp>
#include <gate/protocol.hpp>

namespace gate::peer {

class foreign_broker;

struct channel_options {
  // "tcp://host:port", "ipc://path", "inproc://name". Of a host by name all addresses are tried, one after the other,
  // in the order in which the system gives them (IPv6 first, as a rule), the one that answered last before all others.
  std::string endpoint;
  std::chrono::milliseconds connect_timeout{};  // that all of them may take; 0: no limit
  credentials shown;                            // not over inproc, which has no greeting
  std::chrono::milliseconds login_timeout{};    // that the answer to them may take once there is a connection
  std::chrono::milliseconds transport_heartbeat_interval{};
  std::chrono::milliseconds transport_heartbeat_timeout{};
  std::size_t frame_bytes_max = 0;
  std::size_t out_queue_bytes_max = 0;  // above it writable() is false: producers wait until flushed() is reported
  std::size_t messages_per_turn_max = 0;
};

class channel {
 public:
  // Views are valid during the call. Calls into the channel are allowed from within.
  class handler {
   public:
    virtual ~handler() = default;
    virtual void connected() = 0;
    // Could not connect, or the connection is gone; the socket is closed already. `unauthenticated` when the other side
    // does not admit these credentials, `unavailable` else.
    virtual void ended(errc why, std::string_view text) = 0;
    virtual void received(const message& m) = 0;
    // Some of a message has arrived that is not whole yet.
    virtual void arriving() {}
    virtual void malformed(std::string_view why) = 0;
    virtual void flushed() = 0;  // the out-queue, which had been over its bound, has room again
  };

  // From the next open() on. Not for gate-rpc, whose credentials are in each message.
  void use_credentials(credentials own);

  channel(loop& where, const channel_options& options, handler& owner);
  // To a broker of another dialect, by way of `broker`; of gate/2 when that is null.
  channel(loop& where, const channel_options& options, handler& owner, std::unique_ptr<foreign_broker> broker);
  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;
  ~channel();

  // Opens a new socket (closing an earlier one without notice). Never throws: a bad endpoint is reported by ended().
  void open();
  // Closes after what is queued has been handed to the transport, which keeps trying for `linger`. Over inproc, and if
  // the connection has just ended, a transport that is full takes no more: the rest is dropped.
  void close(std::chrono::milliseconds linger = std::chrono::milliseconds(500));
  // Appends to the batch that leaves at the end of this turn of the loop.
  void send(const message& m);

  std::size_t queued_bytes() const noexcept;
  bool writable() const noexcept;

  class impl;

 private:
  std::unique_ptr<impl> impl_;
};

}  // namespace gate::peer
