// The worker's end of a connection, without I/O: registers, keeps the heartbeat, comes back after a loss, holds each
// stream to its credit, drains. docs/protocol.md, section 8.3, is its table. The time is handed in; one thread.
//
// The ids that a handler sees are the session's own, unique in its life: the broker's numbers begin anew with each
// broker, and an answer that a method gives late must not reach a call of the next connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <gate/clock.hpp>
#include <gate/protocol.hpp>

#include "common/link/link.hpp"

namespace gate::worker {

struct session_options : peer::link_options {
  session_options() {
    role = peer_role::worker;
    capabilities |= capability::recall;
  }
};

class session {
 public:
  enum class state : std::uint8_t { idle, connecting, greeting, serving, draining, waiting, closed };

  // What the session asks of the world. Views are valid during the call. Calls into the session are allowed from
  // within, except from send(): a transport that fails there reports it later.
  class handler {
   public:
    virtual ~handler() = default;
    virtual void open() = 0;  // open a new socket; answer with connected() or ended()
    virtual void
    close() = 0;  // close it, after what was sent has had its chance to leave; nothing of it is reported any more
    virtual void send(const message& m) = 0;  // m.call is the broker's number

    virtual void request(const message& m) = 0;    // a new call, m.call; an answer is owed
    virtual void part(const message& m) = 0;       // an item of the caller's stream, or its end
    virtual void window_opened(call_id call) = 0;  // parts may be sent again
    // Stop it; an answer is still owed, and goes nowhere when the connection is gone (unavailable). Once for each call,
    // so the loss of the connection is not reported for a call that had been cancelled before.
    virtual void cancelled(call_id call, errc why) = 0;

    // Another worker has a thread free: if the method has not begun, hand_back() the call.
    virtual void recalled(call_id /*call*/) {}

    virtual void serving(const message& welcome) = 0;  // registered
    virtual void broker_drains() {}                    // it gives no new work, and says bye when the old is done
    virtual void lost(errc why, std::string_view text,
                      std::chrono::milliseconds pause) = 0;  // tries again after the pause
    virtual void closed(
        errc why, std::string_view text) = 0;  // for good: ok after drain() and close(), else why the broker refuses us
  };

  session(const session_options& options, handler& world);
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session();

  // --- from the transport ----------------------------------------------------------------------------------------
  void start(instant now);
  void connected(instant now);
  // Failed to connect, or the connection is gone; close() is not asked for it. With `unauthenticated` for good.
  void ended(errc why, std::string_view text, instant now);
  void received(const message& m, instant now);
  void arriving(instant now);  // some of a message that is not whole yet
  void malformed(std::string_view why, instant now);
  void tick(instant now);
  instant next_deadline() const noexcept;

  // --- from the methods; each false (and without effect) when the call is not open any more -------------------------
  bool window_open(call_id call) const noexcept;
  // Sends one item; asserts that the window is open. One that the broker would refuse as too large ends the call as
  // such.
  bool part(call_id call, payload_view item);
  // As above, with what only a part carries (encoding, sizes, etag, flags): m.call names the call; the type is set
  // here. The head of a huge answer needs no window, and a call that takes one.
  bool part(const message& m);
  // m.call names the call; times are the caller's to fill. One that the broker would refuse as too large becomes that
  // error.
  bool final(const message& m);
  bool error(const message& m);
  // The request as it came, whose method has not begun and will not: another worker gets it.
  bool hand_back(const message& request);
  bool grant(call_id call, std::uint32_t items, std::uint32_t bytes);  // lets the caller's stream send more

  // Takes no new work; closes when the last call has ended. Idempotent.
  void drain(instant now);
  // Closes at once; calls in hand are the broker's to settle.
  void close(instant now);

  state current() const noexcept;
  std::size_t open_calls() const noexcept;
  // Payload bytes that the broker takes in one message.
  std::uint64_t payload_bytes_max() const noexcept;

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace gate::worker
