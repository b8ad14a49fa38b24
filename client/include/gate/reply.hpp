#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gate/protocol.hpp>
#include <gate/value.hpp>

namespace gate {

// The answer to a call. Owns its octets; decoded when asked for.
class Reply {
 public:
  Reply() = default;
  // `m` is the call's final (or what stands for it); copied.
  explicit Reply(const message& m)
      : payload_(m.payload.single()),
        metadata_(m.metadata.encoded()),
        queue_time_(m.queue_time),
        service_time_(m.service_time) {}

  // For a result that came in pieces.
  void set_result(std::string octets) noexcept { payload_ = std::move(octets); }

  // The result as a T. Throws Error(errc::invalid_argument, "expected int32, got string"; "result.tags[2]: must be
  // string, got int") when it is something else. T = void drops it.
  template <class T> T as() const {
    const detail::strict_reading strict(strict_);
    if constexpr (!std::is_void_v<T>) return decode_as<T>(octets(), "result");
  }
  // Whether as() reads structs strictly: see client_options::strict.
  void read_strictly(bool strict) noexcept { strict_ = strict; }
  // The result, whatever its type. Throws Error(errc::invalid_argument) when it is not one msgpack value.
  gate::value value() const { return as<gate::value>(); }
  // The result as it travelled: one msgpack value. Nil when the method returned nothing.
  bytes_view octets() const noexcept { return payload_.empty() ? bytes_view("\xc0", 1) : bytes_view(payload_); }

  // What the method added to its answer. Views are valid as long as the reply.
  metadata_view metadata() const noexcept { return metadata_view(metadata_); }
  std::optional<std::string_view> metadata(std::string_view key) const noexcept { return metadata().find(key); }

  // Time that the call waited in the broker, and that the worker took for it.
  std::chrono::microseconds queue_time() const noexcept { return queue_time_; }
  std::chrono::microseconds service_time() const noexcept { return service_time_; }

 private:
  std::string payload_;
  std::string metadata_;
  std::chrono::microseconds queue_time_{0};
  std::chrono::microseconds service_time_{0};
  bool strict_ = false;
};

}  // namespace gate
