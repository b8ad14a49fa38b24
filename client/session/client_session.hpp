// The client's end of a connection, without I/O: connects, keeps the heartbeat, comes back after a loss, keeps calls
// for which there is no connection yet, sends again what may be sent again, holds streams to their credit, ends each
// call exactly once. docs/protocol.md, section 8.4, is its table. The time is handed in; one thread.
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

  std::chrono::milliseconds idle_timeout{};  // of a call that states no budget: to its first answer and between parts
  std::uint32_t attempts_max = 0;
  std::size_t kept_bytes_max = 0;  // of requests kept for a connection or a second attempt
};

// Why there is no connection over which calls may be sent.
enum class absence : std::uint8_t {
  unexplained,  // nobody answered, as far as is known
  explained,    // the last attempt failed for a reason that is not just that
  draining,     // there is one, to a broker that takes no new calls
  drained,      // there was one, to a broker that drained and left
};

// For people; `where` follows the broker: " at 'tcp://...' within 5000 ms".
std::string text_of(absence why, std::string_view where = {});

// The texts of timeouts that a session finds by itself. It knows neither the call's name nor how much time the call
// had: its owner adds both.
inline constexpr std::string_view no_answer_within_budget = "no answer within the budget";
inline constexpr std::string_view no_connection_within_budget = "no connection to the broker within the budget";
inline constexpr std::string_view no_answer_in_idle_time = "no answer within the idle time-out";

class session {
 public:
  enum class state : std::uint8_t { idle, connecting, greeting, ready, leaving, waiting, closed };

  // How a call ended badly.
  struct failure {
    errc status;
    gate::origin origin;
    std::string_view text, remote_type;
    retry_class retry;
  };

  // What the session asks of the world. Views are valid during the call. Calls into the session are allowed from
  // within, except from send(): a transport that fails there reports it later.
  class handler {
   public:
    virtual ~handler() = default;
    virtual void open() = 0;  // open a new socket; answer with connected() or ended()
    virtual void
    close() = 0;  // close it, after what was sent has had its chance to leave; nothing of it is reported any more
    virtual void send(const message& m) = 0;

    virtual void part(call_id call, const message& m) = 0;
    virtual void window_opened(call_id call) = 0;               // parts of the caller's own stream may be sent (again)
    virtual void finished(call_id call, const message& m) = 0;  // the call's final; it is closed now
    virtual void failed(call_id call, const failure& f) = 0;    // it is closed now

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
  // Failed to connect, or the connection is gone; close() is not asked for it. With `unauthenticated` for good.
  void ended(errc why, std::string_view text, instant now);
  void received(const message& m, instant now);
  void arriving(instant now);  // some of a message that is not whole yet
  void malformed(std::string_view why, instant now);
  void tick(instant now);
  instant next_deadline() const noexcept;

  // --- from the caller -----------------------------------------------------------------------------------------------
  // Begins a call; m.type is request, m.call is ignored. The id is unique in the session's life and is what travels.
  // The call ends by finished() or failed(), never within this function: what is known at once is reported by the next
  // tick(), for which next_deadline() asks. A one-way call ends for the session when it was handed to the transport and
  // reports finished() (with an empty payload) or failed() like any other. Opens the connection when start() has not
  // been called.
  call_id begin(const message& m, instant now);
  // Gives the call up: no further event for it. The broker is told.
  void cancel(call_id call, instant now);
  // Whether an item of the caller's own stream may be sent.
  bool window_open(call_id call) const noexcept;
  // An item of the caller's own stream; asserts that the window is open, except for a bare end (end_of_parts without a
  // payload), and that the stream has not ended. False, without effect, when the call is not open any more; false too
  // when the item is larger than the broker takes, which ends the call.
  bool part(call_id call, payload_view item, std::uint32_t flags, instant now);
  // As above, with what only a part carries (encoding, sizes, etag): m.call names the call; the type is set here.
  bool part(const message& m, instant now);
  // Lets the call's reply send so much more. False, without effect, when the call is not open any more.
  bool grant(call_id call, std::uint32_t items, std::uint32_t bytes, instant now);

  // Ends every call as cancelled, says bye.
  void close(instant now);

  state current() const noexcept;
  std::size_t open_calls() const noexcept;
  std::size_t kept_bytes() const noexcept;  // of requests kept for a connection or a second attempt
  absence why_absent() const noexcept;
  // Payload bytes that the broker takes in one message, as far as it has said.
  std::uint64_t payload_bytes_max() const noexcept;

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace gate::client
