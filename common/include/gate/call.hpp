// The call that a method is answering: who calls, how much time is left, whether it is still wanted.
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

enum class log_level : std::uint8_t { trace, debug, info, warn, error };

// Injected, not decoded, when a method's first parameter is a `gate::Call&`. Lives until the method has ended, and for
// a stream until its generator is destroyed; views that it gives live as long. cancelled(), remaining() and log() may
// be called by any thread while it lives, all else by whoever runs the method.
class Call {
 public:
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // The names under which this was called.
  std::string_view service() const noexcept { return service_; }
  std::string_view method() const noexcept;

  // The principal that calls, as the broker knows it; empty when it does not.
  std::string_view caller() const noexcept { return caller_; }

  // Where the caller is connected from, as "127.0.0.1". Known to the methods of a broker; empty in a worker, which sees
  // callers only through its broker, and when the caller has left.
  std::string_view address() const noexcept { return address_; }

  // The number of this call on the connection that it came over, unique among those open there: in a method of a broker
  // the one that the caller gave it, in a worker's the one that the broker gave it.
  call_id request_id() const noexcept { return request_id_; }

  // When the caller stops waiting; empty when it stated no budget.
  std::optional<instant> deadline() const noexcept { return deadline_; }
  // The time until then; zero once it has passed.
  std::optional<duration> remaining() const noexcept;

  // Whether nobody waits for the result any more: the caller gave up, its time is over, or the connection is gone. A
  // coroutine hears of it by itself (its waits throw gate::cancelled); a plain method should look here now and then.
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }

  // What the caller sent along under that key: the first value.
  std::optional<std::string_view> metadata(std::string_view key) const noexcept { return metadata_.find(key); }
  metadata_view metadata() const noexcept { return metadata_; }
  // Sends a key and a value along with the result. Throws Error(too_large) when a key exceeds 255 bytes, or all of it
  // limits::metadata_bytes_max. Not sent when the method throws.
  void add_trailing(std::string_view key, std::string_view value);

  // The W3C trace context, as received.
  std::string_view traceparent() const noexcept { return traceparent_; }
  std::string_view tracestate() const noexcept { return tracestate_; }

  // 0 for the first; more when the broker gives an idempotent call to a worker again.
  std::uint32_t attempt() const noexcept { return attempt_; }
  bool idempotent() const noexcept { return (flags_ & message_flag::idempotent) != 0; }
  std::string_view idempotency_key() const noexcept { return idempotency_key_; }
  // Whether nobody waits for an answer.
  bool one_way() const noexcept { return (flags_ & message_flag::one_way) != 0; }

  // Writes a line to the process's log that names the call: "calculator.add [call 17, caller alice] text".
  void log(log_level level, std::string_view text) const;

 private:
  friend class detail::running_call;
  Call() = default;
  ~Call() = default;

  std::atomic<bool> cancelled_ = false;
  std::uint8_t flags_ = 0;
  std::uint32_t attempt_ = 0;
  call_id id_{}, request_id_{};
  const detail::method_entry* entry_ = nullptr;
  const loop* loop_ = nullptr;
  std::optional<instant> deadline_;
  std::string_view service_, caller_, address_, traceparent_, tracestate_, idempotency_key_;
  metadata_view metadata_;
  std::string kept_;  // what the views above point into, but for service_
  std::string trailing_;
};

}  // namespace gate
