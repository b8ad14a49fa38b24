#include <algorithm>
#include <chrono>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gate/cross_loop.hpp>
#include <gate/error.hpp>
#include <gate/pending_call.hpp>
#include <gate/scope.hpp>
#include <gate/timeout.hpp>

#include "client/src/client_core.hpp"
#include "client/src/huge_call.hpp"
#include "client/src/stream_call.hpp"

namespace gate::detail {

Error table_full(const client_options& options) {
  return Error(errc::busy, std::to_string(options.in_flight_max) +
                               " calls of this client await their answers (client_options::in_flight_max): call again "
                               "later, or let calls wait (when_full::wait)");
}

namespace {

task<call_place> reserve(core_ptr core) {
  call_place place = co_await core->places().take();
  co_return std::move(place);
}

}  // namespace

task<call_place> place_in_turn(core_ptr core, call_options& options) {
  if (core->options().full == when_full::refuse) throw table_full(core->options());
  const auto budget = options.budget ? options.budget : core->options().default_budget;
  task<call_place> reserving = reserve(core);
  if (!budget) co_return co_await std::move(reserving);
  const instant begun = core->where().now();
  task<call_place> in_time = with_timeout(*budget, std::move(reserving));
  try {
    call_place place = co_await std::move(in_time);
    const auto waited = std::chrono::floor<std::chrono::milliseconds>(core->where().now() - begun);
    options.budget = std::max(*budget - waited, std::chrono::milliseconds(1));
    co_return std::move(place);
  } catch (const timed_out&) {
    throw Error(errc::timed_out,
                "the call's budget was over before it had its turn: " + std::to_string(core->options().in_flight_max) +
                    " calls of this client await their answers (client_options::in_flight_max)");
  }
}

loop& loop_of(const core_ptr& core) {
  core->check_process();
  return core->where();
}

loop& loop_to_wait_for(const core_ptr& core) {
  core->check_process();
  loop& there = core->where();
  if (there.in_loop_thread()) {
    throw Error(errc::invalid_argument, "a call that blocks, on the thread of the client's own loop: co_await it");
  }
  return there;
}

void add_metadata(call_options& options, std::string_view key, std::string_view value) {
  if (append_metadata(options.more().metadata, key, value)) return;
  throw Error(errc::too_large, "metadata '" + std::string(key.substr(0, limits::name_bytes_max)) +
                                   "' does not fit: a key has up to 255 bytes, all metadata of a call up to " +
                                   std::to_string(limits::metadata_bytes_max));
}

}  // namespace gate::detail
