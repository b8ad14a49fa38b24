// The worker's end of a connection, without I/O. It registers, sends heartbeats, connects again after a loss, holds
// each stream to its credit, and drains. docs/protocol.md, section 8.3, has the state table. The time is handed in. One
// thread.
//
// A handler sees ids that the session made, unique in the session's life. The broker's own numbers begin anew with each
// connection: with them, a late reply could reach a call of the next connection.
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

  // What the session needs from its owner. Views are valid during the call. Each function may call the session, except
  // send(): a transport that fails in send() reports it later.
  class handler {
   public:
    virtual ~handler() = default;
    virtual void open() = 0;  // open a new socket; answer with connected() or ended()
    virtual void
    close() = 0;  // close it, after what was sent has had its chance to leave; nothing of it is reported any more
    virtual void send(const message& m) = 0;  // m.call is the broker's number

    virtual void request(const message& m) = 0;    // a new call, m.call; it needs a reply
    virtual void part(const message& m) = 0;       // an item of the caller's stream, or its end
    virtual void window_opened(call_id call) = 0;  // parts may be sent again
    // The call was cancelled: stop it. It still needs a reply, which goes nowhere if the connection is gone
    // (unavailable). Called once for each call: if the call had been cancelled before, the loss of the connection is
    // not reported.
    virtual void cancelled(call_id call, errc why) = 0;

    // Another worker has a free thread. If the method has not begun, hand_back() the call.
    virtual void recalled(call_id /*call*/) {}

    virtual void serving(const message& welcome) = 0;  // registered
    virtual void broker_drains() {}  // the broker gives no new calls, and says bye when the present ones have ended
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
  // The attempt to connect failed, or the connection is lost. The session then does not call close(). With
  // `unauthenticated`, it does not try again.
  void ended(errc why, std::string_view text, instant now);
  void received(const message& m, instant now);
  void arriving(instant now);  // part of a message that is not whole yet
  void malformed(std::string_view why, instant now);
  void tick(instant now);
  instant next_deadline() const noexcept;

  // --- from the methods; each false (and without effect) when the call is not open any more -------------------------
  bool window_open(call_id call) const noexcept;
  // Sends one item. Asserts that the window is open. If the item is larger than the broker takes, the call ends as
  // `too_large`.
  bool part(call_id call, payload_view item);
  // As above, with the fields that only a part has (encoding, sizes, etag, flags). m.call names the call; the type is
  // set here. The head of a huge reply needs no window, but a call that takes a huge reply.
  bool part(const message& m);
  // m.call names the call. The caller sets the times. If the broker would refuse the reply as too large, `too_large` is
  // sent instead.
  bool final(const message& m);
  bool error(const message& m);
  // Returns the request, unchanged, to the broker, which gives it to another worker. Only if the method has not begun,
  // and will not begin.
  bool hand_back(const message& request);
  bool grant(call_id call, std::uint32_t items, std::uint32_t bytes);  // lets the caller's stream send more

  // Takes no new calls, and closes when the last call has ended. May be called again.
  void drain(instant now);
  // Closes at once. The broker ends the calls that are still open.
  void close(instant now);

  state current() const noexcept;
  std::size_t open_calls() const noexcept;
  // The most payload bytes that the broker takes in one message.
  std::uint64_t payload_bytes_max() const noexcept;

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace gate::worker
