#include "client/src/huge_call.hpp"

#include <utility>

#include <gate/cross_loop.hpp>
#include <gate/error.hpp>
#include <gate/loop.hpp>
#include <gate/pending_call.hpp>
#include <gate/value.hpp>

#include "client/src/stream_call.hpp"
#include "common/hugedata/bytes_value.hpp"

namespace gate::detail {

// --- the caller

void huge_call::begin(message m, upload_ptr upload) {
  upload_ = std::move(upload);
  m.accept = payload_encoding::all;
  if (upload_) upload_->announce(m);
  called_.append(m.service).append(1, '.').append(m.method);
  call_ = core_->open_runtime().begin(m, shared_from_this());
  if (!upload_) return;
  upload_->start(call_, [weak = weak_from_this()](std::exception_ptr why) {
    const std::shared_ptr<huge_call> self = weak.lock();
    if (!self) return;
    // Without the cancel, the worker would wait to send chunks that nobody reads.
    self->cancel();
    self->on_error(std::move(why));
  });
}

void huge_call::adopt(call_id call, call_wait& caller) noexcept {
  call_ = call;
  caller_ = &caller;
}

Reply huge_call::take_reply() {
  if (error_) std::rethrow_exception(error_);
  return std::move(*reply_);
}

HugeData huge_call::take_data() {
  if (error_) std::rethrow_exception(error_);
  HugeData data = std::move(*data_);
  data_.reset();
  return data;
}

void huge_call::forsake() noexcept {
  caller_ = nullptr;
  if (upload_) upload_->stop();
  collecting_ = false;
  cancel();
}

void huge_call::keep() noexcept {
  if (const std::shared_ptr<collecting> known = collector_.lock()) known->kept = shared_from_this();
}

void huge_call::cancel() noexcept {
  if (client::runtime* const runtime = core_->runtime()) runtime->cancel(call_);
}

void huge_call::settle(std::exception_ptr error) {
  error_ = std::move(error);
  settled_.set();
  call_wait* const caller = std::exchange(caller_, nullptr);
  if (caller == nullptr) return;
  if (error_) {
    caller->on_collected(error_);
  } else {
    caller->on_collected(std::move(*reply_));
  }
}

// --- the answer

void huge_call::on_part(const message& m) {
  if (m.is_head()) return open(m);
  if (inlet_) inlet_->part(huge::chunk_of(m));
}

void huge_call::open(const message& m) {
  huge::head head;
  head.content = content_ = *m.content;
  head.encoding = m.encoding;
  head.total = m.total_bytes;
  head.etag = m.etag;
  head.offset = m.offset.value_or(0);
  window_ = core_->huge_windows().take();
  huge::receive_bounds bounds = core_->huge_bounds();
  bounds.window_bytes = window_.bytes();
  if (wanted_ == result::value)
    bounds.bytes_max = std::min<std::uint64_t>(bounds.bytes_max, core_->options().huge_value_bytes_max);
  inlet_.emplace(core_->where(), static_cast<huge::inlet::events&>(*this), bounds);
  const bool sound = inlet_->begin(head);
  HugeData data = inlet_->data();
  if (sound) consumed(bounds.window_items, inlet_->first_credit());
  if (wanted_ == result::value) {
    collecting_ = true;
    auto known = std::make_shared<collecting>();
    known->to = weak_from_this();
    collector_ = known;
    task<void> work = collect(std::move(known), std::move(data), core_->options().huge_value_bytes_max);
    return spawn_detached(core_->where(), std::move(work), nobody);
  }
  data_ = content_ == huge_content::raw ? std::move(data) : huge::bytes_of_value(std::move(data));
  settle(nullptr);
}

task<void> huge_call::collect(std::shared_ptr<collecting> known, HugeData data, std::size_t bytes_max) {
  std::string payload;
  std::exception_ptr failure;
  try {
    task<std::string> reading = data.to_memory(bytes_max);
    std::string all = co_await std::move(reading);
    payload = std::move(all);
  } catch (...) {
    failure = std::current_exception();
  }
  if (const std::shared_ptr<huge_call> self = known->to.lock()) self->collected(std::move(payload), failure);
}

void huge_call::collected(std::string payload, std::exception_ptr failure) {
  if (!std::exchange(collecting_, false)) return;  // false if it has failed meanwhile
  if (failure) {
    if (upload_) upload_->stop();
    cancel();
    return settle(failure);
  }
  if (content_ == huge_content::raw) {
    std::string value;
    append_bytes(value, payload);
    payload = std::move(value);
  }
  reply_ = std::move(final_);
  reply_->set_result(std::move(payload));
  settle(nullptr);
}

void huge_call::consumed(std::uint32_t items, std::uint32_t byte_count) {
  if (client::runtime* const runtime = core_->runtime()) runtime->grant(call_, items, byte_count);
}

void huge_call::abandoned() {
  // The inlet that is calling us is our member: it must live until this call returns.
  const std::shared_ptr<huge_call> self = shared_from_this();
  if (collecting_) keep();
  if (upload_) upload_->stop();
  cancel();
  core_->where().post([self] {});
}

void huge_call::on_window() {
  if (upload_) upload_->on_window();
}

HugeData huge_call::bytes_of(const Reply& reply) const {
  try {
    return huge::bytes_of_value(reply.bytes());
  } catch (const Error& e) {
    throw_bad_answer(called_, "result", "bytes or string", e.what());
  }
}

void huge_call::on_final(const message& m) {
  if (upload_) upload_->stop();
  if (!inlet_) {
    Reply reply(m);
    try {
      if (wanted_ == result::data) {
        data_ = bytes_of(reply);  // so small that it came as a value
      } else {
        reply_ = std::move(reply);
      }
    } catch (...) {
      return settle(std::current_exception());
    }
    return settle(nullptr);
  }
  if (!m.has(message_flag::no_payload)) {
    return on_error(
        std::make_exception_ptr(Error(errc::data_loss, "a huge answer ended with a result of another kind")));
  }
  final_ = Reply(m);
  if (collecting_) keep();
  inlet_->end(m.total_bytes);
}

void huge_call::on_error(std::exception_ptr error) {
  if (upload_) upload_->stop();
  if (inlet_) inlet_->fail(error);
  if (std::exchange(collecting_, false) || !inlet_) settle(std::move(error));
}

// --- the coroutines

namespace {

// Cancels the call if its caller stops waiting before the end.
class caller_of {
 public:
  explicit caller_of(std::shared_ptr<huge_call> call) noexcept : call_(std::move(call)) {}
  caller_of(const caller_of&) = delete;
  caller_of& operator=(const caller_of&) = delete;
  ~caller_of() {
    if (call_) call_->forsake();
  }
  huge_call& operator*() const noexcept { return *call_; }
  huge_call* operator->() const noexcept { return call_.get(); }
  void release() noexcept { call_.reset(); }

