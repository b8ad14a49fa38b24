#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <future>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <gate/call_options.hpp>
#include <gate/cross_loop.hpp>
#include <gate/detail/call_request.hpp>
#include <gate/download.hpp>
#include <gate/huge_data.hpp>
#include <gate/limits.hpp>
#include <gate/reply.hpp>
#include <gate/saturate.hpp>
#include <gate/stream.hpp>
#include <gate/task.hpp>

namespace gate {

namespace detail {

// The call, from whatever loop: resumes there with its reply. Throws Error, `cancelled`.
task<Reply> make_call(core_ptr core, call_request request);
task<void> make_one_way_call(core_ptr core, call_request request);
task<HugeData> make_huge_call(core_ptr core, call_request request);
task<std::uint64_t> make_download(core_ptr core, call_request request, std::filesystem::path path,
                                  download_options options, progress_function on_progress);
// What make_call() gives, for a thread that waits: any but that of the client's loop.
Reply wait_for_reply(core_ptr core, call_request request);
loop& loop_of(const core_ptr& core);
// Whether structs in the answer are read strictly.
bool is_strict(const core_ptr& core, const call_request& request) noexcept;
void add_metadata(call_options& options, std::string_view key, std::string_view value);

template <class T> task<T> call_as(core_ptr core, call_request request) {
  const bool strict = is_strict(core, request);
  // On a line of its own: what an await's expression makes lives in the coroutine's frame.
  task<Reply> answer = make_call(std::move(core), std::move(request));
  Reply reply = co_await std::move(answer);
  reply.read_strictly(strict);
  co_return reply.as<T>();
}

}  // namespace detail

// A call with its arguments, encoded already, that has not begun. Nothing is sent before it is awaited (or its stream
// is read, or get() is called). Options are words before that:
//
//   co_await client["bank"]["pay"](order).within(200ms).idempotent().as<receipt>();
//
// Every await of it throws Error when the call fails (see errc), and `cancelled` when the awaiting coroutine is
// cancelled, which cancels the call at the worker too. A name of a service or method that is empty or over 255 bytes is
// `invalid_argument`. It resumes on the loop of the awaiting coroutine, whichever loop the client lives on. Move-only;
// used once.
//
// basic_call<false> is a call with an argument that has no name, and which g++ before 13 would destroy twice inside an
// await (gate/named_value.hpp). It can be waited for by get() and future(), and read as a stream; what is awaited of it
// is refused at compile time.
template <bool Named> class [[nodiscard]] basic_call {
 public:
  basic_call(detail::core_ptr core, detail::call_request request) noexcept
      : core_(std::move(core)), request_(std::move(request)) {}
  basic_call(basic_call&&) noexcept = default;
  basic_call& operator=(basic_call&&) noexcept = default;
  // Named by now: `gate::PendingCall call = client["inventory"]["put"](order{"b2", 5});`
  template <bool Other>
    requires(Named && !Other)
  basic_call(basic_call<Other>&& other) noexcept  // NOLINT: it is the same call
      : core_(std::move(other.core_)), request_(std::move(other.request_)) {}

  // The call ends as `timed_out` when so much time has passed since it was begun, here and at the worker. Parts of a
  // millisecond count as a whole one; limits::budget_max (24 h) is the longest, and zero or less is over at once.
  template <class R, class P> basic_call within(std::chrono::duration<R, P> budget) && {
    request_.options.budget =
        std::chrono::ceil<std::chrono::milliseconds>(std::min<duration>(saturated(budget), limits::budget_max));
    return std::move(*this);
  }
  // The method may run more than once: the call is sent again when a connection or a worker is lost under it.
  basic_call idempotent(bool yes = true) && {
    request_.options.idempotent = yes;
    return std::move(*this);
  }
  // Travels to the method. Throws Error(errc::too_large) over limits::metadata_bytes_max, or a key over 255 bytes.
  basic_call with_metadata(std::string_view key, std::string_view value) && {
    detail::add_metadata(request_.options, key, value);
    return std::move(*this);
  }
  basic_call with_priority(std::uint8_t priority) && {
    request_.options.priority = priority;
    return std::move(*this);
  }
  // Names the request itself, whatever number of times it is sent; carried to the worker. At most 255 bytes; over that
  // the await throws Error(errc::invalid_argument).
  basic_call with_idempotency_key(std::string key) && {
    request_.options.more().idempotency_key = std::move(key);
    return std::move(*this);
  }
  // W3C trace context, carried to the worker. At most 255 and 512 bytes; over that the await throws
  // Error(errc::invalid_argument).
  basic_call with_trace(std::string traceparent, std::string tracestate = {}) && {
    request_.options.more().traceparent = std::move(traceparent);
    request_.options.more().tracestate = std::move(tracestate);
    return std::move(*this);
  }
  // A huge answer is to go on where an earlier one broke off: at that octet, if its content still has that etag, else
  // from its beginning (HugeData::offset() tells). An etag has at most 255 bytes; over that the await throws
  // Error(errc::invalid_argument).
  basic_call resume(std::uint64_t offset, std::string etag) && {
    request_.options.more().resume_offset = offset;
    request_.options.more().resume_etag = std::move(etag);
    return std::move(*this);
  }
  // Structs in the answer are read strictly, or not, whatever client_options::strict says.
  basic_call strict(bool yes = true) && {
    request_.options.strict = yes;
    return std::move(*this);
  }
  // Items and bytes that the worker may send ahead of the reader of the answer's stream. At least 1 each.
  basic_call window(std::uint32_t items, std::uint32_t octets) && {
    request_.options.window = std::pair(items < 1 ? 1 : items, octets < 1 ? 1 : octets);
    return std::move(*this);
  }

  // `Reply r = co_await call;`
  owned_task<Reply> operator co_await() && {
    static_assert(Named, GATE_NAME_IT);
    return owned_task<Reply>(detail::make_call(std::move(core_), std::move(request_)));
  }
  // A call that has a name is given away: `Reply r = co_await std::move(call);`
  template <bool Given = false> owned_task<Reply> operator co_await() & {
    static_assert(Given, "gate: a call is awaited once: co_await std::move(call)");
    return std::move(*this).operator co_await();
  }
  task<Reply> reply() && {
    static_assert(Named, GATE_NAME_IT);
    return detail::make_call(std::move(core_), std::move(request_));
  }
  // The result as a T; T = void awaits the end alone. Also throws what Reply::as throws.
  template <class T> task<T> as() && {
    static_assert(Named, GATE_NAME_IT);
    if constexpr (std::is_same_v<T, HugeData>) {
      return std::move(*this).huge();
    } else {
      return detail::call_as<T>(std::move(core_), std::move(request_));
    }
  }
  // The result as octets of any size, read as they come; done when the answer has begun. For a method that returns
  // HugeData, text or bytes. (as<HugeData>() is the same.) The call's budget counts until the last of them. Throws
  // Error(errc::unsupported) for a call with a stream of items among its arguments.
  task<HugeData> huge() && {
    static_assert(Named, GATE_NAME_IT);
    return detail::make_huge_call(std::move(core_), std::move(request_));
  }
  // The same into a file, which goes on by itself where it broke off when the connection or the worker is lost, or what
  // came was damaged; so the method may run more than once. Returns the size of the whole. Throws what huge() and
  // HugeData::to_file() throw; then the file holds what was good of it. For a call with a HugeData or a stream of items
  // among its arguments, which cannot be made again, it throws Error(errc::invalid_argument).
  task<std::uint64_t> download(std::filesystem::path path, download_options options = {},
                               awaited_progress on_progress = {}) && {
    static_assert(Named, GATE_NAME_IT);
    return begin_download(std::move(path), options, on_progress.take());
  }
  // Nobody waits for the outcome: done when the request is on its way, for which it waits for a connection as any call
  // does. Throws Error(errc::invalid_argument) for a call with a HugeData or a stream of items among its arguments.
  task<void> one_way() && {
    static_assert(Named, GATE_NAME_IT);
    return detail::make_one_way_call(std::move(core_), std::move(request_));
  }
  // The answer item by item.
  template <class T> Stream<T> stream() && { return Stream<T>(detail::make_stream(core_, std::move(request_), true)); }

  // For programs without coroutines, on any thread but the client's own (where get() throws). get() waits and returns
  // the result or throws; future() returns at once.
  template <class T = void> T get() && {
    if constexpr (std::is_same_v<T, HugeData>) {
      loop& there = detail::loop_to_wait_for(core_);
      return start(there, detail::make_huge_call(std::move(core_), std::move(request_))).get();
    } else {
      const bool strict = detail::is_strict(core_, request_);
      Reply reply = detail::wait_for_reply(std::move(core_), std::move(request_));
      reply.read_strictly(strict);
      return reply.template as<T>();
    }
  }
  // get<HugeData>().blocking() reads an answer of any size; this is download() for a thread that waits.
  std::uint64_t get_download(std::filesystem::path path, download_options options = {},
                             progress_function on_progress = {}) && {
    loop& there = detail::loop_to_wait_for(core_);
    return start(there, begin_download(std::move(path), options, std::move(on_progress))).get();
  }
  template <class T = void> std::future<T> future() && {
    loop& there = detail::loop_of(core_);
    if constexpr (std::is_same_v<T, HugeData>) {
      return start(there, detail::make_huge_call(std::move(core_), std::move(request_)));
    } else {
      return start(there, detail::call_as<T>(std::move(core_), std::move(request_)));
    }
  }

 private:
  template <bool> friend class basic_call;

  task<std::uint64_t> begin_download(std::filesystem::path path, download_options options,
                                     progress_function on_progress) {
    return detail::make_download(std::move(core_), std::move(request_), std::move(path), options,
                                 std::move(on_progress));
  }

  detail::core_ptr core_;
  detail::call_request request_;
};

using PendingCall = basic_call<true>;

}  // namespace gate
