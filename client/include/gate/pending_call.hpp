#pragma once

#include <chrono>
#include <cstdint>
#include <future>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <gate/call_options.hpp>
#include <gate/cross_loop.hpp>
#include <gate/detail/call_request.hpp>
#include <gate/detail/call_wait.hpp>
#include <gate/download.hpp>
#include <gate/file_path.hpp>
#include <gate/huge_data.hpp>
#include <gate/limits.hpp>
#include <gate/reply.hpp>
#include <gate/saturate.hpp>
#include <gate/stream.hpp>
#include <gate/task.hpp>

namespace gate {

namespace detail {

// Makes the call from any loop, and resumes on that loop with its reply. Throws Error, `cancelled`.
task<Reply> make_call(call_request request);
task<void> make_one_way_call(call_request request);
task<HugeData> make_huge_call(call_request request);
task<std::uint64_t> make_download(call_request request, file_path path, download_options options,
                                  progress_function on_progress);
// As make_call(), for a thread that waits. Not on the thread of the client's loop.
Reply wait_for_reply(call_request request);
loop& loop_of(const core_ptr& core);
void add_metadata(call_options& options, std::string_view key, std::string_view value);

template <class T> task<T> call_as(call_request request) {
  result_wait<T> waiting(request);
  co_return co_await waiting;
}

}  // namespace detail

// A call whose result is a T: PendingCall::as<T>() makes it. Nothing is sent until you await it: `co_await
// std::move(result)`, if it has a name. The await returns the T, and throws what the await of a PendingCall throws, and
// what Reply::as() throws. It resumes on the loop of the awaiting coroutine. Where a task<T> is asked for it becomes
// one. Move-only. Use it once.
template <class T> class [[nodiscard]] PendingResult {
 public:
  using value_type = T;

  explicit PendingResult(detail::call_request&& request) noexcept : request_(std::move(request)) {}

  detail::result_wait<T> operator co_await() && noexcept {
    request_.is_awaited();
    return detail::result_wait<T>(request_);
  }
  template <bool Given = false> detail::result_wait<T> operator co_await() & {
    static_assert(Given, "gate: a call is awaited once: co_await std::move(result)");
    return std::move(*this).operator co_await();
  }
  task<T> to_task() && { return detail::call_as<T>(std::move(request_)); }
  operator task<T>() && { return std::move(*this).to_task(); }  // NOLINT: it is the same work

 private:
  detail::call_request request_;
};

// A call that has not begun. Its arguments are encoded already. Nothing is sent until you await it, read its stream, or
// call get() or future(). Set its options before that:
//
//   co_await client["bank"]["pay"](order).within(200ms).idempotent().as<receipt>();
//
// An await throws Error if the call fails: errc says why, and Error::retry() whether to call again. It throws
// `cancelled` if the awaiting coroutine is cancelled; then the call is cancelled at the worker too. The name of a
// service or a method has 1 to 255 bytes; otherwise the call fails as `invalid_argument`.
//
// An await resumes on the loop of the awaiting coroutine, whichever loop the client lives on. Move-only. Use it once.
//
// basic_call<false> is a call with an argument that has no name and that g++ before 13 would destroy twice inside an
// await (gate/named_value.hpp). Use get(), future() or stream() with it; co_await does not compile.
template <bool Named> class [[nodiscard]] basic_call {
 public:
  explicit basic_call(detail::call_request&& request) noexcept : request_(std::move(request)) {}
  basic_call(basic_call&&) noexcept = default;
  basic_call& operator=(basic_call&&) noexcept = default;
  // Allowed since the call has a name here: `gate::PendingCall call = client["inventory"]["put"](order{"b2", 5});`
  template <bool Other>
    requires(Named && !Other)
  basic_call(basic_call<Other>&& other) noexcept  // NOLINT: it is the same call
      : request_(std::move(other.request_)) {}

  // The budget: the time that the call may take altogether. It starts when the call begins. When it is over the call
  // ends as `timed_out`, and the worker is told to stop. Rounded up to milliseconds, at most limits::budget_max (24 h).
  // With zero or less the call ends at once.
  template <class R, class P> basic_call within(std::chrono::duration<R, P> budget) && {
    const duration wanted = saturated(budget);
    request_.options.budget =
        std::chrono::ceil<std::chrono::milliseconds>(wanted < limits::budget_max ? wanted : limits::budget_max);
    return std::move(*this);
  }
  // Says that the method may run more than once. Then the call is sent again if its connection or its worker is lost,
  // up to client_options::attempts_max times in all, whether the client sends it again or the broker.
  basic_call idempotent(bool yes = true) && {
    request_.options.idempotent = yes;
    return std::move(*this);
  }
  // Sends a key and a value to the method, which reads them with Call::metadata(). Throws Error(errc::too_large) if the
  // key has more than 255 bytes, or all metadata of the call more than limits::metadata_bytes_max (16 KiB).
  basic_call with_metadata(std::string_view key, std::string_view value) && {
    detail::add_metadata(request_.options, key, value);
    return std::move(*this);
  }
  // Sent along, but not yet used by the broker.
  basic_call with_priority(std::uint8_t priority) && {
    request_.options.priority = priority;
    return std::move(*this);
  }
  // A name of the request that stays the same however often the request is sent. The method reads it with
  // Call::idempotency_key(). If it has more than 255 bytes, the await throws Error(errc::invalid_argument).
  basic_call with_idempotency_key(std::string key) && {
    request_.options.more().idempotency_key = std::move(key);
    return std::move(*this);
  }
  // The W3C trace context. The method reads it with Call::traceparent() and Call::tracestate(). At most 255 and 512
  // bytes; otherwise the await throws Error(errc::invalid_argument).
  basic_call with_trace(std::string traceparent, std::string tracestate = {}) && {
    request_.options.more().traceparent = std::move(traceparent);
    request_.options.more().tracestate = std::move(tracestate);
    return std::move(*this);
  }
  // Continues a huge answer that broke off. Pass HugeData::position() and etag() of the earlier answer. The new answer
  // starts at that byte if the content still has that etag, otherwise at 0: HugeData::offset() says which. If the etag
  // has more than 255 bytes, the await throws Error(errc::invalid_argument).
  basic_call resume(std::uint64_t offset, std::string etag) && {
    request_.options.more().resume_offset = offset;
    request_.options.more().resume_etag = std::move(etag);
    return std::move(*this);
  }
  // Whether structs in the answer are read strictly. Overrides client_options::strict, which says what that means.
  basic_call strict(bool yes = true) && {
    request_.options.strict = yes;
    return std::move(*this);
  }
  // How many items and bytes of a stream the worker may send before the reader has read them. A 0 counts as 1.
  // Overrides client_options::window_items and window_bytes.
  basic_call window(std::uint32_t items, std::uint32_t byte_count) && {
    request_.options.window = std::pair(items < 1 ? 1 : items, byte_count < 1 ? 1 : byte_count);
    return std::move(*this);
  }

  // `Reply r = co_await call;`
  detail::reply_wait operator co_await() && noexcept {
    static_assert(Named, GATE_NAME_IT);
    request_.is_awaited();
    return detail::reply_wait(request_);
  }
  // To await a call that has a name, move it: `Reply r = co_await std::move(call);`
  template <bool Given = false> detail::reply_wait operator co_await() & {
    static_assert(Given, "gate: a call is awaited once: co_await std::move(call)");
    return std::move(*this).operator co_await();
  }
  // The same as a task.
  task<Reply> reply() && {
    static_assert(Named, GATE_NAME_IT);
    return detail::make_call(std::move(request_));
  }
  // The result as a T: `int sum = co_await call.as<int>();`. With T = void the await only waits for the end. With
  // T = HugeData this is huge(), a task.
  template <class T> auto as() && {
    static_assert(Named, GATE_NAME_IT);
    static_assert(!std::is_same_v<T, std::string_view>,
                  "gate: the answer does not outlive the await: as<std::string>()");
    if constexpr (std::is_same_v<T, HugeData>) {
      return std::move(*this).huge();
    } else {
      return PendingResult<T>(std::move(request_));
    }
  }
  // The result as bytes of any size, which you read as they arrive. For a method that returns HugeData, text or bytes.
  // The task ends as soon as the answer begins. The budget of the call lasts until the last byte. The same as
  // as<HugeData>(). Throws Error(errc::unsupported) if an argument is a stream of items.
  task<HugeData> huge() && {
    static_assert(Named, GATE_NAME_IT);
    return detail::make_huge_call(std::move(request_));
  }
  // Writes the result to a file, and returns its size in bytes. If the connection or the worker is lost, or if damaged
  // data arrives, it calls again and continues where it broke off. So the method may run more than once.
  // download_options says how often it retries.
  // Throws what huge() and HugeData::to_file() throw; then the file holds the bytes that were verified. Throws
  // Error(errc::invalid_argument) if an argument is a HugeData or a stream of items: those cannot be sent twice.
  task<std::uint64_t> download(file_path path, download_options options = {}, awaited_progress on_progress = {}) && {
    static_assert(Named, GATE_NAME_IT);
    return begin_download(std::move(path), options, on_progress.take());
  }
  // Sends the request and does not wait for an answer. The task ends once the request is on its way. If there is no
  // connection, it waits for one, like any call. An error of the method is not reported. Throws
  // Error(errc::invalid_argument) if an argument is a HugeData or a stream of items.
  task<void> one_way() && {
    static_assert(Named, GATE_NAME_IT);
    return detail::make_one_way_call(std::move(request_));
  }
  // The answer item by item. The call begins with the first Stream::next().
  template <class T> Stream<T> stream() && { return Stream<T>(detail::make_stream(std::move(request_), true)); }

  // get() and future() are for threads without a loop.
  //
  // Waits, and returns the result or throws what as() throws. On the thread of the client's loop, which it would block,
  // it throws Error(errc::invalid_argument): await the call there.
  template <class T = void> T get() && {
    if constexpr (std::is_same_v<T, HugeData>) {
      loop& there = detail::loop_to_wait_for(request_.core());
      return start(there, detail::make_huge_call(std::move(request_))).get();
    } else {
      const bool strict = detail::is_strict(request_);
      Reply reply = detail::wait_for_reply(std::move(request_));
      reply.read_strictly(strict);
      return reply.template as<T>();
    }
  }
  // As download(), for a thread that waits. (get<HugeData>().blocking() reads an answer of any size.)
  std::uint64_t get_download(file_path path, download_options options = {}, progress_function on_progress = {}) && {
    loop& there = detail::loop_to_wait_for(request_.core());
    return start(there, begin_download(std::move(path), options, std::move(on_progress))).get();
  }
  // Begins the call and returns at once. The future gets the result or the exception.
  template <class T = void> std::future<T> future() && {
    loop& there = detail::loop_of(request_.core());
    if constexpr (std::is_same_v<T, HugeData>) {
      return start(there, detail::make_huge_call(std::move(request_)));
    } else {
      return start(there, detail::call_as<T>(std::move(request_)));
    }
  }

 private:
  template <bool> friend class basic_call;

  task<std::uint64_t> begin_download(file_path path, download_options options, progress_function on_progress) {
    return detail::make_download(std::move(request_), std::move(path), options, std::move(on_progress));
  }

  detail::call_request request_;
};

// The call that you name and await.
using PendingCall = basic_call<true>;

}  // namespace gate
