// The errors of calls: one list for the protocol, the broker, the worker and the client.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gate {

// How a call ended. The numbers travel (docs/protocol.md, "Status") and never change their meaning. docs/guide.md,
// "Errors", says what to do about each.
enum class errc : std::uint8_t {
  ok = 0,                  // the call succeeded
  cancelled = 1,           // the caller cancelled the call, or its client was closed
  timed_out = 2,           // the budget, or the time between two items, is over; the method may have run
  invalid_argument = 3,    // the arguments do not fit the method's parameters, or the result does not fit the type
  no_method = 4,           // the service exists, but has no such method
  failed = 5,              // the method threw an exception; the message is the text of that exception
  unavailable = 6,         // no worker offers the service, or the broker cannot be reached
  busy = 7,                // a limit is reached, for example of a queue; the method did not run; try again later
  worker_lost = 8,         // the worker was lost during the call; the method may have run
  too_large = 9,           // a payload or a result exceeds a limit
  protocol_error = 10,     // a peer broke the protocol
  unsupported = 11,        // the peer does not have this version or this feature
  unauthenticated = 12,    // the login failed, or is missing
  permission_denied = 13,  // the principal is known, but may not do this
  too_slow = 14,           // a peer did not keep up, or sent more than its credit
  internal = 15,           // a bug in gate; please report it
  data_loss = 16,          // a HugeData arrived damaged or incomplete
};

inline constexpr std::uint8_t errc_max = 16;

// Whether to make a failed call again.
enum class retry_class : std::uint8_t {
  never,          // no: it would fail the same way
  safe,           // yes, after a pause: the method did not run
  if_idempotent,  // only if the method may run twice: it may have run already
};

// "never", "safe", "if_idempotent".
std::string_view to_string(retry_class again) noexcept;

// The name used in messages, logs and JSON: "timed_out".
std::string_view to_string(errc code) noexcept;

// The errc with that number; empty if this version does not know the number.
std::optional<errc> to_errc(std::uint8_t number) noexcept;

// The retry class of a code alone. Prefer Error::retry(), which knows more. For example, a call whose connection was
// lost ends as `unavailable`, but the method may have run.
retry_class retry_of(errc code) noexcept;

// Who found the error: this process, the broker or the worker. It tells "the broker cannot be reached" (local) from
// "the method threw" (worker).
enum class origin : std::uint8_t { local = 0, broker = 1, worker = 2 };

// "local", "broker", "worker".
std::string_view to_string(origin where) noexcept;

// A failed call. Awaiting or reading its result throws this. what() is the message.
// A method may throw an Error itself, to choose the code and the message that its caller receives. Any other exception
// of a method reaches the caller as errc::failed.
class Error : public std::runtime_error {
 public:
  // Without `again` the retry class is retry_of(code).
  Error(errc code, const std::string& message, origin where = origin::local, std::string remote_type = {})
      : Error(code, message, where, std::move(remote_type), retry_of(code)) {}
  Error(errc code, const std::string& message, origin where, std::string remote_type, retry_class again)
      : std::runtime_error(message), remote_type_(std::move(remote_type)), code_(code), retry_(again), origin_(where) {}

  errc code() const noexcept { return code_; }
  retry_class retry() const noexcept { return retry_; }
  origin where() const noexcept { return origin_; }

  // The type of the exception that the method threw, for example "std::out_of_range". Empty for any other error.
  const std::string& remote_type() const noexcept { return remote_type_; }

 private:
  std::string remote_type_;
  errc code_;
  retry_class retry_;
  origin origin_;
};

}  // namespace gate
