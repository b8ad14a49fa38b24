// The transport below a worker's or a client's session: one DEALER at a time, its monitor, and the batches in both
// directions. It opens, closes and sends as the session asks, and reports events; it decides nothing. Belongs to one
// loop; that loop's thread only.
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
  // "tcp://host:port", "ipc://path", "inproc://name". If the host is a name, all its addresses are tried, one after the
  // other: the one that answered last is first, then the system's order (usually IPv6 first).
  std::string endpoint;
  std::chrono::milliseconds connect_timeout{};  // for all addresses together; 0: no limit
  credentials shown;                            // not used over inproc, which has no greeting
  std::chrono::milliseconds login_timeout{};    // for the answer to the credentials, once there is a connection
  std::chrono::milliseconds transport_heartbeat_interval{};
  std::chrono::milliseconds transport_heartbeat_timeout{};
  std::size_t frame_bytes_max = 0;
  std::size_t out_queue_bytes_max = 0;  // above it writable() is false: producers wait for flushed()
  std::size_t messages_per_turn_max = 0;
};

class channel {
 public:
  // Views are valid during the call. Each function may call the channel.
  class handler {
   public:
    virtual ~handler() = default;
    virtual void connected() = 0;
    // The attempt to connect failed, or the connection ended. The socket is closed already. `unauthenticated`: the
    // other side refused these credentials. Otherwise `unavailable`.
    virtual void ended(errc why, std::string_view text) = 0;
    virtual void received(const message& m) = 0;
    // Part of a message has arrived.
    virtual void arriving() {}
    virtual void malformed(std::string_view why) = 0;
    virtual void flushed() = 0;  // the out-queue was over its limit, and has room again
  };

  // Used from the next open() on. Not for gate-rpc: it sends its credentials in each message.
  void use_credentials(credentials own);

  channel(loop& where, const channel_options& options, handler& owner);
  // `broker` translates for a broker of another dialect. Null: gate/2.
  channel(loop& where, const channel_options& options, handler& owner, std::unique_ptr<foreign_broker> broker);
  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;
  ~channel();

  // Opens a new socket. Closes an earlier one, without a report. Never throws: ended() reports a bad endpoint.
  void open();
  // Hands the queued messages to the transport, which tries to send them for `linger`, and closes. A full transport
  // takes no more over inproc, or if the connection has just ended: the rest is then dropped.
  void close(std::chrono::milliseconds linger = std::chrono::milliseconds(500));
  // Appends the message to the batch that leaves at the end of this turn of the loop.
  void send(const message& m);

  std::size_t queued_bytes() const noexcept;
  bool writable() const noexcept;

  class impl;

 private:
  std::unique_ptr<impl> impl_;
};

}  // namespace gate::peer
