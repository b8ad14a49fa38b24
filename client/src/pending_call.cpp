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

namespace {

// Cancels the call if its coroutine is cancelled or destroyed before the end.
class call_in_flight {
 public:
  call_in_flight(const client_core& core, call_id call) noexcept : core_(core), call_(call) {}
  call_in_flight(const call_in_flight&) = delete;
  call_in_flight& operator=(const call_in_flight&) = delete;
  ~call_in_flight() {
    if (client::runtime* const runtime = core_.runtime()) runtime->cancel(call_);
  }

 private:
  const client_core& core_;
  call_id call_;
};

task<Reply> call(core_ptr core, call_request request, std::uint8_t flags);

task<Reply> call_from_afar(core_ptr core, call_request request, std::uint8_t flags) {
  cancel_scope& scope = co_await this_scope();
  task<Reply> there = call(core, std::move(request), flags);
  try {
    co_return co_await await_on(core->where(), std::move(there));
  } catch (const cancelled&) {
    if (scope.requested()) throw;
  }
  throw Error(errc::cancelled, "the loop of the client has ended");
}

task<Reply> call_with_items(core_ptr core, call_request request) {
  const stream_handle stream(make_stream(core, std::move(request), false));
  final_wait wait(*stream);
  co_await wait;
  Reply reply = stream->take_reply();
  reply.answers(stream->request().service, stream->request().method);
  co_return std::move(reply);
}

// Not part of the coroutine: its frame would then hold the message.
call_id begin(const client_core& core, const call_request& request, std::uint8_t flags, std::uint64_t key) {
  try {
    message m = to_message(request, core.options(), flags);
    if ((flags & message_flag::one_way) == 0) m.accept = payload_encoding::all;
    return core.open_runtime().begin(m, key);
  } catch (const std::bad_alloc&) {
    throw Error(errc::busy, "this process has no memory for the call");
  }
}

task<Reply> call(core_ptr core, call_request request, std::uint8_t flags) {
  loop& here = co_await this_loop();
  core->check_process();
  if (request.items || &here != &core->where()) {
    task<Reply> longer_way = request.items ? call_with_items(std::move(core), std::move(request))
                                           : call_from_afar(std::move(core), std::move(request), flags);
    co_return co_await std::move(longer_way);
  }
  if (takes_long_way(*core, request, flags)) {
    task<Reply> longer_way = call_in_chunks(std::move(core), std::move(request));
    co_return co_await std::move(longer_way);
  }
  check(request);
  client::runtime& runtime = core->open_runtime();
  const std::uint64_t key = runtime.next_key();
  std::optional<client::runtime::call_table::slot> place = runtime.calls().try_reserve(key);
  const std::optional<std::chrono::milliseconds> budget = request.options.budget;  // the wait for a place shortens it
  try {
    if (!place) {
      task<call_place> waiting = place_in_turn(core, key, request.options);
      auto reserved = co_await std::move(waiting);
      place.emplace(std::move(reserved));
    }
    const call_in_flight open(*core, begin(*core, request, flags, key));
    Reply reply = co_await *place;
    reply.answers(request.service, request.method);
    co_return std::move(reply);
  } catch (const Error&) {
    std::rethrow_exception(name_timeout(std::current_exception(), request, budget, core->options()));
  }
}

}  // namespace

Error table_full(const client_options& options) {
  return Error(errc::busy, std::to_string(options.in_flight_max) +
                               " calls of this client await their answers (client_options::in_flight_max): call again "
                               "later, or let calls wait (when_full::wait)");
}

namespace {

task<call_place> reserve(core_ptr core, std::uint64_t key) {
  auto place = co_await core->open_runtime().calls().reserve(key);
  co_return std::move(place);
}

}  // namespace

task<call_place> place_in_turn(core_ptr core, std::uint64_t key, call_options& options) {
  if (core->options().full == when_full::refuse) throw table_full(core->options());
  const auto budget = options.budget ? options.budget : core->options().default_budget;
  task<call_place> reserving = reserve(core, key);
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

task<Reply> make_call(core_ptr core, call_request request) { return call(std::move(core), std::move(request), 0); }

task<void> make_one_way_call(core_ptr core, call_request request) {
  if (request.items || request.huge) {
    throw Error(errc::invalid_argument, "a one-way call takes no stream of items and no HugeData: await its end");
  }
  task<Reply> sending = call(std::move(core), std::move(request), message_flag::one_way);
  co_await std::move(sending);
}

Reply wait_for_reply(core_ptr core, call_request request) {
  loop& there = loop_to_wait_for(core);
  return start(there, make_call(std::move(core), std::move(request))).get();
}

loop& loop_of(const core_ptr& core) {
  core->check_process();
  return core->where();
}

bool is_strict(const core_ptr& core, const call_request& request) noexcept {
  return request.options.strict.value_or(core->options().strict);
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
