// Runs the calls of an Interface, on a loop and a pool, and replies to them. It knows nothing of connections: requests
// are handed in, and replies go to a small interface. A worker's session and the broker's internal service both use it.
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

// Takes the replies. Views are valid during the call. A function that names a call that is not open any more does
// nothing and returns false. The loop's thread only. Each function may call the dispatcher, but not destroy it.
class answers {
 public:
  virtual bool window_open(call_id call) const noexcept = 0;  // whether the consumer takes one more item
  virtual bool writable() const noexcept = 0;                 // false: wait for dispatcher::flushed()
  virtual bool part(call_id call, payload_view item) = 0;
  virtual bool huge_part(const message& m) = 0;  // the head or a chunk of a huge reply
  virtual bool final(const message& m) = 0;
  virtual bool error(const message& m) = 0;
  virtual bool grant(call_id call, std::uint32_t items, std::uint32_t byte_count) = 0;
  // Hands the request back, unchanged: its call was recalled before its method began. The call is not open any more.
  virtual bool hand_back(const message& /*request*/) { return false; }

 protected:
  ~answers() = default;
};

struct dispatcher_options {
  std::string service;             // the name in errors and logs
  std::string encoded_descriptor;  // the result of "describe", unless a method of that name is listed
  gate::origin origin = gate::origin::worker;
  std::size_t calls_max = limits::worker_capacity;  // how many calls may be open; a further one is refused as busy
  std::uint64_t payload_bytes_max = limits::payload_bytes_max;
  std::uint32_t window_items = limits::stream_window_items;  // for a client's stream
  std::uint32_t window_bytes = limits::stream_window_bytes;
  // For arguments and results that travel in chunks.
  detail::huge_settings huge;
  // Strict: a struct among the arguments may have no field that the method's struct lacks, and may lack optional fields
  // only.
  bool strict = false;
  huge::receive_bounds huge_arguments;
  // A plain method is stuck if it still runs `stuck_after` after the end of its call. on_stuck is called when more than
  // stuck_max methods are stuck.
  std::size_t stuck_max = limits::stuck_max;
  duration stuck_after = std::chrono::seconds(10);
  unique_function<void()> on_stuck;
};

// Every request gets exactly one final or error. If a coroutine method does not suspend, its reply is given before
// request() returns. The loop's thread only. The pool, the Interface and the `answers` must outlive the dispatcher. The
// destructor waits for methods that run on a pool thread.
class dispatcher final : private detail::call_host {
 public:
  // Throws std::logic_error if two methods of the Interface contradict each other (see Interface::check).
  dispatcher(loop& where, thread_pool& pool, Interface& target, answers& to, dispatcher_options options);
  dispatcher(const dispatcher&) = delete;
  dispatcher& operator=(const dispatcher&) = delete;
  ~dispatcher();

  void request(const message& m, const call_origin& from = {});
  void part(const message& m);       // an item of the caller's stream, or its end
  void window_opened(call_id call);  // window_open() may be true again
  void flushed();                    // writable() is true again
  void cancelled(call_id call, errc why);
  // Another worker could begin this call at once: hands it back if its method waits for a thread. Otherwise does
  // nothing.
  void recalled(call_id call);
  // No reply can be sent any more: cancels every call. Their numbers may be used again at once.
  void connection_ended();

  // Larger results and items are refused as too_large.
  void set_payload_bytes_max(std::uint64_t limit) noexcept { options_.payload_bytes_max = limit; }

  // How many methods run or wait for a thread, even if their calls have ended.
  std::size_t running() const noexcept { return live_; }
  std::size_t stuck() const noexcept { return stuck_; }
  // Waits until no method runs. Throws `cancelled`.
  task<void> idle();

 private:
  using call_type = detail::running_call;
  using pool_state = call_type::pool_state;
  class mailbox;
  class record;

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
  void give_jobs();
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
  huge::window_budget huge_windows_;  // of arguments that are arriving
  std::shared_ptr<mailbox> mailbox_;
  std::vector<std::unique_ptr<record>> records_;
  detail::pool_jobs jobs_;    // begun in this turn of the loop behind the first: the pool gets them at its end
  bool first_given_ = false;  // the pool has the first job of this turn
  turn_hook turn_end_;
  std::vector<call_type*> free_;
  std::unordered_map<call_id, call_type*> open_;
  std::size_t live_ = 0;
  std::size_t stuck_ = 0;
  async_event idle_;
};

}  // namespace gate
