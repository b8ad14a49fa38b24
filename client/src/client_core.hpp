// What all handles of one client share, on whatever thread they are: the loop it lives on, its options, and, for that
// loop's thread, the runtime until it is closed.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>

#include <gate/client_options.hpp>
#include <gate/detail/call_request.hpp>
#include <gate/loop.hpp>
#include <gate/protocol.hpp>
#include <gate/task.hpp>

#include "client/src/client_runtime.hpp"
#include "common/async/loop_home.hpp"
#include "common/base/process_generation.hpp"
#include "common/hugedata/inlet.hpp"
#include "common/hugedata/window_budget.hpp"

namespace gate::detail {

class client_core final : public std::enable_shared_from_this<client_core> {
 public:
  // With a thread of its own, or on a loop that outlives it. start() is called next, once.
  explicit client_core(client_options options);
  client_core(loop& where, client_options options);
  client_core(const client_core&) = delete;
  client_core& operator=(const client_core&) = delete;
  ~client_core();

  // Any thread.
  void start();
  void close() noexcept;
  loop& where() const noexcept { return loop_; }
  const client_options& options() const noexcept { return options_; }

  // Throws Error(unavailable) in a child of fork(), where neither the connection nor its thread exists.
  void check_process() const;
  bool of_another_process() const noexcept { return made_.gone(); }

  // The loop's thread. Null when closed, and in a child of fork(); the other throws then.
  client::runtime* runtime() const noexcept { return made_.gone() ? nullptr : runtime_.get(); }
  client::runtime& open_runtime() const;
  // What holds of an answer that comes in chunks.
  huge::receive_bounds huge_bounds() const;
  huge::window_budget& huge_windows() noexcept { return windows_; }

 private:
  void start_here();
  void close_here() noexcept;

  made_in_process made_;
  std::unique_ptr<client::loop_home> home_;
  loop& loop_;
  const client_options options_;
  const std::shared_ptr<huge::memory_account> collected_;
  huge::window_budget windows_;
  std::unique_ptr<client::runtime> runtime_;
  bool closed_ = false;
};

// Throws Error(errc::invalid_argument) for what cannot be sent: a name that is empty or too long, and so on.
void check(const call_request& request);

// A place among the calls that await their answers (client_options::in_flight_max), under a key of the runtime's. The
// call's time goes on while it waits for one: its budget is what is left then, and over, it is `timed_out`. Throws
// `busy` where calls are not to wait.
using call_place = client::runtime::call_table::slot;
task<call_place> place_in_turn(core_ptr core, std::uint64_t key, call_options& options);

// "shop.find", as errors name the call.
std::string name_of(const call_request& request);

// The error of a call that has ended by this client's own clock, with the call and its time in the text:
// "shop.find: no answer within the budget of 100 ms". Any other error is returned as it is. `budget` is what the call
// asked for; without it the options count.
std::exception_ptr name_timeout(std::exception_ptr error, const call_request& request,
                                std::optional<std::chrono::milliseconds> budget, const client_options& options);

// The request as it travels; views into `request`.
message to_message(const call_request& request, const client_options& defaults, std::uint32_t flags);

}  // namespace gate::detail
