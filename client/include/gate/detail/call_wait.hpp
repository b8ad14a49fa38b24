// The awaiters of a call that has one reply. They live in the frame of the coroutine that awaits the call, and refer to
// the call, which lives there too.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <gate/detail/call_events.hpp>
#include <gate/detail/call_places.hpp>
#include <gate/detail/call_request.hpp>
#include <gate/protocol.hpp>
#include <gate/reply.hpp>
#include <gate/suspension.hpp>
#include <gate/task.hpp>
#include <gate/value.hpp>

namespace gate::detail {

class huge_call;

// The part that does not depend on the type of the result. A coroutine on the client's own loop is registered in the
// table of open calls while it waits. Calls for which that is not enough go the long way, by a coroutine of their own:
// those from another loop, with a stream or with chunks, and those that wait for a place.
class call_wait : public suspension, private reply_events {
 public:
  // `flags` are added to those of the request (message_flag).
  explicit call_wait(call_request& request, std::uint32_t flags = 0) noexcept
      : request_(request), flags_(flags), asked_(request.options.budget) {}
  // For a call that has waited for its place, and asked for the budget `asked` before that.
  call_wait(call_request& request, std::uint32_t flags, call_place place,
            std::optional<std::chrono::milliseconds> asked) noexcept
      : request_(request), flags_(flags), place_(std::move(place)), asked_(asked) {}
  ~call_wait() override {
    if (call_ != call_id{}) give_up();
  }

  template <has_env P> bool await_suspend(std::coroutine_handle<P> handle) {
    if (!may_wait_here(*handle.promise().env.where)) {
      typename task<Reply>::awaiter(long_way_->handle(), nullptr).await_suspend(handle);
      return true;
    }
    return begin(handle) && start();
  }

 protected:
  // Call it first in await_resume(). Returns the reply of a call that went the long way, null for any other. Throws the
  // error of the call.
  std::optional<Reply> take_long_way();
  const call_request& request() const noexcept { return request_; }
  [[noreturn]] void refuse_result(std::string_view type, std::string_view why) const;

 private:
  friend class huge_call;
  bool may_wait_here(const loop& here);
  bool start() noexcept;
  void give_up() noexcept;
  void end() noexcept;

  // The result: of a final, or of an answer that came in chunks.
  virtual void take(const message& m) = 0;
  virtual void take(Reply collected) = 0;

  bool abandon() noexcept override;
  std::shared_ptr<stream_events> on_head(call_id call) override;
  void on_final(const message& m) noexcept override;
  void on_error(std::exception_ptr error) noexcept override;
  // From the huge_call of on_head(), at its end.
  void on_collected(Reply reply) noexcept;
  void on_collected(std::exception_ptr error) noexcept { on_error(std::move(error)); }

  call_request& request_;
  const std::uint32_t flags_;
  call_id call_{};  // while the call is open
  call_place place_;
  const std::optional<std::chrono::milliseconds> asked_;
  std::exception_ptr error_;
  std::shared_ptr<huge_call> chunks_;  // takes the reply, if it comes in chunks
  std::optional<task<Reply>> long_way_;
};

// `co_await call`
class reply_wait final : public call_wait {
 public:
  using call_wait::call_wait;
  Reply await_resume();

 private:
  void take(const message& m) override { reply_ = Reply(m); }
  void take(Reply collected) override { reply_ = std::move(collected); }
  Reply reply_;
};

// `co_await call.as<T>()`
template <class T> class result_wait final : public call_wait {
 public:
  using call_wait::call_wait;
  T await_resume() {
    if (std::optional<Reply> reply = take_long_way()) return decode(reply->bytes());
    if constexpr (decodes_at_once) {
      return std::move(*result_);
    } else if constexpr (!std::is_void_v<T>) {
      return decode(encoded_.empty() ? nil : bytes_view(encoded_));
    }
  }

 private:
  // Decoding such a type runs no code of the user's, so it may run while the connection is being read.
  static constexpr bool decodes_at_once = plain_value<T> && !std::is_same_v<T, std::string_view>;
  static constexpr bytes_view nil = bytes_view("\xc0", 1);

  T decode(bytes_view encoded) const {
    if constexpr (!std::is_void_v<T>) {
      return decode_answer<T>(encoded, is_strict(request()),
                              [this](std::string_view type, std::string_view why) { refuse_result(type, why); });
    }
  }
  void keep(bytes_view encoded) {
    if constexpr (decodes_at_once) {
      if (!read_plain(encoded, result_.emplace())) *result_ = decode(encoded.empty() ? nil : encoded);
    } else if constexpr (!std::is_void_v<T>) {
      encoded_.assign(encoded);
    }
  }
  void take(const message& m) override { keep(m.payload.single()); }
  void take(Reply collected) override { keep(collected.bytes()); }

  struct none {};
  std::conditional_t<decodes_at_once, std::optional<T>, none> result_;
  std::conditional_t<decodes_at_once || std::is_void_v<T>, none, std::string> encoded_;
};

}  // namespace gate::detail
