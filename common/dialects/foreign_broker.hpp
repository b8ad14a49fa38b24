// A broker of another dialect, as a session knows a broker: it takes the messages of gate/2 that a session sends, says
// them in frames of its dialect, and makes of the frames that come what a gate/2 broker would have said. So a session
// need not know that there are other dialects.
//
// No I/O, no clock, one thread. What happens in time (heartbeats, deadlines, coming back) is the session's.
#pragma once

#include <string>

#include <gate/protocol.hpp>

#include "common/dialects/foreign_peer.hpp"
#include "common/wire/frame_list.hpp"

namespace gate::peer {

class foreign_broker {
 public:
  virtual ~foreign_broker() = default;

  // A new connection: whatever belonged to the last one is forgotten. Returns the routing id to use on it.
  virtual std::string begin() = 0;

  // A message of the session. May be called while a message of next() is being handled.
  virtual void say(const message& m, wire::frame_list& out) = 0;

  // A message from the broker. Take what came of it by next() before the next one.
  virtual void hear(wire::frames_view frames, wire::frame_list& out) = 0;

  // The next message for the session; false when there is none. Its views are valid until the next call of this, and
  // may point into the frames that were heard last. say() gives rise to messages as well.
  virtual bool next(message& m) = 0;
  // Whether there may be one.
  virtual bool has_next() const noexcept = 0;

 protected:
  foreign_broker() = default;
  foreign_broker(const foreign_broker&) = default;
  foreign_broker& operator=(const foreign_broker&) = default;
};

}  // namespace gate::peer
