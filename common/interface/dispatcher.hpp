// Runs the calls of an Interface, on a loop and a pool, and answers them. Knows nothing of connections: requests are
// handed in, and answers go to a small interface, so that a worker's session and the broker's internal service both use
// it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <gate/detail/running_call.hpp>
#include <gate/event.hpp>
#include <gate/interface.hpp>
#include <gate/limits.hpp>
#include <gate/loop.hpp>
#include <gate/protocol.hpp>
#include <gate/thread_pool.hpp>
#include <gate/unique_function.hpp>

#include "common/hugedata/inlet.hpp"
#include "common/hugedata/window_budget.hpp"

namespace gate {

// Where answers go. Views are valid during the call. What names a call that is not open any more has no effect and
// returns false. The loop's thread only; calls into the dispatcher are allowed from within, except for destroying it.
class answers {
 public:
  virtual bool window_open(call_id call) const noexcept = 0;  // whether the consumer takes another item
  virtual bool writable() const noexcept = 0;                 // false: wait for dispatcher::flushed()
  virtual bool part(call_id call, payload_view item) = 0;
  virtual bool huge_part(const message& m) = 0;  // of a huge answer: its head, or a chunk
  virtual bool final(const message& m) = 0;
  virtual bool error(const message& m) = 0;
  virtual bool grant(call_id call, std::uint32_t items, std::uint32_t byte_count) = 0;
  // The request as it came, of a call that was recalled before its method began. Its number is open no longer.
  virtual bool hand_back(const message& /*request*/) { return false; }

 protected:
  ~answers() = default;
};

struct dispatcher_options {
  std::string service;             // the name that errors and logs use
  std::string encoded_descriptor;  // the result of "describe", unless such a method is exposed
  gate::origin origin = gate::origin::worker;
  std::size_t calls_max = limits::worker_capacity;  // open calls; one more is refused as busy
  std::uint64_t payload_bytes_max = limits::payload_bytes_max;
  std::uint32_t window_items = limits::stream_window_items;  // of a client's stream
  std::uint32_t window_bytes = limits::stream_window_bytes;
  // Arguments that come in chunks, and results that leave so.
  detail::huge_settings huge;
  // A struct among the arguments may have no field that the method's does not know, and lacks none but optional ones.
  bool strict = false;
  huge::receive_bounds huge_arguments;
  // A plain method that runs on for stuck_after once its call has ended is stuck; on_stuck is called when one more than
  // stuck_max of them are.
  std::size_t stuck_max = limits::stuck_max;
  duration stuck_after = std::chrono::seconds(10);
  unique_function<void()> on_stuck;
};

// Every request gets exactly one final or error. Answers of coroutine methods that do not suspend are given before
// request() returns. The loop's thread only. The pool, the Interface and the answers outlive it; its destructor waits
// for methods that a pool thread runs.
class dispatcher final : private detail::call_host {
 public:
  // Throws std::logic_error when the Interface is contradictory (see Interface::check).
  dispatcher(loop& where, thread_pool& pool, Interface& target, answers& to, dispatcher_options options);
  dispatcher(const dispatcher&) = delete;
  dispatcher& operator=(const dispatcher&) = delete;
  ~dispatcher();

  void request(const message& m, const call_origin& from = {});
  void part(const message& m);       // an item of the caller's stream, or its end
  void window_opened(call_id call);  // window_open() may be true again
  void flushed();                    // writable() is true again
  void cancelled(call_id call, errc why);
  // Another worker could begin with it at once: hands it back if its method waits for a thread; else nothing.
  void recalled(call_id call);
  // Nobody can be answered any more: cancels every call. Their numbers may be used for others at once.
  void connection_ended();

  // Results and items above it are refused as too_large.
  void set_payload_bytes_max(std::uint64_t limit) noexcept { options_.payload_bytes_max = limit; }

  // Methods that run, or wait for a thread; those of calls that have ended included.
  std::size_t running() const noexcept { return live_; }
  std::size_t stuck() const noexcept { return stuck_; }
  // Waits until nothing runs. Throws `cancelled`.
  task<void> idle();

 private:
  using call_type = detail::running_call;
  using pool_state = call_type::pool_state;
  class mailbox;

  // call_host
  bool can_send(const call_type& call) const noexcept override;
  void send_item(call_type& call) override;
  void send_part(call_type& call, const message& part) override;
  void grant(call_type& call, std::uint32_t items, std::uint32_t byte_count) override;
  void ended(call_type& call) override;
  void collected(call_type& call) override;

  void describe(const message& m);
  void refuse(call_id call, errc code, std::string_view text);
  bool acceptable(const message& m, const detail::method_entry& entry);
  static bool keep_arguments(call_type& call, const message& m);

  call_type& take(const message& m, const call_origin& from, const detail::method_entry& entry);
  void open_huge_arguments(call_type& call, const message& m);
  void enlist(call_type& call);
  void delist(call_type& call) noexcept;
  void release(call_type& call);
  call_type* find(call_id call) const noexcept;
  std::vector<call_type*> open() const;

  void start_coroutine(call_type& call, bytes_view arguments);
  void start(call_type& call);
  void start_job(call_type& call);
  static void run_job(call_type& call, Interface& target);
  void job_done(call_type& call);
  void pump(call_type& call);

  void arm_deadline(call_type& call);
  void abort(call_type& call, errc why);
  void watch_stuck(call_type& call);
  void answer(call_type& call);
  std::chrono::microseconds service_time_of(const call_type& call) const noexcept;
  void finish(call_type& call);

  loop& loop_;
  thread_pool& pool_;
  Interface& target_;
  answers& answers_;
  dispatcher_options options_;
  huge::window_budget huge_windows_;  // of arguments under way
  std::shared_ptr<mailbox> mailbox_;
  std::vector<std::unique_ptr<call_type>> records_;
  std::vector<call_type*> free_;
  std::unordered_map<call_id, call_type*> open_;
  std::size_t live_ = 0;
  std::size_t stuck_ = 0;
  async_event idle_;
};

}  // namespace gate
