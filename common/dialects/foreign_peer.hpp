// Peers that speak another dialect than gate/2: how their dialect is told, and what each of their connections looks
// like to the broker. docs/dialects.md says what their frames mean.
//
// Frames are those of one ZeroMQ message behind the routing id. Nothing here reads a clock or knows a socket. One
// thread.
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
  unknown,    // none that we speak: refuse it
  gate2,      // its hello says the role
  gaterpc,    // gate-rpc 0.2.12
  gaterpc01,  // gate-rpc 0.1.x, which has nothing to do with it: refuse it, and say so
  mdp01,      // Majordomo, RFC 7
  mdp02,      // Majordomo, RFC 18
};

std::string_view to_string(dialect language) noexcept;

struct recognised {
  dialect speaks = dialect::unknown;
  peer_role role = peer_role::client;  // meaningless for unknown and gate2
  std::uint8_t form = 0;               // of mdp02: mdp02::form
};

// Tells the dialect of a connection from its first message, of which all frames are needed. Takes the time of one look
// at them.
recognised recognise(frames_view frames);

struct foreign_options {
  // The compression that gate-rpc peers are set to, which their wire does not tell: one bit of message::accept.
  std::uint8_t huge_encoding = 0x02;
  // Calls of one client that may be open. The core's own bound is met first when it is not above this one.
  std::size_t calls_max = limits::client_calls_max + 1;
  // Bytes of parts that one MDP/0.1 client may have collected for it (it takes one reply a request).
  std::size_t joined_bytes_max = limits::payload_bytes_max;
  // Where they are counted beside what waits for others; null: nowhere. Outlives the peer.
  byte_total* owed = nullptr;
};

// User and password as they stand in a gate-rpc message, unchecked. Never log them.
struct login {
  bool given = false;
  bytes_view user, password;
};

// What came of a message from a peer.
struct received {
  enum class outcome : std::uint8_t {
    taken,     // give `messages()` to the core, in their order; there may be none
    answered,  // it was wrong, and the frames composed beside this say so to the peer; count it
    ignored,   // it was wrong and cannot be answered; count it
    refused,   // the peer breaks its dialect, or changed it: core::malformed(why), then cut
  };

  outcome what = outcome::taken;
  std::string_view why;                   // unless taken; a literal
  const descriptor* described = nullptr;  // with a hello of a peer that said something of itself
  login credentials;
  bool for_broker = false;  // the request asks the broker itself (mmi.*)

  std::span<const message> messages() const noexcept { return {list.data(), count}; }
  void add(const message& m) noexcept { list[count++] = m; }

  std::array<message, 2> list;
  std::size_t count = 0;
};

// What became of a message to a peer.
struct composed {
  enum class outcome : std::uint8_t {
    sent,     // frames were composed, or it is kept for those that will be
    nothing,  // the dialect has no word for it and needs none
    dropped,  // the peer would need to know it, and its dialect cannot say it; count it
  };

  outcome what = outcome::nothing;
  // A call that cannot go on in this dialect: give `back` to the core as a message from this peer, after the core's
  // present work. Its text is a literal.
  bool has_back = false;
  message back;
};

// One connection of a foreign peer. The views in what receive() returns point into the frames, or into this object, and
// are valid until its next call.
class foreign_peer {
 public:
  virtual ~foreign_peer() = default;

  // Reads one message. What is to be sent back at once is composed into `out`.
  virtual received receive(frames_view frames, frame_list& out) = 0;

  // Says a message of the core to the peer.
  virtual composed compose(const message& m, frame_list& out) = 0;

  // Tells the peer that this message of it was not taken, as far as the dialect has words for that. For messages that
  // receive() did not see.
  virtual void decline(frames_view /*frames*/, errc /*why*/, std::string_view /*text*/, frame_list& /*out*/) {}

  // The peer was asked something that must be known before it can be registered. Without an answer in reasonable time,
  // settle() gives the hello as far as it is known.
  virtual bool asking() const noexcept { return false; }
  virtual received settle() { return {}; }

  // What is kept of parts, to be joined with those that will come.
  virtual std::size_t joined_bytes() const noexcept { return 0; }

 protected:
  foreign_peer() = default;
  foreign_peer(const foreign_peer&) = default;
  foreign_peer& operator=(const foreign_peer&) = default;
};

// The connection of a peer as it was recognised; null for unknown, gate2 and gaterpc01.
std::unique_ptr<foreign_peer> make_foreign_peer(recognised who, const foreign_options& options);

}  // namespace gate::wire
