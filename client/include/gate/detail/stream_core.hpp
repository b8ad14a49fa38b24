// What a Stream<T> does that does not depend on T.
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

// A call whose answer is a stream (or, with `wants_stream` false, one value). Begins when it is first read.
stream_ptr make_stream(const core_ptr& core, call_request request, bool wants_stream);
// The reader gives it up: a call under way is cancelled.
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
  // The item's octets, valid until the stream is read again; nothing at the end. Throws what the call failed with.
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

// The same from a thread without a loop.
std::optional<bytes_view> take_blocking(stream_core& stream);
bool is_strict(const stream_core& stream) noexcept;
[[noreturn]] void refuse_item(const stream_core& stream, std::string_view type, std::string_view why);

}  // namespace gate::detail
