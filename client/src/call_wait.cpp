#include <chrono>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include <gate/cross_loop.hpp>
#include <gate/detail/call_wait.hpp>
#include <gate/error.hpp>
#include <gate/pending_call.hpp>
#include <gate/scope.hpp>

#include "client/src/client_core.hpp"
#include "client/src/huge_call.hpp"
#include "client/src/stream_call.hpp"

namespace gate::detail {

namespace {

// --- the long ways

task<Reply> call(call_request request, std::uint32_t flags) {
  reply_wait waiting(request, flags);
  co_return co_await waiting;
}

task<Reply> call_from_afar(call_request request, std::uint32_t flags) {
  cancel_scope& scope = co_await this_scope();
  loop& where = request.core()->where();
  task<Reply> there = call(std::move(request), flags);
  try {
    co_return co_await await_on(where, std::move(there));
  } catch (const cancelled&) {
    if (scope.requested()) throw;
  }
  throw Error(errc::cancelled, "the loop of the client has ended");
}

task<Reply> call_with_items(call_request request) {
  const stream_handle stream(make_stream(std::move(request), false));
  final_wait wait(*stream);
  co_await wait;
  Reply reply = stream->take_reply();
  reply.answers(stream->request().target->service, stream->request().target->method);
  co_return std::move(reply);
}

task<Reply> call_in_turn(call_request request, std::uint32_t flags) {
  check(request);
  const core_ptr core = request.core();
  core->open_runtime();
  const std::optional<std::chrono::milliseconds> asked = request.options.budget;  // the wait for a place shortens it
  std::exception_ptr late;
  call_place place;
  try {
    task<call_place> waiting = place_in_turn(core, request.options);
    call_place reserved = co_await std::move(waiting);
    place = std::move(reserved);
  } catch (const Error&) {
    late = std::current_exception();
  }
  if (late) std::rethrow_exception(name_timeout(late, request, asked, core->options()));
  reply_wait waiting(request, flags, std::move(place), asked);
  co_return co_await waiting;
}

// --- the short way

call_id send(const call_request& request, std::uint32_t flags, reply_events& caller) {
  message m = to_message(request, request.core()->options(), flags);
  if ((flags & message_flag::one_way) == 0) m.accept = payload_encoding::all;
  return request.core()->open_runtime().begin(m, caller);
}

}  // namespace

bool call_wait::may_wait_here(const loop& here) {
  const client_core& core = *request_.core();
  if (place_ || core.of_another_process()) return true;  // start() fails in another process
  const bool near = &here == &core.where();
  if (near && !request_.items && !takes_long_way(request_, flags_)) {
    place_ = request_.core()->places().try_take();
    if (place_) return true;
  }
  // What is asked of the request later stays here.
  call_request sent = std::move(request_);
  request_.target = sent.target;
  request_.options.strict = sent.options.strict;
  if (sent.items) {
    long_way_.emplace(call_with_items(std::move(sent)));
  } else if (!near) {
    long_way_.emplace(call_from_afar(std::move(sent), flags_));
  } else if (takes_long_way(sent, flags_)) {
    long_way_.emplace(call_in_chunks(std::move(sent)));
  } else {
    long_way_.emplace(call_in_turn(std::move(sent), flags_));
  }
  return false;
}

bool call_wait::start() noexcept {
  try {
    check(request_);
    call_ = send(request_, flags_, *this);
    return true;
  } catch (const std::bad_alloc&) {
    error_ = std::make_exception_ptr(Error(errc::busy, "this process has no memory for the call"));
  } catch (...) {
    error_ = std::current_exception();
  }
  place_.give_back();
  no_wait();
  return false;
}

void call_wait::give_up() noexcept {
  if (chunks_) {
    chunks_->forsake();
    chunks_.reset();
  } else if (client::runtime* const runtime = request_.core()->runtime()) {
    runtime->cancel(call_);
  }
  call_ = {};
  place_.give_back();
}

bool call_wait::abandon() noexcept {
  give_up();
  return true;
}

void call_wait::end() noexcept {
  call_ = {};
  chunks_.reset();
  place_.give_back();
  wake();
}

std::shared_ptr<stream_events> call_wait::on_head(call_id call) {
  chunks_ = std::make_shared<huge_call>(request_.core(), huge_call::result::value);
  chunks_->adopt(call, *this);
  return chunks_;
}

void call_wait::on_final(const message& m) noexcept {
  try {
    take(m);
  } catch (const std::bad_alloc&) {
    error_ = std::make_exception_ptr(Error(errc::too_large, "this process has no memory for the answer", origin::local,
                                           {}, retry_class::if_idempotent));
  } catch (...) {
    error_ = std::current_exception();
  }
  end();
}

void call_wait::on_error(std::exception_ptr error) noexcept {
  error_ = std::move(error);
  end();
}

void call_wait::on_collected(Reply reply) noexcept {
  try {
    take(std::move(reply));
  } catch (...) {
    error_ = std::current_exception();
  }
  end();
}

std::optional<Reply> call_wait::take_long_way() {
  if (long_way_) return long_way_->handle().promise().take();
  finish();
  if (error_) std::rethrow_exception(name_timeout(error_, request_, asked_, request_.core()->options()));
  return std::nullopt;
}

void call_wait::refuse_result(std::string_view type, std::string_view why) const {
  throw_bad_answer(name_of(request_), "result", type, why);
}

Reply reply_wait::await_resume() {
  if (std::optional<Reply> reply = take_long_way()) return *std::move(reply);
  reply_.answers(request().target->service, request().target->method);
  return std::move(reply_);
}

// --- the surface

task<Reply> make_call(call_request request) { return call(std::move(request), 0); }

task<void> make_one_way_call(call_request request) {
  if (request.items || request.huge) {
    throw Error(errc::invalid_argument, "a one-way call takes no stream of items and no HugeData: await its end");
  }
  reply_wait sending(request, message_flag::one_way);
  co_await sending;
}

Reply wait_for_reply(call_request request) {
  loop& there = loop_to_wait_for(request.core());
  return start(there, make_call(std::move(request))).get();
}

}  // namespace gate::detail