 private:
  std::shared_ptr<huge_call> call_;
};

task<call_place> place_of(core_ptr core, call_options& options) {
  core->open_runtime();
  call_place place = core->places().try_take();
  if (place) co_return std::move(place);
  task<call_place> waiting = place_in_turn(core, options);
  co_return co_await std::move(waiting);
}

task<HugeData> fetch_unnamed(call_request& request) {
  check(request);
  const core_ptr core = request.core();
  if (request.items)
    throw Error(errc::unsupported, "a call with a stream of items has no huge answer: await its reply");
  task<call_place> reserving = place_of(core, request.options);
  const call_place place = co_await std::move(reserving);
  huge_part_of_request chunks = take_huge_part(core, request, core->options().huge_threshold);
  const std::shared_ptr<huge_call> call = std::make_shared<huge_call>(core, huge_call::result::data);
  caller_of caller(call);
  call->begin(to_message(request, core->options(), 0), std::move(chunks.upload));
  co_await call->settled().wait();
  HugeData data = call->take_data();
  caller.release();
  co_return std::move(data);
}

// The error of a budget that is over names the call.
task<HugeData> fetch(call_request request) {
  const std::optional<std::chrono::milliseconds> asked = request.options.budget;  // a wait for a place shortens it
  std::exception_ptr failure;
  try {
    task<HugeData> calling = fetch_unnamed(request);
    co_return co_await std::move(calling);
  } catch (const Error&) {
    failure = std::current_exception();
  }
  std::rethrow_exception(name_timeout(failure, request, asked, request.core()->options()));
}

task<Reply> reply_in_chunks(core_ptr core, call_request& request, upload_ptr upload) {
  const std::shared_ptr<huge_call> call = std::make_shared<huge_call>(core, huge_call::result::value);
  const caller_of caller(call);
  call->begin(to_message(request, core->options(), 0), std::move(upload));
  co_await call->settled().wait();
  Reply reply = call->take_reply();
  reply.answers(request.target->service, request.target->method);
  co_return std::move(reply);
}

// The broker found no worker for the call as its dialect has no chunks.
bool refused_as_huge(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& e) {
    return e.code() == errc::unsupported && e.where() == origin::broker;
  } catch (...) {
    return false;
  }
}

}  // namespace

bool takes_long_way(const call_request& request, std::uint32_t flags) noexcept {
  if (request.huge) return true;
  return (flags & message_flag::one_way) == 0 && !request.items &&
         request.arguments.size() > request.core()->options().huge_threshold;
}

task<Reply> call_in_chunks(call_request request) {
  check(request);
  const core_ptr core = request.core();
  const std::optional<std::chrono::milliseconds> budget = request.options.budget;
  task<call_place> reserving = place_of(core, request.options);
  const call_place place = co_await std::move(reserving);
  huge_part_of_request chunks = take_huge_part(core, request, core->options().huge_threshold);
  const std::shared_ptr<std::string> text = std::move(chunks.text);
  std::exception_ptr failure;
  try {
    task<Reply> calling = reply_in_chunks(core, request, std::move(chunks.upload));
    co_return co_await std::move(calling);
  } catch (...) {
    failure = std::current_exception();
  }
  client::runtime& runtime = core->open_runtime();
  const bool again = text != nullptr && refused_as_huge(failure) && text->size() <= runtime.payload_bytes_max();
  if (!again) std::rethrow_exception(name_timeout(failure, request, budget, core->options()));
  request.arguments = *text;
  task<Reply> calling = reply_in_chunks(core, request, nullptr);
  co_return co_await std::move(calling);
}

task<HugeData> make_huge_call(call_request request) {
  request.core()->check_process();
  loop& where = request.core()->where();
  task<HugeData> there = fetch(std::move(request));
  return await_on(where, std::move(there));
}

}  // namespace gate::detail
