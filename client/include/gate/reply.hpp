#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gate/protocol.hpp>
#include <gate/value.hpp>

namespace gate {

// The answer to a call. It owns its bytes and decodes them only when as() or value() is called. Several threads may
// read one Reply.
class Reply {
 public:
  Reply() = default;
  // For the library: copies what it needs of `m`, the call's final.
  explicit Reply(const message& m)
      : payload_(m.payload.single()),
        metadata_(m.metadata.encoded()),
        queue_time_(m.queue_time),
        service_time_(m.service_time) {}

  // For the library: the result of an answer that came in chunks.
  void set_result(std::string octets) noexcept { payload_ = std::move(octets); }

  // The result as a T. Throws Error(errc::invalid_argument) if it is not a T, with the place of the fault:
  // "expected int32, got string", "result.tags[2]: must be string, got int". T = void ignores the result.
  template <class T> T as() const {
    const detail::strict_reading strict(strict_);
    if constexpr (!std::is_void_v<T>) return decode_as<T>(octets(), "result");
  }
  // Whether as() reads structs strictly; client_options::strict says what that means.
  void read_strictly(bool strict) noexcept { strict_ = strict; }
  // The result as a value of any type. Throws Error(errc::invalid_argument) if it is not one msgpack value.
  gate::value value() const { return as<gate::value>(); }
  // The result as one msgpack value, undecoded. Nil if the method returned nothing. Valid as long as this reply.
  bytes_view octets() const noexcept { return payload_.empty() ? bytes_view("\xc0", 1) : bytes_view(payload_); }

  // The metadata that the method added with Call::add_trailing(). The views are valid as long as this reply.
  metadata_view metadata() const noexcept { return metadata_view(metadata_); }
  std::optional<std::string_view> metadata(std::string_view key) const noexcept { return metadata().find(key); }

  // How long the call waited in the broker, and how long the worker took for it.
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
