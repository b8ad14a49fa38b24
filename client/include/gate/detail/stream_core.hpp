// The part of Stream<T> that does not depend on T.
#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <string_view>

#include <gate/detail/call_request.hpp>
#include <gate/protocol.hpp>
#include <gate/suspension.hpp>
#include <gate/task.hpp>

namespace gate::detail {

class stream_core;
using stream_ptr = std::shared_ptr<stream_core>;

// Makes a call whose answer is a stream, or one value if `wants_stream` is false. The call begins at the first read.
stream_ptr make_stream(call_request request, bool wants_stream);
// Gives a stream up. A call under way is cancelled.
void drop_stream(const stream_ptr& stream) noexcept;

// Waits for the next item of a stream.
class stream_wait : public suspension {
 public:
  explicit stream_wait(stream_core& stream) noexcept : stream_(stream) {}
  ~stream_wait() override;
  // An item that is there already needs no suspension.
  bool await_ready() const noexcept;
  template <has_env P> bool await_suspend(std::coroutine_handle<P> handle) { return begin(handle) && park(); }

 protected:
  // The bytes of the item, valid until the stream is read again; std::nullopt at the end. Throws the call's error.
  std::optional<bytes_view> take();
  // Whether structs among the items are read strictly.
  bool strict() const noexcept;
  // An item does not fit: throws what throw_bad_answer() throws.
  [[noreturn]] void refuse_item(std::string_view type, std::string_view why) const;

 private:
  friend class stream_core;
  bool park();
  bool abandon() noexcept override;
  void arrived() noexcept { wake(); }
  stream_core& stream_;
};

// As take(), for a thread without a loop.
std::optional<bytes_view> take_blocking(stream_core& stream);
bool is_strict(const stream_core& stream) noexcept;
[[noreturn]] void refuse_item(const stream_core& stream, std::string_view type, std::string_view why);

}  // namespace gate::detail
