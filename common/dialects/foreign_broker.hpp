// A broker of another dialect, in the form that a session knows. It turns the session's gate/2 messages into frames of
// the dialect. It turns the broker's frames into the messages that a gate/2 broker would send. So a session does not
// depend on the dialect.
//
// No I/O, no clock, one thread. The session does all that depends on time: heartbeats, deadlines, reconnects.
#pragma once

#include <string>

#include <gate/protocol.hpp>

#include "common/dialects/foreign_peer.hpp"
#include "common/wire/frame_list.hpp"

namespace gate::peer {

class foreign_broker {
 public:
  virtual ~foreign_broker() = default;

  // Begins a new connection and forgets all of the last one. Returns the routing id for the new connection.
  virtual std::string begin() = 0;

  // Sends a message of the session. May be called while a message of next() is being handled.
  virtual void say(const message& m, wire::frame_list& out) = 0;

  // Takes a message from the broker. Take all messages of next() before the next call.
  virtual void hear(wire::frames_view frames, wire::frame_list& out) = 0;

  // Returns the next message for the session in `m`; false if there is none. Its views are valid until the next call of
  // next(). They may point into the frames of the last hear(). say() may produce messages too.
  virtual bool next(message& m) = 0;
  // False: next() has no message. True: it may have one.
  virtual bool has_next() const noexcept = 0;

 protected:
  foreign_broker() = default;
  foreign_broker(const foreign_broker&) = default;
  foreign_broker& operator=(const foreign_broker&) = default;
};

}  // namespace gate::peer
