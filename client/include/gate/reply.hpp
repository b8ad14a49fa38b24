#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gate/detail/reading.hpp>
#include <gate/error.hpp>
#include <gate/protocol.hpp>
#include <gate/type_name.hpp>
#include <gate/value.hpp>

namespace gate {

namespace detail {

// Throws Error(errc::invalid_argument, "shop.price: result must be string, got float"). `call` is "shop.price", or
// empty if it is not known; `place` is "result" or "item"; `why` is the decoder's text.
[[noreturn]] void throw_bad_answer(std::string_view call, std::string_view place, std::string_view type,
                                   std::string_view why);

// `refuse(type, why)` throws.
template <class T, class Refuse> T decode_answer(bytes_view encoded, bool strictly, const Refuse& refuse) {
  const strict_reading strict(strictly);
  try {
    return decode_as<T>(encoded, std::string_view());
  } catch (const Error& e) {
    if (e.code() == errc::invalid_argument) refuse(type_name<T>(), e.what());
    throw;  // of a conversion of the user's own
  }
}

}  // namespace detail

// The answer to a call. It owns its bytes and decodes them only when as() or value() is called. Several threads may
// read one Reply.
class Reply {
 public:
  Reply() = default;
  // For the library: copies what it needs of `m`, the call's final.
  explicit Reply(const message& m)
      : payload_(m.payload.single()),
        texts_(m.metadata.encoded()),
        metadata_bytes_(texts_.size()),
        queue_time_(m.queue_time),
        service_time_(m.service_time) {}

  // For the library, once: the call that this reply answers, as errors name it. Without memory they name none.
  void answers(std::string_view service, std::string_view method) noexcept;
  // For the library: the result of an answer that came in chunks.
  void set_result(std::string encoded) noexcept { payload_ = std::move(encoded); }

  // The result as a T. Throws Error(errc::invalid_argument) if it is not a T, with the place of the fault:
  // "shop.price: result must be string, got float", "shop.find: result.tags[2]: must be string, got int".
  // T = void ignores the result.
  template <class T> T as() const {
    if constexpr (!std::is_void_v<T>) {
      return detail::decode_answer<T>(bytes(), strict_, [this](std::string_view type, std::string_view why) {
        detail::throw_bad_answer(bytes_view(texts_).substr(metadata_bytes_), "result", type, why);
      });
    }
  }
  // Whether as() reads structs strictly; client_options::strict says what that means.
  void read_strictly(bool strict) noexcept { strict_ = strict; }
  // The result as a value of any type. Throws Error(errc::invalid_argument) if it is not one msgpack value.
  gate::value value() const { return as<gate::value>(); }
  // The result as one msgpack value, undecoded. Nil if the method returned nothing. Valid as long as this reply.
  bytes_view bytes() const noexcept { return payload_.empty() ? bytes_view("\xc0", 1) : bytes_view(payload_); }

  // The metadata that the method added with Call::add_trailing(). The views are valid as long as this reply.
  metadata_view metadata() const noexcept { return metadata_view(bytes_view(texts_).substr(0, metadata_bytes_)); }
  std::optional<std::string_view> metadata(std::string_view key) const noexcept { return metadata().find(key); }

  // How long the call waited in the broker, and how long the worker took for it.
  std::chrono::microseconds queue_time() const noexcept { return queue_time_; }
  std::chrono::microseconds service_time() const noexcept { return service_time_; }

 private:
  std::string payload_;
  std::string texts_;  // the metadata, encoded, and behind it "service.method": one string is cheaper to move
  std::size_t metadata_bytes_ = 0;
  std::chrono::microseconds queue_time_{0};
  std::chrono::microseconds service_time_{0};
  bool strict_ = false;
};

}  // namespace gate
