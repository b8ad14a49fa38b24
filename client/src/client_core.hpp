// The state that all handles of one client share, on any thread: the client's loop and its options. The runtime exists
// until the client is closed, and is for the loop's thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>

#include <gate/client_options.hpp>
#include <gate/cross_loop.hpp>
#include <gate/detail/call_places.hpp>
#include <gate/detail/call_request.hpp>
#include <gate/loop.hpp>
#include <gate/protocol.hpp>
#include <gate/task.hpp>

#include "client/src/client_runtime.hpp"
#include "common/base/process_generation.hpp"
#include "common/hugedata/inlet.hpp"
#include "common/hugedata/window_budget.hpp"

namespace gate::detail {

class client_core final : public std::enable_shared_from_this<client_core> {
 public:
  // The client makes a thread and a loop of its own, or runs on a loop that outlives it. Call start() next, once.
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

  // The loop's thread. runtime() returns null if the client is closed, and in a child of fork(); open_runtime() throws
  // then.
  client::runtime* runtime() const noexcept { return made_.gone() ? nullptr : runtime_.get(); }
  client::runtime& open_runtime() const;
  call_places& places() noexcept { return places_; }
  // The limits for a reply that comes in chunks.
  huge::receive_bounds huge_bounds() const;
  huge::window_budget& huge_windows() noexcept { return windows_; }

 private:
  void start_here();
  void close_here() noexcept;

  made_in_process made_;
  std::unique_ptr<loop_thread> home_;
  loop& loop_;
  const client_options options_;
  const std::shared_ptr<huge::memory_account> collected_;
  huge::window_budget windows_;
  call_places places_;
  std::unique_ptr<client::runtime> runtime_;
  bool closed_ = false;
};

// For spawn_detached(), if the call learns in another way how the work ended: nothing is left to report then.
inline void nobody(std::exception_ptr) noexcept {}

// Throws Error(errc::invalid_argument) if the request cannot be sent, for example because a name is empty or too long.
void check(const call_request& request);

// Waits for a place among the calls that await a reply. The wait uses up the call's budget: `options` then holds the
// rest. The call ends as `timed_out` if nothing is left. Throws `busy` if the client's options let no call wait.
task<call_place> place_in_turn(core_ptr core, call_options& options);

// "shop.find", as errors name the call.
std::string name_of(const call_request& request);

// Adds the call and its time to the text of an error that this client's own clock caused: "shop.find: no answer within
// the budget of 100 ms". Returns any other error as it is. `budget` is the budget that the call asked for; without one,
// the text names the budget of the options.
std::exception_ptr name_timeout(std::exception_ptr error, const call_request& request,
                                std::optional<std::chrono::milliseconds> budget, const client_options& options);

// Makes the message that is sent. It holds views into `request`.
message to_message(const call_request& request, const client_options& defaults, std::uint32_t flags);

}  // namespace gate::detail
