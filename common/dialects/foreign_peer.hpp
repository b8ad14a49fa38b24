// Peers that speak another dialect than gate/2: finds out their dialect, and gives the broker its view of each of their
// connections. docs/dialects.md says what their frames mean.
//
// Frames are those of one ZeroMQ message behind the routing id. No clock, no sockets. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <gate/descriptor.hpp>
#include <gate/error.hpp>
#include <gate/limits.hpp>
#include <gate/protocol.hpp>

#include "common/base/byte_total.hpp"
#include "common/wire/frame_list.hpp"

namespace gate::wire {

using frames_view = std::span<const bytes_view>;

enum class dialect : std::uint8_t {
  unknown,    // no dialect that the broker speaks: refuse it
  gate2,      // its hello says the role
  gaterpc,    // gate-rpc 0.2.12
  gaterpc01,  // gate-rpc 0.1.x, another protocol: refuse it, and log that
  mdp01,      // Majordomo, RFC 7
  mdp02,      // Majordomo, RFC 18
};

std::string_view to_string(dialect language) noexcept;

struct recognised {
  dialect speaks = dialect::unknown;
  peer_role role = peer_role::client;  // meaningless for unknown and gate2
  std::uint8_t form = 0;               // only for mdp02: mdp02::form
};

// Finds the dialect of a connection from all frames of its first message. It looks at each frame once.
recognised recognise(frames_view frames);

struct foreign_options {
  // The compression that gate-rpc peers use: one bit of message::accept. It is set by configuration, because gate-rpc's
  // messages do not tell it.
  std::uint8_t huge_encoding = 0x02;
  // Open calls of one client. By default the core's own limit is reached first.
  std::size_t calls_max = limits::client_calls_max + 1;
  // Bytes of collected parts for one MDP/0.1 client (which takes one reply a request).
  std::size_t joined_bytes_max = limits::payload_bytes_max;
  // These bytes are also counted here, with those that wait for other peers. May be null. Outlives the peer.
  byte_total* owed = nullptr;
};

// The user and password of a gate-rpc message, unchecked. Never log them.
struct login {
  bool given = false;
  bytes_view user, password;
};

// The outcome of a message from a peer.
struct received {
  enum class outcome : std::uint8_t {
    taken,     // give `messages()` to the core in their order; there may be none
    answered,  // it was wrong, and frames in `out` tell the peer so; count it
    ignored,   // it was wrong and cannot be answered; count it
    refused,   // the peer breaks its dialect, or changed it: core::malformed(why), then cut
  };

  outcome what = outcome::taken;
  std::string_view why;                   // unless taken; a literal
  const descriptor* described = nullptr;  // with the hello of a peer that has described itself
  login credentials;
  bool for_broker = false;  // the request is for the broker itself (mmi.*)

  std::span<const message> messages() const noexcept { return {list.data(), count}; }
  void add(const message& m) noexcept { list[count++] = m; }

  std::array<message, 2> list;
  std::size_t count = 0;
};

// The outcome of a message to a peer.
struct composed {
  enum class outcome : std::uint8_t {
    sent,     // frames were composed, or the content is kept for later frames
    nothing,  // the dialect has no such message, and the peer does not need it
    dropped,  // the dialect cannot express it, although the peer would need it; count it
  };

  outcome what = outcome::nothing;
  // The call cannot go on in this dialect. Give `back` to the core as a message from this peer, after the core's
  // present work. Its text is a literal.
  bool has_back = false;
  message back;
};

// One connection of a foreign peer. The views in what receive() returns point into the frames or into this object. They
// are valid until the next call of receive().
class foreign_peer {
 public:
  virtual ~foreign_peer() = default;

  // Reads one message. An immediate reply is composed into `out`.
  virtual received receive(frames_view frames, frame_list& out) = 0;

  // Composes a message of the core for the peer.
  virtual composed compose(const message& m, frame_list& out) = 0;

  // Tells the peer that its message was not taken, if the dialect can say that. For messages that receive() did not
  // see.
  virtual void decline(frames_view /*frames*/, errc /*why*/, std::string_view /*text*/, frame_list& /*out*/) {}

  // True while a question to the peer is open whose answer the hello needs. If no answer comes in reasonable time,
  // settle() gives the hello without it.
  virtual bool asking() const noexcept { return false; }
  virtual received settle() { return {}; }

  // The bytes of parts that are kept until the rest of their reply comes.
  virtual std::size_t joined_bytes() const noexcept { return 0; }

 protected:
  foreign_peer() = default;
  foreign_peer(const foreign_peer&) = default;
  foreign_peer& operator=(const foreign_peer&) = default;
};

// Makes the connection of a recognised peer. Null for unknown, gate2 and gaterpc01.
std::unique_ptr<foreign_peer> make_foreign_peer(recognised who, const foreign_options& options);

}  // namespace gate::wire
