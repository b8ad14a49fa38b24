// The accepted connections of one port, by descriptor, from what the socket's monitor tells. A descriptor's number is
// used again by the system at once; the socket's inode is not, so it is compared before anything is done to a
// descriptor.
//
// The monitor tells late. When accepted() is called, the connection may have ended already, and the number may be
// another socket's, whose inode is then noted. The monitor has told of that end by the time at which all its events
// that were there at accepted() are read, since libzmq tells of an end before it closes the descriptor. So cut(),
// cut_refused() and cut_silent() may be called only behind that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <sys/types.h>

#include <gate/clock.hpp>

#include "broker/src/core/peer_id.hpp"

namespace gate::broker {

struct connection {
  ino_t inode = 0;
  instant accepted{};
  std::optional<peer_id> owner;  // the peer whose messages come over it, once one came
  bool refused = false;          // cut; what it sends until it ends is discarded
  std::string address;           // against whose number of connections it counts; empty: nobody's
  std::string from;              // "host:port", where peers log in; empty when it was not known any more
};

class connections {
 public:
  void accepted(int descriptor, instant now);
  // The connection that ended, as it was; nothing for one that is not known.
  std::optional<connection> ended(int descriptor);

  // Null for a descriptor whose connection has ended, or was never accepted here.
  connection* find(int descriptor) noexcept;
  std::size_t size() const noexcept { return open_.size(); }

  // A connection that may not stay. What it sends is discarded, and cut_refused() ends it.
  void refuse(int descriptor);
  bool has_refused() const noexcept { return !refused_.empty(); }
  void cut_refused() noexcept;

  // Ends the connection by shutdown(2): a ROUTER has no disconnect. False when the descriptor is another socket's by
  // now.
  bool cut(int descriptor) noexcept;

  // What cut_silent() asks of, and tells to.
  class silent_watcher {
   public:
    virtual std::uint64_t received_bytes(int descriptor) = 0;  // over that connection, as the kernel counts them
    virtual void announce(int descriptor) = 0;                 // it is about to be cut

   protected:
    ~silent_watcher() = default;
  };

  // Cuts the connections that were accepted before `until` and have not said anything; how many. One over which a long
  // first message is arriving has the same time again, a few times.
  std::size_t cut_silent(instant until, instant now, silent_watcher& watcher);
  // Since when the oldest one that may be silent is.
  std::optional<instant> oldest_silent() noexcept;

 private:
  struct mark {
    int descriptor;
    ino_t inode;
    instant accepted;
    instant since;               // it is silent; of one that was seen to send, from then on
    std::uint64_t received = 0;  // bytes, at that time
    unsigned times = 1;          // that it has been given so long
  };
  bool is_silent(const mark& m) noexcept;

  std::unordered_map<int, connection> open_;
  std::deque<mark> silent_;   // by time of acceptance; some have spoken or ended since
  std::vector<int> refused_;  // some have ended since
};

}  // namespace gate::broker
