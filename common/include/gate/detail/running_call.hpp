// A Call with the side that the typed adaptors and the dispatcher see.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gate/call.hpp>
#include <gate/detail/method.hpp>
#include <gate/error.hpp>
#include <gate/event.hpp>
#include <gate/huge_data.hpp>
#include <gate/limits.hpp>
#include <gate/loop.hpp>
#include <gate/scope.hpp>
#include <gate/task.hpp>

namespace gate {

// What a broker knows of a call to itself, beyond what a request says to a worker.
struct call_origin {
  std::optional<call_id> number;  // that the caller gave to the call
  std::string_view address;       // of the caller
};

}  // namespace gate

namespace gate::detail {

// The root coroutine of a call: frees itself at its end, or is destroyed by the dispatcher while it is suspended.
class call_root {
 public:
  struct promise_type {
    gate::env env{};
    call_root get_return_object() noexcept {
      return call_root(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };

  explicit call_root(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  std::coroutine_handle<promise_type> handle() const noexcept { return handle_; }

 private:
  std::coroutine_handle<promise_type> handle_;
};

// The dispatcher, as a call sees it. The loop's thread only.
class call_host {
 public:
  virtual bool can_send(const running_call& call) const noexcept = 0;
  virtual void send_item(running_call& call) = 0;
  virtual void send_part(running_call& call, const message& part) = 0;
  virtual void grant(running_call& call, std::uint32_t items, std::uint32_t octets) = 0;
  virtual void ended(running_call& call) = 0;
  // The arguments, which came in chunks, are whole; or the call has failed.
  virtual void collected(running_call& call) = 0;

 protected:
  ~call_host() = default;
};

// The end of a transfer of arguments to a call. common/src/interface/huge_arguments.hpp
class huge_arguments;
struct huge_arguments_deleter {
  void operator()(huge_arguments* arguments) const noexcept;
};

// What a call needs to know of huge payloads beyond itself.
struct huge_settings {
  std::size_t threshold = limits::huge_threshold;
  std::size_t value_bytes_max = limits::huge_value_bytes_max;
};

// Why a call was cancelled, as a sentence for its error.
std::string_view reason_text(errc why) noexcept;

// One call under way; used again for another call after it has ended. What a method throws is kept as code, text and
// type. While a pool thread runs the method, the fields that the method's result goes to are that thread's.
class running_call final : public Call {
 public:
  // A batch pulled from a generator ends when it holds so many items or bytes, or took so long.
  static constexpr std::size_t batch_items_max = 256;
  static constexpr std::size_t batch_bytes_max = 64u << 10;
  static constexpr auto batch_time_max = std::chrono::milliseconds(1);
  // Items that an async generator may send without letting other work run.
  static constexpr unsigned items_between_yields = 256;

  // --- outcome; by whoever runs the method

  // Where the result, or the next item, is encoded.
  std::string& output() noexcept { return output_; }
  // Within a catch block: the method threw what is being handled. The first failure of a call counts.
  void caught() noexcept;
  // Within a catch block for abi::__forced_unwind, which must throw it again: the method has ended its thread.
  void thread_ends() noexcept;
  void fail(errc code, std::string text) noexcept;
  bool failed() const noexcept { return code_ != errc::ok; }
  bool named_arguments() const noexcept { return (flags_ & message_flag::named) != 0; }
  const method_entry& entry() const noexcept { return *entry_; }

  // --- coroutine methods

  void launch(call_root root);
  // The root's last act.
  void end() {
    root_ = nullptr;
    host_->ended(*this);
  }
  void throw_if_cancelled() const {
    if (cancelled()) throw gate::cancelled();
  }

  // --- streams of a coroutine

  void begin_item() {
    throw_if_cancelled();
    output_.clear();
  }
  bool can_send() const noexcept { return host_->can_send(*this); }
  async_event::waiter sendable() noexcept { return sendable_.wait(); }
  // Sends output(); throws Error(too_large).
  void send_item();
  bool should_yield() noexcept { return ++items_sent_ % items_between_yields == 0; }

  // --- streams of a plain generator

  // Ends the item that was appended to output(). Throws Error(too_large).
  void end_item_of_batch();
  bool batch_full() const noexcept;

  // --- huge answers; see docs/protocol.md

  // The method's result, instead of output().
  void answer_with(HugeData result) { huge_result_.emplace(std::move(result)); }
  // The result is to be sent by send_in_chunks() before the call ends.
  bool goes_in_chunks() const noexcept;
  // Sends the result as its consumer takes it; what is left of it for the final is in output(). Throws what the
  // result's source throws; `cancelled`.
  task<void> send_in_chunks();

  // --- huge arguments

  // The argument that is a HugeData: the one that follows the request in chunks, or what another dialect or type of
  // caller passes as a value. Throws Error(invalid_argument).
  HugeData take_huge_argument(bytes_view octets);

  // --- the client's stream

  // The next item, if one is there; tops the window up. Throws `cancelled`.
  bool take_item(std::string& item);
  bool items_ended() const noexcept { return incoming_->ended; }
  async_event::waiter item_arrived() noexcept {
    incoming_->arrived.reset();
    return incoming_->arrived.wait();
  }

  // --- for the dispatcher

  enum class pool_state : std::uint8_t { none, queued, running, abandoned };

  struct incoming_stream {
    std::deque<std::string> items;
    std::size_t held_bytes = 0;
    std::uint32_t consumed_items = 0, consumed_bytes = 0;  // since the last grant
    async_event arrived;
    bool ended = false;
  };

  explicit running_call(call_host& host) noexcept : host_(&host) {}
  ~running_call();

  // Starts the record's next life with what is needed of every call; copies what a Call& shows only for who wants one.
  void begin(const message& m, const call_origin& from, std::string_view service, const method_entry& entry,
             loop& where, std::uint64_t payload_bytes_max, const huge_settings& huge);
  // Ends it: lets go of all that the call held.
  void reset() noexcept;

  void open_incoming(std::uint32_t window_items, std::uint32_t window_bytes);
  // False when the caller sent more than it was granted.
  bool deliver(const message& part);

  // The arguments come in chunks.
  void open_huge(std::unique_ptr<huge_arguments, huge_arguments_deleter> chunks) noexcept;
  bool takes_chunks() const noexcept { return huge_arguments_ != nullptr; }
  void deliver_chunk(const message& part);
  // Collects them to `arguments`, then says call_host::collected().
  void collect_arguments();
  void end_collecting();
  // Runs send_in_chunks() for a method that is no coroutine, then says call_host::ended().
  void send_result_in_chunks();
  // Where the chunks that were sent end; empty when the answer is not in chunks.
  std::optional<std::uint64_t> sent_total() const noexcept { return sent_total_; }

  // Tells the method that nobody waits any more. Only the first reason counts.
  void cancel(errc why) noexcept;
  void notify_sendable() noexcept { sendable_.notify_all(); }
  void destroy_root() noexcept;

  // What it was asked with, but for its service: of a call in the pool that has not begun, so that it can be handed
  // back.
  message request() const;

  call_id id() const noexcept { return id_; }
  errc code() const noexcept { return code_; }
  errc cancel_reason() const noexcept { return cancel_reason_; }
  const std::string& text() const noexcept { return text_; }
  const std::string& remote_type() const noexcept { return remote_type_; }
  const std::string& trailing() const noexcept { return trailing_; }
  std::uint64_t payload_bytes_max() const noexcept { return payload_bytes_max_; }

  // The dispatcher's notes.
  bool starting = false;        // within dispatcher::request
  bool done = false;            // ended while starting
  bool registered = false;      // in the table of open calls
  bool detached = false;        // its connection is gone: nothing is sent
  bool answered = false;        // its final or error was sent
  bool stuck = false;           // ended for its caller, and still holds a thread
  bool exhausted = false;       // its generator has ended
  bool reads_strictly = false;  // structs among its arguments: see dispatcher_options
  bool in_transfer = false;     // its arguments are collected, or its result leaves in chunks
  std::atomic<pool_state> in_pool = pool_state::none;
  instant started{};
  duration ran{};         // of a plain method in the pool; zero: it has not
  timer_key timer{};      // of the deadline; once the call is over for its caller, of the stuck watch
  std::string arguments;  // a copy, for methods that run after the request's frame is gone
  std::unique_ptr<item_source> source;
  std::vector<std::size_t> batch_ends;  // of the items in output()
  std::size_t batch_next = 0;           // the first one that was not sent

 private:
  call_host* host_;
  std::coroutine_handle<> root_;
  std::optional<cancel_scope> scope_;
  async_event sendable_;
  std::unique_ptr<incoming_stream> incoming_;
  std::uint32_t window_items_ = 0, window_bytes_ = 0;
  unsigned items_sent_ = 0;
  std::string output_;
  std::uint64_t payload_bytes_max_ = 0;
  errc code_ = errc::ok;
  errc cancel_reason_ = errc::cancelled;
  std::string text_;
  std::string remote_type_;
  std::chrono::steady_clock::time_point batch_start_{};
  huge_settings huge_;
  std::uint8_t accept_ = 0, accept_said_ = 0, priority_ = 0;
  std::optional<std::uint64_t> resume_offset_;
  std::string resume_etag_;
  std::optional<HugeData> huge_result_;
  std::optional<std::uint64_t> sent_total_;
  std::unique_ptr<huge_arguments, huge_arguments_deleter> huge_arguments_;

 public:
  void begin_batch() {
    output_.clear();
    batch_ends.clear();
    batch_next = 0;
    batch_start_ = std::chrono::steady_clock::now();
  }
};

}  // namespace gate::detail
