// running_call: a Call, as the adaptors of methods and the dispatcher see it.
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
#include <gate/detail/credit.hpp>
#include <gate/detail/method.hpp>
#include <gate/error.hpp>
#include <gate/event.hpp>
#include <gate/huge_data.hpp>
#include <gate/limits.hpp>
#include <gate/loop.hpp>
#include <gate/scope.hpp>
#include <gate/task.hpp>

namespace gate {

// What a broker knows about a call to its internal service, besides the request.
struct call_origin {
  std::optional<call_id> number;  // that the caller gave to the call
  std::string_view address;       // of the caller
};

}  // namespace gate

namespace gate::detail {

// The root coroutine of a call. It frees itself at its end. The dispatcher may destroy it while it is suspended.
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

// The dispatcher, as a call sees it. Loop's thread only.
class call_host {
 public:
  virtual bool can_send(const running_call& call) const noexcept = 0;
  virtual void send_item(running_call& call) = 0;
  virtual void send_part(running_call& call, const message& part) = 0;
  virtual void grant(running_call& call, std::uint32_t items, std::uint32_t byte_count) = 0;
  virtual void ended(running_call& call) = 0;
  // The arguments, which arrived in chunks, are complete, or the call has failed.
  virtual void collected(running_call& call) = 0;

 protected:
  ~call_host() = default;
};

// The end of a transfer of arguments to a call. common/interface/src/huge_arguments.hpp
class huge_arguments;
struct huge_arguments_deleter {
  void operator()(huge_arguments* arguments) const noexcept;
};

// What a call needs to know about huge payloads.
struct huge_settings {
  std::size_t threshold = limits::huge_threshold;
  std::size_t value_bytes_max = limits::huge_value_bytes_max;
};

// The reason why a call was cancelled, as the text of its error.
std::string_view reason_text(errc why) noexcept;

// A call in flight. The record is used again for another call. It keeps an exception of the method as code, text and
// type. While a thread of the pool runs the method, only that thread may use the fields for the result.
class running_call : public Call {
 public:
  // A batch that is read from a generator ends at this many items or bytes, or after this time.
  static constexpr std::size_t batch_items_max = 256;
  static constexpr std::size_t batch_bytes_max = 64u << 10;
  static constexpr auto batch_time_max = std::chrono::milliseconds(1);
  // Items that an async generator sends before other work may run.
  static constexpr unsigned items_between_yields = 256;

  // --- the outcome; for the thread that runs the method

  // The buffer for the encoded result or the next item.
  std::string& output() noexcept { return output_; }
  // Call it in a catch block: the method threw the exception that is handled. The first failure of a call counts.
  void caught() noexcept;
  // Call it in a catch block for abi::__forced_unwind: the method has ended its thread. The block must throw it again.
  void thread_ends() noexcept;
  void fail(errc code, std::string text) noexcept;
  bool failed() const noexcept { return code_ != errc::ok; }
  bool named_arguments() const noexcept { return (flags_ & message_flag::named) != 0; }
  const method_entry& entry() const noexcept { return *entry_; }

  // --- coroutine methods

  void launch(call_root root);
  // The root calls it at its end.
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

  // Marks the end of the item that was appended to output(). Throws Error(too_large).
  void end_item_of_batch();
  bool batch_full() const noexcept;

  // --- huge answers; see docs/protocol.md

  // Sets the result of the method, in place of output().
  void answer_with(HugeData result) { huge_result_.emplace(std::move(result)); }
  // Whether send_in_chunks() must send the result before the call ends.
  bool goes_in_chunks() const noexcept;
  // Sends the result as fast as its reader takes it. Leaves the last part, for the final, in output(). Throws what the
  // source of the result throws, and `cancelled`.
  task<void> send_in_chunks();

  // --- huge arguments

  // The HugeData argument. It follows the request in chunks; a caller of another dialect or type may pass it as a
  // value. Throws Error(invalid_argument).
  HugeData take_huge_argument(bytes_view encoded);

  // --- the client's stream

  // The next item, if there is one; grants more of the window. Throws `cancelled`.
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
    consumed_credit consumed;  // since the last grant
    async_event arrived;
    bool ended = false;
  };

  explicit running_call(call_host& host) noexcept : host_(&host) {}
  ~running_call();

  // Begins the next call of this record. Copies what only a Call& shows if the method takes one.
  void begin(const message& m, const call_origin& from, std::string_view service, const method_entry& entry,
             loop& where, std::uint64_t payload_bytes_max, const huge_settings& huge);
  // Ends the call and frees all that it held.
  void reset() noexcept;

  void open_incoming(std::uint32_t window_items, std::uint32_t window_bytes);
  // Returns false if the caller has sent more than its credit.
  bool deliver(const message& part);

  // Whether the arguments arrive in chunks.
  void open_huge(std::unique_ptr<huge_arguments, huge_arguments_deleter> chunks) noexcept;
  bool takes_chunks() const noexcept { return huge_arguments_ != nullptr; }
  void deliver_chunk(const message& part);
  // Collects them in `arguments`, then calls call_host::collected().
  void collect_arguments();
  void end_collecting();
  // Runs send_in_chunks() for a method that is no coroutine, then calls call_host::ended().
  void send_result_in_chunks();
  // The position after the chunks that were sent; empty if the answer is not sent in chunks.
  std::optional<std::uint64_t> sent_total() const noexcept { return sent_total_; }

  // Tells the method that its caller does not wait any more. Only the first reason counts.
  void cancel(errc why) noexcept;
  void notify_sendable() noexcept { sendable_.notify_all(); }
  void destroy_root() noexcept;

  // The request, without its service: for a call in the pool that has not begun, to hand it back.
  message request() const;

  call_id id() const noexcept { return id_; }
  errc code() const noexcept { return code_; }
  errc cancel_reason() const noexcept { return cancel_reason_; }
  const std::string& text() const noexcept { return text_; }
  const std::string& remote_type() const noexcept { return remote_type_; }
  const std::string& trailing() const noexcept { return trailing_; }
  std::uint64_t payload_bytes_max() const noexcept { return payload_bytes_max_; }

  // The state that the dispatcher keeps for a call.
  bool starting = false;        // within dispatcher::request
  bool done = false;            // ended while starting
  bool registered = false;      // in the table of open calls
  bool detached = false;        // its connection is lost: nothing is sent
  bool answered = false;        // its final or error was sent
  bool stuck = false;           // ended for its caller, but still holds a thread
  bool exhausted = false;       // its generator has ended
  bool reads_strictly = false;  // structs among its arguments: see dispatcher_options
  bool in_transfer = false;     // its arguments are being collected, or its result is being sent in chunks
  std::atomic<pool_state> in_pool = pool_state::none;
  instant started{};
  duration ran{};         // how long a plain method ran in the pool; zero: it has not run
  timer_key timer{};      // for the deadline; after the call has ended for its caller, for the stuck watch
  std::string arguments;  // a copy, for methods that run after the frame of the request is freed
  std::unique_ptr<item_source> source;
  std::vector<std::size_t> batch_ends;  // of the items in output()
  std::size_t batch_next = 0;           // the first item that was not sent

 private:
  call_host* host_;
  std::coroutine_handle<> root_;
  std::optional<cancel_scope> scope_;
  async_event sendable_;
  std::unique_ptr<incoming_stream> incoming_;
  credit_grant window_;  // of the caller's stream
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
