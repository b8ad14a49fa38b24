// The client's end of a connection, without I/O. It:
// - connects, sends heartbeats, and connects again after a loss;
// - keeps calls while there is no connection, and sends calls again where that is allowed;
// - holds streams to their credit;
// - ends each call exactly once.
// docs/protocol.md, section 8.4, has the state table. The time is handed in. One thread.
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

namespace gate::client {

struct session_options : peer::link_options {
  session_options() { role = peer_role::client; }

  std::chrono::milliseconds idle_timeout{};  // for a call without a budget: until its first reply, and between parts
  std::uint32_t attempts_max = 0;
  std::size_t kept_bytes_max = 0;  // of requests kept for a connection or a second attempt
};

// Why there is no connection over which calls may be sent.
enum class absence : std::uint8_t {
  unexplained,  // no answer from the broker, as far as is known
  explained,    // the last attempt failed for a known reason
  draining,     // connected to a broker that takes no new calls
  drained,      // was connected to a broker that drained and left
};

// Text for people. `where` is put behind the word "broker": " at 'tcp://...' within 5000 ms".
std::string text_of(absence why, std::string_view where = {});

// The texts of the timeouts that the session finds. The session knows neither the call's name nor its time: the owner
// of the session adds both.
inline constexpr std::string_view no_answer_within_budget = "no answer within the budget";
inline constexpr std::string_view no_connection_within_budget = "no connection to the broker within the budget";
inline constexpr std::string_view no_answer_in_idle_time = "no answer within the idle time-out";

class session {
 public:
  enum class state : std::uint8_t { idle, connecting, greeting, ready, leaving, waiting, closed };

  // How a call failed.
  struct failure {
    errc status;
    gate::origin origin;
    std::string_view text, remote_type;
    retry_class retry;
  };

  // What the session needs from its owner. Views are valid during the call. Each function may call the session, except
  // send(): a transport that fails in send() reports it later.
  class handler {
   public:
    virtual ~handler() = default;
    virtual void open(const std::string& endpoint) = 0;  // open a new socket; answer with connected() or ended()
    virtual void
    close() = 0;  // close it, after what was sent has had its chance to leave; nothing of it is reported any more
    virtual void send(const message& m) = 0;

    virtual void part(call_id call, const message& m) = 0;
    virtual void window_opened(call_id call) = 0;               // parts of the caller's own stream may be sent (again)
    virtual void finished(call_id call, const message& m) = 0;  // the call's final; the call is closed
    virtual void failed(call_id call, const failure& f) = 0;    // the call is closed

    virtual void ready(const message& welcome) = 0;
    virtual void lost(errc why, std::string_view text, std::chrono::milliseconds pause) = 0;
    virtual void closed(errc why,
                        std::string_view text) = 0;  // for good: ok after close(), else why the broker refuses us
  };

  session(const session_options& options, handler& world);
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session();

  // --- from the transport ------------------------------------------------------------------------------------------
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

  // --- from the caller -----------------------------------------------------------------------------------------------
  // Begins a call. Sets the type, the flags, the id and the caller of `m` as they are sent. The returned id is unique
  // in the session's life, and is the id that is sent. Opens the connection if start() has not been called. The call
  // ends by finished() or failed(), but never within begin(). If the end is known at once, the next tick() reports it,
  // and next_deadline() asks for that tick. A one-way call ends when it was handed to the transport, by finished() with
  // an empty payload, or by failed().
  call_id begin(message& m, instant now);
  // Gives the call up and tells the broker. No event for it follows.
  void cancel(call_id call, instant now);
  // Whether an item of the caller's own stream may be sent.
  bool window_open(call_id call) const noexcept;
  // Sends an item of the caller's own stream. Asserts that the stream has not ended, and that the window is open; a
  // bare end (end_of_parts without a payload) needs no window. Returns false, and does nothing, if the call is not open
  // any more. Also returns false if the item is larger than the broker takes: the call then ends.
  bool part(call_id call, payload_view item, std::uint32_t flags, instant now);
  // As above, with the fields that only a part has (encoding, sizes, etag). m.call names the call; the type is set
  // here.
  bool part(const message& m, instant now);
  // Lets the call's reply send this much more. Returns false, and does nothing, if the call is not open any more.
  bool grant(call_id call, std::uint32_t items, std::uint32_t bytes, instant now);

  // Ends every call as cancelled, and says bye to the broker.
  void close(instant now);

  // The endpoint of the last attempt to connect. Empty before the first.
  const std::string& endpoint() const noexcept;
  state current() const noexcept;
  std::size_t open_calls() const noexcept;
  std::size_t kept_bytes() const noexcept;  // of requests kept for a connection or a second attempt
  absence why_absent() const noexcept;
  // The most payload bytes that the broker takes in one message, as far as it has told us.
  std::uint64_t payload_bytes_max() const noexcept;

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace gate::client
