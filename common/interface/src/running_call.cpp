#include <algorithm>
#include <new>
#include <utility>

#include <gate/assert.hpp>
#include <gate/detail/running_call.hpp>
#include <gate/limits.hpp>

#include "common/base/exception_text.hpp"
#include "common/base/text_memory.hpp"
#include "common/interface/src/huge_arguments.hpp"

namespace gate::detail {

namespace {

// If there is no memory for the text, the failure goes without it.
void keep_text(std::string& to, std::string_view text) noexcept {
  try {
    to = text;
  } catch (const std::bad_alloc&) {
    to.clear();
  }
}

}  // namespace

std::string_view reason_text(errc why) noexcept {
  switch (why) {
    case errc::timed_out:
      return "the call's time was over";
    case errc::cancelled:
      return "the caller gave the call up";
    case errc::unavailable:
      return "the connection to the broker was lost";
    default:
      return to_string(why);
  }
}

running_call::~running_call() { destroy_root(); }

void running_call::caught() noexcept {
  if (failed()) return;  // the first failure counts
  exception_text thrown = describe_current_exception();
  try {
    throw;
  } catch (const Error& e) {
    fail(e.code() == errc::ok ? errc::internal : e.code(), std::move(thrown.text));
    keep_text(remote_type_, e.remote_type());
  } catch (const gate::cancelled&) {
    // A cancellation from a scope of the method's own is a failure like any other.
    if (cancelled_.load(std::memory_order_acquire)) {
      keep_text(thrown.text, reason_text(cancel_reason_));
      fail(cancel_reason_, std::move(thrown.text));
    } else {
      fail(errc::failed, std::move(thrown.text));
      keep_text(remote_type_, "gate::cancelled");
    }
  } catch (...) {
    fail(errc::failed, std::move(thrown.text));
    remote_type_ = std::move(thrown.type);
  }
}

void running_call::thread_ends() noexcept {
  std::string text;
  keep_text(text, "the method ended the thread that it ran on");
  fail(errc::failed, std::move(text));
}

void running_call::fail(errc code, std::string text) noexcept {
  code_ = code;
  text_ = std::move(text);
  if (text_.size() > limits::error_text_bytes_max) text_.resize(limits::error_text_bytes_max);
}

void running_call::launch(call_root root) {
  root_ = root.handle();
  root.handle().promise().env = env{const_cast<loop*>(loop_), &*scope_};  // NOLINT: a Call gives its loop to nobody
  drive(root.handle());
}

void running_call::send_item() {
  if (output_.size() > payload_bytes_max_) {
    throw Error(errc::too_large, "an item of " + std::to_string(output_.size()) + " bytes exceeds the limit of " +
                                     std::to_string(payload_bytes_max_));
  }
  host_->send_item(*this);
}

void running_call::end_item_of_batch() {
  const std::size_t size = output_.size() - (batch_ends.empty() ? 0 : batch_ends.back());
  if (size > payload_bytes_max_) {
    throw Error(errc::too_large, "an item of " + std::to_string(size) + " bytes exceeds the limit of " +
                                     std::to_string(payload_bytes_max_));
  }
  batch_ends.push_back(output_.size());
}

bool running_call::batch_full() const noexcept {
  if (batch_ends.empty()) return cancelled();
  return cancelled() || batch_ends.size() >= batch_items_max || output_.size() >= batch_bytes_max ||
         std::chrono::steady_clock::now() - batch_start_ >= batch_time_max;
}

bool running_call::take_item(std::string& item) {
  throw_if_cancelled();
  incoming_stream& in = *incoming_;
  if (in.items.empty()) return false;
  item = std::move(in.items.front());
  in.items.pop_front();
  in.held_bytes -= item.size();
  ++in.consumed_items;
  in.consumed_bytes += static_cast<std::uint32_t>(item.size());
  const bool half = in.consumed_items >= (window_items_ + 1) / 2 || in.consumed_bytes >= (window_bytes_ + 1) / 2;
  if (half && !in.ended) {
    host_->grant(*this, std::exchange(in.consumed_items, 0), std::exchange(in.consumed_bytes, 0));
  }
  return true;
}

void running_call::begin(const message& m, const call_origin& from, std::string_view service, const method_entry& entry,
                         loop& where, std::uint64_t payload_bytes_max, const huge_settings& huge) {
  id_ = m.call;
  request_id_ = from.number.value_or(m.call);
  flags_ = m.flags;
  attempt_ = m.attempt;
  entry_ = &entry;
  loop_ = &where;
  service_ = service;
  payload_bytes_max_ = payload_bytes_max;
  huge_ = huge;
  if (!m.has(message_flag::one_way) && entry.shape->kind != method_kind::stream) accept_ = m.accept;
  accept_said_ = m.accept;
  priority_ = m.priority;
  resume_offset_ = m.offset;
  if (m.offset) resume_etag_ = m.etag;
  started = where.now();
  if (m.budget) deadline_ = started + *m.budget;
  scope_.emplace();
  // A call that waits for a thread may be handed back: its request must then go to another worker unchanged.
  if (!entry.shape->wants_call && entry.shape->where != run_on::pool) return;

  // The views are into the message's frame, which is gone before the method ends: copies them. Only the broker may name
  // the caller.
  const std::string_view caller = entry.shape->wants_call ? m.caller : std::string_view();
  const std::string_view all[] = {caller,      m.traceparent, m.tracestate, m.idempotency_key, m.metadata.encoded(),
                                  from.address};
  std::size_t size = 0;
  for (const std::string_view each : all) size += each.size();
  if (size == 0) return;
  kept_.reserve(size);
  for (const std::string_view each : all) kept_ += each;
  std::size_t at = 0;
  const auto next = [this, &at](std::string_view of) {
    return std::string_view(kept_).substr(std::exchange(at, at + of.size()), of.size());
  };
  caller_ = next(all[0]);
  traceparent_ = next(all[1]);
  tracestate_ = next(all[2]);
  idempotency_key_ = next(all[3]);
  metadata_ = metadata_view(next(all[4]));
  address_ = next(all[5]);
}

message running_call::request() const {
  message m;
  m.type = message_type::request;
  m.call = id_;
  m.flags = flags_;
  m.method = entry_->name;
  m.attempt = attempt_;
  m.priority = priority_;
  m.accept = accept_said_;
  m.idempotency_key = idempotency_key_;
  m.traceparent = traceparent_;
  m.tracestate = tracestate_;
  m.metadata = metadata_;
  m.offset = resume_offset_;
  m.etag = resume_etag_;
  m.payload = bytes_view(arguments);
  if (deadline_) {
    const duration left = std::max(*deadline_ - loop_->now(), duration::zero());
    m.budget = std::chrono::ceil<std::chrono::milliseconds>(left);
  }
  return m;
}

void running_call::reset() noexcept {
  GATE_ASSERT(!root_ && !sendable_.has_waiters());
  cancelled_.store(false, std::memory_order_relaxed);
  deadline_.reset();
  service_ = caller_ = address_ = traceparent_ = tracestate_ = idempotency_key_ = {};
  metadata_ = {};
  kept_.clear();
  trailing_.clear();
  starting = done = registered = detached = answered = stuck = exhausted = in_transfer = false;
  in_pool.store(pool_state::none, std::memory_order_relaxed);
  timer = {};
  ran = {};
  clear_for_reuse(arguments);
  source.reset();
  batch_ends.clear();
  batch_next = 0;
  scope_.reset();
  incoming_.reset();
  accept_ = 0;
  resume_etag_.clear();
  huge_result_.reset();
  sent_total_.reset();
  huge_arguments_.reset();
  items_sent_ = 0;
  clear_for_reuse(output_);
  code_ = errc::ok;
  cancel_reason_ = errc::cancelled;
  text_.clear();
  remote_type_.clear();
}

void running_call::open_incoming(std::uint32_t window_items, std::uint32_t window_bytes) {
  incoming_ = std::make_unique<incoming_stream>();
  window_items_ = window_items;
  window_bytes_ = window_bytes;
  host_->grant(*this, window_items, window_bytes);
}

bool running_call::deliver(const message& part) {
  if (!incoming_ || incoming_->ended) return true;
  incoming_stream& in = *incoming_;
  if (!part.has(message_flag::no_payload)) {
    // The broker holds the caller to its credit. This limits the damage that a faulty broker could do.
    if (in.items.size() >= 2 * std::size_t{window_items_} || in.held_bytes >= 2 * std::size_t{window_bytes_})
      return false;
    std::string item;
    item.reserve(part.payload.size_bytes());
    for (std::size_t i = 0; i < part.payload.frames(); ++i) item += part.payload[i];
    in.held_bytes += item.size();
    in.items.push_back(std::move(item));
  }
  if (part.has(message_flag::end_of_parts)) in.ended = true;
  in.arrived.set();
  return true;
}

void running_call::cancel(errc why) noexcept {
  if (cancelled()) return;
  cancel_reason_ = why;
  cancelled_.store(true, std::memory_order_release);
  if (scope_) scope_->cancel();
  if (huge_arguments_) huge_arguments_->fail(why);
}

void running_call::destroy_root() noexcept {
  if (const auto held = std::exchange(root_, {})) destroy_frame(held);
}

}  // namespace gate::detail
