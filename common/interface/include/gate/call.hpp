// The call that a method answers: who calls, how much time is left, and whether the caller still waits.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <gate/clock.hpp>
#include <gate/protocol.hpp>

namespace gate {

class loop;

namespace detail {
class running_call;
struct method_entry;
}  // namespace detail

// The levels of Call::log(), in ascending order.
enum class log_level : std::uint8_t { trace, debug, info, warn, error };

// A method whose first parameter is a `gate::Call&` receives its own call. Callers pass nothing for it.
//
// It lives until the method has ended; for a stream, until the generator is destroyed. The views that it returns live
// as long. Any thread may call cancelled(), remaining() and log() while it lives. Call everything else only on the
// thread that runs the method.
class Call {
 public:
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // The names of the service and the method that the caller used.
  std::string_view service() const noexcept { return service_; }
  std::string_view method() const noexcept;

  // The principal that calls, as the broker tells it. Empty if the caller has not logged in.
  std::string_view caller() const noexcept { return caller_; }

  // The address of the caller, for example "127.0.0.1". Only the methods of a broker have it. It is empty in a worker,
  // and once the caller has left.
  std::string_view address() const noexcept { return address_; }

  // The number of this call, unique among the open calls of its connection. In a method of a broker the caller chose
  // it, in a worker the broker did.
  call_id request_id() const noexcept { return request_id_; }

  // When the caller stops waiting; empty if the call has no budget.
  std::optional<instant> deadline() const noexcept { return deadline_; }
  // The time until the deadline; zero once it has passed; empty if the call has no budget.
  std::optional<duration> remaining() const noexcept;

  // True once nobody waits for the result: the caller gave up, the budget is over, or the connection is lost. In a
  // coroutine the waits throw gate::cancelled by themselves. A plain method that runs long should ask here now and then
  // and return.
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }

  // The metadata of the caller: the first value of that key, or all entries.
  std::optional<std::string_view> metadata(std::string_view key) const noexcept { return metadata_.find(key); }
  metadata_view metadata() const noexcept { return metadata_; }
  // Sends a key and a value along with the result; the caller reads them with Reply::metadata(). Not sent if the method
  // throws. Throws Error(too_large) if the key has more than 255 bytes, or all entries of the call more than
  // limits::metadata_bytes_max (16 KiB).
  void add_trailing(std::string_view key, std::string_view value);

  // The W3C trace context of the caller; empty if it sent none.
  std::string_view traceparent() const noexcept { return traceparent_; }
  std::string_view tracestate() const noexcept { return tracestate_; }

  // 0 for the first attempt; more if an idempotent call is sent again.
  std::uint32_t attempt() const noexcept { return attempt_; }
  // Whether the caller allows the method to run more than once.
  bool idempotent() const noexcept { return (flags_ & message_flag::idempotent) != 0; }
  // The caller's name for the request, the same in each attempt; empty if it gave none.
  std::string_view idempotency_key() const noexcept { return idempotency_key_; }
  // True: the caller does not wait for an answer.
  bool one_way() const noexcept { return (flags_ & message_flag::one_way) != 0; }

  // Writes a line with the names of the call to the log: "calculator.add [call 17, caller alice] text".
  void log(log_level level, std::string_view text) const;

 private:
  friend class detail::running_call;
  Call() = default;
  ~Call() = default;

  std::atomic<bool> cancelled_ = false;
  std::uint32_t flags_ = 0;
  std::uint32_t attempt_ = 0;
  call_id id_{}, request_id_{};
  const detail::method_entry* entry_ = nullptr;
  const loop* loop_ = nullptr;
  std::optional<instant> deadline_;
  std::string_view service_, caller_, address_, traceparent_, tracestate_, idempotency_key_;
  metadata_view metadata_;
  std::string kept_;  // the bytes that the views above point into, except for service_
  std::string trailing_;
};

}  // namespace gate
