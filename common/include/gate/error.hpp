// What can go wrong with a call, as one small vocabulary shared by the wire, the broker, the worker and the client.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gate {

// The outcome of a call. The numbers are on the wire (docs/protocol.md, "Status") and never change their meaning.
enum class errc : std::uint8_t {
  ok = 0,                  // the call succeeded
  cancelled = 1,           // the caller gave the call up
  timed_out = 2,           // the call's budget, or the time allowed between two parts, ran out
  invalid_argument = 3,    // the arguments do not fit the method's parameters
  no_method = 4,           // the service exists, the method does not
  failed = 5,              // the method threw; the message is what it said
  unavailable = 6,         // no worker offers the service, or the broker cannot be reached
  busy = 7,                // a stated limit of queue, credit or table was reached; nothing was executed
  worker_lost = 8,         // the worker went away with the call in hand; it may or may not have been executed
  too_large = 9,           // a payload, or a result, exceeds a stated limit
  protocol_error = 10,     // a peer broke the protocol
  unsupported = 11,        // the peer does not speak this version, or lacks this feature
  unauthenticated = 12,    // the peer did not prove who it is
  permission_denied = 13,  // the peer is known and may not do this
  too_slow = 14,           // a peer did not keep up and was cut off, or overran the credit granted to it
  internal = 15,           // a fault of ours; please report it
  data_loss = 16,          // a huge payload arrived damaged or incomplete
};

inline constexpr std::uint8_t errc_max = 16;

// Whether making a call again can help, and whether it is safe.
enum class retry_class : std::uint8_t {
  never,          // the same call will fail the same way
  safe,           // it was never executed: make it again, after a pause
  if_idempotent,  // it may have been executed: only a call that may run twice can be made again
};

// "never", "safe", "if_idempotent".
std::string_view to_string(retry_class again) noexcept;

// The name used in messages, logs and JSON: "timed_out".
std::string_view to_string(errc code) noexcept;

// The errc of a number from the wire; empty for a number that this version does not know.
std::optional<errc> to_errc(std::uint8_t number) noexcept;

// What the status says by itself. Error::retry() knows more: a call that was sent over a connection that broke may have
// been executed, although it ends as `unavailable`.
retry_class retry_of(errc code) noexcept;

// Where an error was found; callers use it to tell "my broker is gone" from "the method threw".
enum class origin : std::uint8_t { local = 0, broker = 1, worker = 2 };

std::string_view to_string(origin where) noexcept;

// A failed call, as an exception at the user's surface: thrown where a reply is awaited. A method may throw one itself
// to choose the code and message that its caller sees; any other exception reaches the caller as errc::failed.
class Error : public std::runtime_error {
 public:
  Error(errc code, const std::string& message, origin where = origin::local, std::string remote_type = {})
      : Error(code, message, where, std::move(remote_type), retry_of(code)) {}
  Error(errc code, const std::string& message, origin where, std::string remote_type, retry_class again)
      : std::runtime_error(message), remote_type_(std::move(remote_type)), code_(code), retry_(again), origin_(where) {}

  errc code() const noexcept { return code_; }
  retry_class retry() const noexcept { return retry_; }
  origin where() const noexcept { return origin_; }

  // The type of the exception that a method threw ("std::out_of_range"); empty when the error did not come from one.
  const std::string& remote_type() const noexcept { return remote_type_; }

 private:
  std::string remote_type_;
  errc code_;
  retry_class retry_;
  origin origin_;
};

}  // namespace gate
