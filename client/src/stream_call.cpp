#include "client/src/stream_call.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>

#include <gate/assert.hpp>
#include <gate/cross_loop.hpp>
#include <gate/limits.hpp>

#include "common/base/text_memory.hpp"

namespace gate::detail {

namespace {

using item_size = std::uint32_t;

// The longest time from the moment the reader consumes something until the producer gets credit for it.
constexpr auto grant_pause_max = std::chrono::minutes(1);

// The window of items doubles if half of it was read within this time: then items do not wait for the reader, but for
// its credit.
constexpr auto widened_within = std::chrono::milliseconds(10);

// A grant for each half of the window.
constexpr std::uint32_t grants_a_window = 2;

std::uint32_t step_of(const huge::flow_window& window) noexcept {
  return consumed_credit::step_of(window.bytes(), grants_a_window);
}

}  // namespace

stream_core::stream_core(call_request request, bool wants_stream)
    : core_(request.core()),
      wants_stream_(wants_stream),
      has_upload_(request.items != nullptr),
      strict_(detail::is_strict(request)),
      window_items_max_(request.options.window ? request.options.window->first : core_->options().window_items),
      window_items_(request.options.window ? window_items_max_
                                           : std::min(window_items_max_, limits::stream_window_items)),
      window_follows_(!request.options.window && core_->options().dialect == broker_dialect::gate2),
      request_(std::move(request)),
      budget_(request_.options.budget),
      flow_(request_.options.window ? request_.options.window->second : core_->options().window_bytes),
      grant_step_(step_of(flow_)) {}

// --- the reader

bool stream_core::available() {
  if (read_bytes_ < items_.size()) return true;
  items_.clear();
  read_bytes_ = 0;
  const auto locked = lock();
  items_.swap(arrived_);
  return !items_.empty();
}

bool stream_core::park(stream_wait& reader) {
  GATE_ASSERT(reader_ == nullptr);  // one reader at a time
  if (!started_) start(&reader.where());
  GATE_ASSERT(home_ == &reader.where());
  if (available()) return false;
  const auto locked = lock();
  if (!arrived_.empty() || ended_) return false;
  reader_ = &reader;
  waiting_ = true;
  return true;
}

void stream_core::unpark() noexcept {
  reader_ = nullptr;
  const auto locked = lock();
  waiting_ = false;
}

void stream_core::start(loop* home) {
  started_ = true;
  home_ = home;
  granted_at_ = now_of_reader();
  grant_at_ = granted_at_ + grant_pause_max;
  remote_ = home != &core_->where();
  const stream_ptr self = shared_from_this();
  if (core_->of_another_process()) return begin();  // begin() throws the right error
  if (remote_) {
    core_->where().post([self] { self->begin(); });
  } else {
    begin();
  }
  if (!has_upload_) return;
  if (home != nullptr) {
    start_upload();
  } else {
    core_->where().post([self] { self->start_upload(); });
  }
}

// A notice may have been sent for an earlier wait than the one it finds.
void stream_core::resume_reader() {
  if (reader_ == nullptr) return;
  {
    const auto locked = lock();
    if (arrived_.empty() && !ended_) return;
  }
  std::exchange(reader_, nullptr)->arrived();
}

std::optional<bytes_view> stream_core::take() {
  if (!available()) {
    const auto locked = lock();
    GATE_ASSERT(ended_);
    if (error_) std::rethrow_exception(error_);
    return std::nullopt;
  }
  item_size size = 0;
  std::memcpy(&size, items_.data() + read_bytes_, sizeof size);
  const bytes_view item(items_.data() + read_bytes_ + sizeof size, size);
  read_bytes_ += sizeof size + size;
  consumed(size);
  return item;
}

instant stream_core::now_of_reader() const noexcept {
  return home_ != nullptr ? home_->now() : std::chrono::steady_clock::now();
}

// Grants more credit when half of the window is consumed. A slow reader grants it after `grant_pause_max` at the
// latest: the broker ends calls whose reader takes nothing (credit_timeout).
void stream_core::consumed(std::size_t bytes) {
  consumed_.add(bytes);
  const credit_grant step{consumed_credit::step_of(window_items_, grants_a_window),
                          grant_step_.load(std::memory_order_relaxed)};
  const instant now = now_of_reader();
  if (!consumed_.reaches(step) && now < grant_at_) return;
  grant_at_ = now + grant_pause_max;
  const bool quick = now - std::exchange(granted_at_, now) < widened_within;
  credit_grant consumed = consumed_.take();
  if (window_follows_ && quick && consumed.items >= step.items) {
    const std::uint32_t before = window_items_;
    window_items_ = before > window_items_max_ / 2 ? window_items_max_ : before * 2;
    consumed.items += window_items_ - before;
  }
  const auto grant = [self = shared_from_this(), more = consumed] {
    client::runtime* const runtime = self->core_->runtime();
    if (runtime == nullptr || self->call_ == call_id{}) return;
    runtime->grant(self->call_, more.items, self->flow_.read(more.bytes));
  };
  if (remote_) {
    core_->where().post(grant);
  } else {
    grant();
  }
}

std::optional<bytes_view> stream_core::take_blocking() {
  loop_to_wait_for(core_);
  if (!started_) start(nullptr);
  GATE_ASSERT(home_ == nullptr);
  if (!available()) {
    std::unique_lock locked(mutex_);
    waiting_ = true;
    arrival_.wait(locked, [this] { return !arrived_.empty() || ended_; });
    waiting_ = false;
  }
  return take();
}

Reply stream_core::take_reply() { return std::move(reply_); }

void stream_core::drop() noexcept {
  if (!started_ || core_->of_another_process()) return;
  if (home_ != nullptr) upload_scope_.cancel();
  {
    const auto locked = lock();
    dropped_ = true;
    waiting_ = false;
    if (ended_) return;
  }
  if (remote_) {
    core_->where().post([self = shared_from_this()] { self->abandon(); });
  } else {
    abandon();
  }
}

// --- the client's loop

void stream_core::begin() {
  if (abandoned_) return;
  try {
    check(request_);
    core_->open_runtime();
    place_ = core_->places().try_take();
    if (!place_ && core_->options().full == when_full::refuse) throw table_full(core_->options());
  } catch (...) {
    return end(std::current_exception());
  }
  if (place_) return send();
  spawn_detached(core_->where(), wait_for_place(), nobody);
}

task<void> stream_core::wait_for_place() {
  const stream_ptr self = shared_from_this();
  cancel_scope& around = co_await this_scope();
  place_scope_.set_parent(&around);
  std::exception_ptr failure;
  task<void> work = take_place();
  try {
    co_await std::move(work).within(place_scope_);
  } catch (const cancelled&) {
    failure = std::make_exception_ptr(Error(errc::cancelled, "the loop of the client has ended"));
  } catch (...) {
    failure = std::current_exception();
  }
  place_scope_.set_parent(nullptr);
  if (failure && !abandoned_) end(failure);
}

task<void> stream_core::take_place() {
  task<call_place> waiting = place_in_turn(core_, request_.options);
  call_place reserved = co_await std::move(waiting);
  place_ = std::move(reserved);
  if (core_->runtime() == nullptr) throw Error(errc::cancelled, "the client was closed");
  send();
}

void stream_core::send() {
  std::uint32_t flags = 0;
  if (wants_stream_) flags |= message_flag::wants_stream;
  if (has_upload_) flags |= message_flag::client_stream;
  client::runtime& runtime = core_->open_runtime();
  // In chunks only if the arguments do not fit into one message: a worker that has streams may not have chunks.
  huge_upload_ = take_huge_part(core_, request_, static_cast<std::size_t>(runtime.payload_bytes_max())).upload;
  message m = to_message(request_, core_->options(), flags);
  if (huge_upload_) huge_upload_->announce(m);
  if (wants_stream_) {
    m.credit_items = window_items_;
    m.credit_bytes = window_follows_ ? flow_.open(core_->where().now()) : flow_.bytes();
    grant_step_.store(step_of(flow_), std::memory_order_relaxed);
  }
  call_ = runtime.begin(m, shared_from_this());
  free_memory(request_.arguments);
  if (huge_upload_) start_huge_upload();
  window_.notify_all();
}

void stream_core::start_huge_upload() {
  huge_upload_->start(call_, [weak = weak_from_this()](std::exception_ptr why) {
    const stream_ptr self = weak.lock();
    if (!self || self->abandoned_ || self->ended_) return;
    self->abandon();
    self->end(std::move(why));
  });
}

void stream_core::on_window() {
  window_.notify_all();
  if (huge_upload_) huge_upload_->on_window();
}

void stream_core::abandon() noexcept {
  abandoned_ = true;
  if (huge_upload_) huge_upload_->stop();
  place_scope_.cancel();
  if (home_ == nullptr) upload_scope_.cancel();
  if (client::runtime* const runtime = core_->runtime(); runtime != nullptr && call_ != call_id{}) {
    runtime->cancel(call_);
  }
  place_.give_back();
}

void stream_core::on_part(const message& m) {
  has_parts_ = true;
  if (m.has(message_flag::no_payload)) return;
  append(m.payload.single());
}

void stream_core::append(bytes_view item) {
  const auto size = static_cast<item_size>(item.size());
  flow_.arrived(item.size(), core_->where().now());
  grant_step_.store(step_of(flow_), std::memory_order_relaxed);
  const auto locked = lock();
  arrived_.append(reinterpret_cast<const char*>(&size), sizeof size);
  arrived_.append(item);
  if (waiting_) notify_reader();
}

void stream_core::on_final(const message& m) {
  if (!wants_stream_) {
    reply_ = Reply(m);
  } else if (!m.has(message_flag::no_payload)) {
    one_value_ = !has_parts_;  // append() lets the reader's thread see it
    append(m.payload.single());
  }
  end(nullptr);
}

void stream_core::end(std::exception_ptr error) {
  if (error) error = name_timeout(std::move(error), request_, budget_, core_->options());
  place_.give_back();
  if (huge_upload_) huge_upload_->stop();
  const auto locked = lock();
  ended_ = true;
  error_ = std::move(error);
  if (waiting_) notify_reader();
  if (has_upload_) end_upload();
}

// Call it under the mutex: the reader's loop exists as long as the reader waits.
void stream_core::notify_reader() {
  waiting_ = false;
  if (!remote_) {
    if (reader_ != nullptr) std::exchange(reader_, nullptr)->arrived();
  } else if (home_ != nullptr) {
    home_->post([self = shared_from_this()] { self->resume_reader(); });
  } else {
    arrival_.notify_all();
  }
}

// Call it under the mutex: the reader's loop exists as long as the stream is not dropped.
void stream_core::end_upload() {
  window_.notify_all();
  if (!remote_ || home_ == nullptr) {
    upload_scope_.cancel();
  } else if (!dropped_) {
    home_->post([self = shared_from_this()] { self->upload_scope_.cancel(); });
  }
}

// Sends an item once the method can take it. Returns false if the call has ended: then no more items are needed.
task<bool> stream_core::push(std::string item, bool last) {
  for (;;) {
    client::runtime* const runtime = core_->runtime();
    if (runtime == nullptr || abandoned_ || ended_) co_return false;
    if (call_ != call_id{} && last) {
      runtime->end_parts(call_);
      co_return true;
    }
    if (call_ != call_id{} && runtime->may_send_part(call_)) {
      runtime->send_part(call_, item);
      co_return true;
    }
    co_await window_.wait();
  }
}

// --- the upload

void stream_core::start_upload() { spawn_detached(upload_loop(), run_upload(shared_from_this()), nobody); }

task<void> stream_core::run_upload(stream_ptr self) {
  cancel_scope& around = co_await this_scope();
  self->upload_scope_.set_parent(&around);
  std::exception_ptr failure;
  task<void> work = upload(self, std::move(self->request_.items));
  try {
    co_await std::move(work).within(self->upload_scope_);
  } catch (const cancelled&) {
    if (!self->upload_scope_.requested()) failure = std::current_exception();
  } catch (...) {
    failure = std::current_exception();
  }
  self->upload_scope_.set_parent(nullptr);
  if (failure) self->upload_failed(failure);
}

task<void> stream_core::upload(stream_ptr self, std::unique_ptr<sent_items> items) {
  bool wanted = true;
  for (bool more = true; more && wanted;) {
    std::string item;
    more = co_await items->next(item);
    if (!self->remote_) {
      wanted = co_await self->push(std::move(item), !more);
      continue;
    }
    task<bool> sending = push_there(self, std::move(item), !more);
    wanted = co_await await_on(self->core_->where(), std::move(sending));
  }
}

task<bool> stream_core::push_there(stream_ptr self, std::string item, bool last) {
  co_return co_await self->push(std::move(item), last);
}

// Ends the call with the error that the generator threw. Otherwise the method would wait for more items.
void stream_core::upload_failed(std::exception_ptr error) {
  const auto fail = [self = shared_from_this(), error] {
    if (self->abandoned_ || self->ended_) return;
    self->abandon();
    self->end(error);
  };
  if (&upload_loop() == &core_->where()) {
    fail();
  } else {
    core_->where().post(fail);
  }
}

// --- the surface

stream_ptr make_stream(call_request request, bool wants_stream) {
  return std::make_shared<stream_core>(std::move(request), wants_stream);
}

void drop_stream(const stream_ptr& stream) noexcept { stream->drop(); }

stream_wait::~stream_wait() {
  if (waiting()) stream_.unpark();
}
bool stream_wait::await_ready() const noexcept { return stream_.started() && stream_.available(); }
bool stream_wait::park() {
  if (stream_.park(*this)) return true;
  no_wait();
  return false;
}
bool stream_wait::abandon() noexcept {
  stream_.unpark();
  return true;
}
std::optional<bytes_view> stream_wait::take() {
  finish();
  return stream_.take();
}

std::optional<bytes_view> take_blocking(stream_core& stream) { return stream.take_blocking(); }

bool stream_wait::strict() const noexcept { return stream_.strict(); }
bool is_strict(const stream_core& stream) noexcept { return stream.strict(); }

void refuse_item(const stream_core& stream, std::string_view type, std::string_view why) {
  std::string text(why);
  if (stream.one_value()) text += ": the method may answer with one value: call it with .as<T>()";
  throw_bad_answer(name_of(stream.request()), "item", type, text);
}
void stream_wait::refuse_item(std::string_view type, std::string_view why) const {
  detail::refuse_item(stream_, type, why);
}

}  // namespace gate::detail
