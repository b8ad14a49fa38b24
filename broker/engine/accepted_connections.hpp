// The accepted connections of one port, by descriptor. The socket's monitor tells of them. The system uses the number
// of a closed descriptor again at once, but not the inode of a socket. So the inode is compared before anything is done
// to a descriptor.
//
// The monitor tells late. When accepted() is called, the connection may have ended already. Then its number may be that
// of another socket, and accepted() notes the inode of that one. libzmq tells of an end before it closes the
// descriptor, so the end is among the monitor's events by then. Read all of these before you call cut(), cut_refused()
// or cut_silent().
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include <gate/clock.hpp>

#include "broker/core/peer_id.hpp"

namespace gate::broker {

struct accepted_connection {
  ino_t inode = 0;
  instant accepted{};
  std::optional<peer_id> owner;  // the peer whose messages come over it, once one came
  bool refused = false;          // cut; what it sends until it ends is discarded
  std::string address;           // counted in the connections of this address; empty: in none
  std::string from;              // "host:port" where peers log in; empty if it was not known any more
};

class accepted_connections {
 public:
  void accepted(int descriptor, instant now);
  // Forgets a connection that has ended, and returns it. Nothing if it is not known.
  std::optional<accepted_connection> ended(int descriptor);

  // Null if the connection of this descriptor has ended, or was not accepted here.
  accepted_connection* find(int descriptor) noexcept {
    const auto place = static_cast<std::size_t>(descriptor);
    return descriptor >= 0 && place < open_.size() ? open_[place].get() : nullptr;
  }
  std::size_t size() const noexcept { return count_; }

  // Refuses a connection: what the peer sends over it is discarded, and cut_refused() ends it.
  void refuse(int descriptor);
  bool has_refused() const noexcept { return !refused_.empty(); }
  void cut_refused() noexcept;

  // Ends the connection by shutdown(2), since a ROUTER has no disconnect. False if the descriptor belongs to another
  // socket by now.
  bool cut(int descriptor) noexcept;

  // The functions that cut_silent() calls.
  class silent_watcher {
   public:
    virtual std::uint64_t received_bytes(int descriptor) = 0;  // of that connection, counted by the kernel
    virtual void announce(int descriptor) = 0;                 // the connection is about to be cut

   protected:
    ~silent_watcher() = default;
  };

  // Cuts the connections that were accepted before `until` and over which no message came, and returns their number. If
  // a long first message is arriving over one, that one has the same time again, a few times.
  std::size_t cut_silent(instant until, instant now, silent_watcher& watcher);
  // The time from which the next connection to look at has been silent. Nothing if there is none.
  std::optional<instant> oldest_silent() noexcept;

 private:
  struct mark {
    int descriptor;
    ino_t inode;
    instant accepted;
    instant since;               // silent from then on; later if it was seen to send
    std::uint64_t received = 0;  // bytes until `since`
    unsigned times = 1;          // how often it was given the time
  };
  bool is_silent(const mark& m) noexcept;

  std::vector<std::unique_ptr<accepted_connection>> open_;  // by descriptor
  std::size_t count_ = 0;
  std::deque<mark> silent_;   // by `since`; some have sent a message or ended by now
  std::vector<int> refused_;  // some have ended by now
};

}  // namespace gate::broker
