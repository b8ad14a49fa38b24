#include "common/interface/dispatcher.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <new>
#include <utility>

#include <cxxabi.h>

#include <gate/assert.hpp>

#include "common/base/process_generation.hpp"
#include "common/interface/src/huge_arguments.hpp"

namespace gate {

using detail::method_entry;
using detail::method_form;
using detail::running_call;

// Pool threads leave the calls here that they have run. It outlives the dispatcher: a report may be on its way.
class dispatcher::mailbox final : public std::enable_shared_from_this<mailbox> {
 public:
  mailbox(loop& where, dispatcher& owner) : loop_(where), owner_(&owner) {}

  // The loop's thread. `count` jobs were given away: each will be reported.
  void jobs_begin(std::size_t count) noexcept { begun_ += count; }
  bool is_open() const noexcept { return owner_ != nullptr; }
  // One wake-up is enough for all calls that are left here before the loop looks.
  void report(running_call& call) {
    const std::lock_guard lock(mutex_);
    const bool first = done_.empty();
    done_.push_back(&call);
    if (first) loop_.post([self = shared_from_this()] { self->deliver(); });
    ++reported_;
    if (closing_) all_reported_.notify_all();
  }
  // The loop's thread. Waits until each job was reported.
  void close() {
    owner_ = nullptr;
    if (made_.gone()) return;  // in a child of fork() no job ends any more, and the mutex may be locked
    std::unique_lock lock(mutex_);
    closing_ = true;
    all_reported_.wait(lock, [this] { return reported_ == begun_; });
  }

 private:
  void deliver() {
    std::vector<running_call*> taken;
    {
      const std::lock_guard lock(mutex_);
      taken.swap(done_);
    }
    for (running_call* call : taken) {
      if (owner_ == nullptr) return;
      owner_->job_done(*call);
    }
  }

  loop& loop_;
  made_in_process made_;
  dispatcher* owner_;  // for the loop's thread only
  std::mutex mutex_;
  std::condition_variable all_reported_;
  std::vector<running_call*> done_;  // guarded by mutex_
  std::uint64_t reported_ = 0;       // guarded by mutex_
  bool closing_ = false;             // guarded by mutex_
  std::uint64_t begun_ = 0;          // for the loop's thread only
};

// A call, and its job in the pool.
class dispatcher::record final : public running_call, public detail::pool_job {
 public:
  record(detail::call_host& host, std::shared_ptr<mailbox> box, Interface& target)
      : running_call(host), box_(std::move(box)), target_(target) {}

  // The call belongs to the loop's thread again as soon as it is reported.
  void execute() override {
    const std::shared_ptr<mailbox> box = box_;
    try {
      run_job(*this, target_);
    } catch (abi::__forced_unwind&) {
      box->report(*this);
      throw;
    }
    box->report(*this);
  }
  void dropped() noexcept override {}

 private:
  const std::shared_ptr<mailbox> box_;
  Interface& target_;
};

dispatcher::dispatcher(loop& where, thread_pool& pool, Interface& target, answers& to, dispatcher_options options)
    : loop_(where),
      pool_(pool),
      target_(target),
      answers_(to),
      options_(std::move(options)),
      huge_windows_(options_.huge_arguments.window_bytes),
      mailbox_(std::make_shared<mailbox>(where, *this)),
      turn_end_(where.at_turn_end([this] {
        first_given_ = false;
        if (!jobs_.empty()) give_jobs();
      })) {
  target_.check();
}

dispatcher::~dispatcher() {
  for (const auto& call : records_) {
    loop_.cancel_timer(call->timer);
    call->cancel(errc::unavailable);
    auto queued = pool_state::queued;
    call->in_pool.compare_exchange_strong(queued, pool_state::abandoned);
  }
  mailbox_->close();
  for (const auto& call : records_) call->destroy_root();
}

// For a plain method, the time that it ran itself, without the wait for a thread. More than 0 if it has run.
std::chrono::microseconds dispatcher::service_time_of(const call_type& call) const noexcept {
  const detail::method_shape& shape = *call.entry().shape;
  if (shape.form == method_form::plain && shape.where == run_on::pool) {
    return std::chrono::ceil<std::chrono::microseconds>(call.ran);
  }
  return std::chrono::duration_cast<std::chrono::microseconds>(loop_.now() - call.started);
}

// --- requests

void dispatcher::request(const message& m, const call_origin& from) {
  const method_entry* const entry = target_.find(m.method);
  if (entry == nullptr) {
    if (m.method == "describe") return describe(m);
    return refuse(m.call, errc::no_method, options_.service + " has no method '" + std::string(m.method) + "'");
  }
  if (!acceptable(m, *entry)) return;

  call_type& call = take(m, from, *entry);
  const detail::method_shape& shape = *entry->shape;
  if (shape.client_stream) call.open_incoming(options_.window_items, options_.window_bytes);
  if (m.content) {
    open_huge_arguments(call, m);
    if (*m.content == huge_content::value) return call.collect_arguments();
  }
  const bool whole = m.payload.frames() == 1;
  const bool at_once = shape.form != method_form::generator && shape.where == run_on::loop;
  if ((!whole || !at_once) && !keep_arguments(call, m)) {
    call.fail(errc::busy, "the worker has no memory for the arguments");
    return finish(call);
  }
  const bytes_view arguments = whole ? m.payload.single() : bytes_view(call.arguments);
  if (shape.form == method_form::coroutine) return start_coroutine(call, arguments);
  if (at_once) {
    shape.run(target_, call, arguments);
    return finish(call);
  }
  enlist(call);
  start_job(call);
}

// Returns false if there is no memory for the arguments.
bool dispatcher::keep_arguments(call_type& call, const message& m) {
  try {
    call.arguments.reserve(m.payload.size_bytes());
  } catch (const std::bad_alloc&) {
    return false;
  }
  for (std::size_t i = 0; i < m.payload.frames(); ++i) call.arguments += m.payload[i];
  return true;
}

bool dispatcher::acceptable(const message& m, const method_entry& entry) {
  const auto refused = [&](errc code, std::string_view text) {
    refuse(m.call, code, options_.service + '.' + entry.name + entry.signature() + ": " + std::string(text));
    return false;
  };
  if (live_ >= options_.calls_max) return refused(errc::busy, "as many calls run as this process takes");
  if (m.budget && m.budget->count() <= 0) return refused(errc::timed_out, "the call's time was over when it came");
  const bool streams = entry.shape->kind == method_kind::stream;
  const bool reads_stream = m.has(message_flag::wants_stream) && !m.has(message_flag::one_way);
  if (streams && !reads_stream)
    return refused(errc::invalid_argument, "answers with a stream: call it with .stream<T>()");
  const bool sends_stream = m.has(message_flag::client_stream);
  if (m.content) {
    if (m.has(message_flag::one_way) || !sends_stream)
      return refused(errc::invalid_argument, "its arguments are cut off");
    if (entry.shape->client_stream) return refused(errc::invalid_argument, "its last argument is a stream of items");
    if (*m.content == huge_content::raw && !entry.shape->huge_parameter) {
      return refused(errc::invalid_argument, "takes no HugeData");
    }
    return true;
  }
  if (sends_stream && !entry.shape->client_stream) return refused(errc::invalid_argument, "takes no stream of items");
  if (!sends_stream && entry.shape->client_stream) {
    return refused(errc::invalid_argument, "its last argument is a stream of items");
  }
  return true;
}

void dispatcher::describe(const message& m) {
  message answer;
  answer.type = message_type::final;
  answer.call = m.call;
  answer.payload = bytes_view(options_.encoded_descriptor);
  answers_.final(answer);
}

void dispatcher::refuse(call_id call, errc code, std::string_view text) {
  message answer;
  answer.type = message_type::error;
  answer.call = call;
  answer.status = code;
  answer.text = text.substr(0, limits::error_text_bytes_max);
  answer.origin = options_.origin;
  answers_.error(answer);
}

// --- records

dispatcher::call_type& dispatcher::take(const message& m, const call_origin& from, const method_entry& entry) {
  if (free_.empty()) {
    records_.push_back(std::make_unique<record>(static_cast<detail::call_host&>(*this), mailbox_, target_));
    free_.reserve(records_.size());
    free_.push_back(records_.back().get());
  }
  call_type& call = *free_.back();
  free_.pop_back();
  ++live_;
  call.begin(m, from, options_.service, entry, loop_, options_.payload_bytes_max, options_.huge);
  call.reads_strictly = options_.strict;
  return call;
}

void dispatcher::release(call_type& call) {
  delist(call);
  loop_.cancel_timer(call.timer);
  call.reset();
  free_.push_back(&call);
  if (--live_ == 0) idle_.notify_all();
}

// Opens the window. Chunks may come before the method has begun: from now on they can find the call.
void dispatcher::open_huge_arguments(call_type& call, const message& m) {
  huge::head head;
  head.content = *m.content;
  head.total = m.total_bytes;
  head.etag = m.etag;
  detail::huge_arguments_ptr arguments(
      new detail::huge_arguments(*this, call, loop_, options_.huge_arguments, huge_windows_.take(), head));
  detail::huge_arguments& opened = *arguments;
  call.open_huge(std::move(arguments));
  enlist(call);
  opened.open_window();
}

void dispatcher::enlist(call_type& call) {
  if (call.registered) return;
  const auto [at, added] = open_.try_emplace(call.id(), &call);
  if (!added) {
    // The number is in use: the sender of the requests has forgotten that call, so its reply would reach nobody.
    call_type& former = *std::exchange(at->second, &call);
    former.registered = false;
    former.detached = true;
    abort(former, errc::unavailable);
  }
  call.registered = true;
  arm_deadline(call);
}

void dispatcher::delist(call_type& call) noexcept {
  if (std::exchange(call.registered, false)) open_.erase(call.id());
}

dispatcher::call_type* dispatcher::find(call_id call) const noexcept {
  const auto found = open_.find(call);
  return found == open_.end() ? nullptr : found->second;
}

std::vector<dispatcher::call_type*> dispatcher::open() const {
  std::vector<call_type*> all;
  all.reserve(open_.size());
  for (const auto& [id, call] : open_) all.push_back(call);
  return all;
}

task<void> dispatcher::idle() {
  while (live_ > 0) co_await idle_.wait();
}

// --- coroutine methods

void dispatcher::start_coroutine(call_type& call, bytes_view arguments) {
  call.starting = true;
  call.entry().shape->run(target_, call, arguments);
  call.starting = false;
  if (call.done) return release(call);
  enlist(call);
}

void dispatcher::ended(call_type& call) {
  answer(call);
  if (call.starting) {
    call.done = true;
  } else {
    release(call);
  }
}

void dispatcher::collected(call_type& call) {
  if (!call.failed() && !call.cancelled()) return start(call);
  answer(call);
  release(call);
}

// Starts the method. The call has its arguments.
void dispatcher::start(call_type& call) {
  const detail::method_shape& shape = *call.entry().shape;
  if (shape.form == method_form::coroutine) return shape.run(target_, call, call.arguments);
  if (shape.form == method_form::generator || shape.where == run_on::pool) return start_job(call);
  shape.run(target_, call, call.arguments);
  finish(call);
}

bool dispatcher::can_send(const call_type& call) const noexcept {
  return answers_.writable() && answers_.window_open(call.id());
}

void dispatcher::send_item(call_type& call) {
  if (!call.detached) answers_.part(call.id(), bytes_view(call.output()));
}

void dispatcher::send_part(call_type& call, const message& part) {
  if (!call.detached) answers_.huge_part(part);
}

void dispatcher::grant(call_type& call, std::uint32_t items, std::uint32_t byte_count) {
  if (!call.detached) answers_.grant(call.id(), items, byte_count);
}

// --- plain methods and generators

void dispatcher::start_job(call_type& call) {
  call.in_pool.store(pool_state::queued);
  record& job = static_cast<record&>(call);
  if (call.entry().shape->where == run_on::pool) {
    jobs_.push_back(job);
    if (!std::exchange(first_given_, true)) give_jobs();
    return;
  }
  loop_.post([box = mailbox_, &job] {
    if (box->is_open()) {
      box->jobs_begin(1);
      job.execute();
    }
  });
}

// The first job of a turn goes to the pool at once, so that a thread wakes meanwhile. The others follow together at the
// turn's end: they lock the pool's queue once.
void dispatcher::give_jobs() {
  mailbox_->jobs_begin(pool_.enqueue(jobs_));
  if (jobs_.empty()) return;
  loop_.post([] {});  // one more turn, since this one may have sent its answers already
  while (!jobs_.empty()) {
    record& refused = static_cast<record&>(jobs_.pop_front());
    refused.in_pool.store(pool_state::none);
    refused.source.reset();
    if (!refused.cancelled()) refused.fail(errc::busy, "the queue of the thread pool is full");
    finish(refused);
  }
}

void dispatcher::run_job(call_type& call, Interface& target) {
  auto queued = pool_state::queued;
  if (!call.in_pool.compare_exchange_strong(queued, pool_state::running)) {
    call.source.reset();
    return;
  }
  const detail::method_shape& shape = *call.entry().shape;
  if (shape.form == method_form::plain) {
    const auto begun = std::chrono::steady_clock::now();
    shape.run(target, call, call.arguments);
    call.ran = std::max<duration>(std::chrono::steady_clock::now() - begun, std::chrono::nanoseconds(1));
    return;
  }

  const bool begun = call.source != nullptr;
  call.begin_batch();
  if (!begun) call.source = shape.open(target, call, call.arguments);
  try {
    call.exhausted = call.source == nullptr || call.cancelled() || !call.source->pull(call);
  } catch (abi::__forced_unwind&) {
    call.thread_ends();
    call.exhausted = true;
    throw;
  } catch (...) {
    call.caught();
    call.exhausted = true;
  }
  // Destroyed on this thread: it may take long to destroy what the generator holds.
  if (call.exhausted || call.cancelled()) call.source.reset();
}

void dispatcher::job_done(call_type& call) {
  const auto state = call.in_pool.exchange(pool_state::none);
  if (call.stuck) {
    --stuck_;
    call.log(log_level::info, "has ended, long after its call");
  }
  if (state == pool_state::abandoned) return release(call);
  if (call.entry().shape->form == method_form::plain) return finish(call);
  pump(call);
}

// Sends the items of a generator's batch, as far as the consumer takes them, then has the next batch made.
void dispatcher::pump(call_type& call) {
  while (call.batch_next < call.batch_ends.size() && !call.cancelled()) {
    if (!can_send(call)) return;
    const std::size_t from = call.batch_next == 0 ? 0 : call.batch_ends[call.batch_next - 1];
    const std::size_t to = call.batch_ends[call.batch_next++];
    answers_.part(call.id(), bytes_view(call.output()).substr(from, to - from));
  }
  if (call.source != nullptr) return start_job(call);
  finish(call);
}

// --- streams and back-pressure

void dispatcher::part(const message& m) {
  call_type* const call = find(m.call);
  if (call == nullptr) return;
  if (call->takes_chunks()) return call->deliver_chunk(m);
  if (!call->deliver(m)) abort(*call, errc::too_slow);
}

void dispatcher::window_opened(call_id id) {
  call_type* const call = find(id);
  if (call == nullptr) return;
  const method_form form = call->entry().shape->form;
  if (form == method_form::coroutine || call->in_transfer) return call->notify_sendable();
  if (form == method_form::generator && call->in_pool.load() == pool_state::none) pump(*call);
}

void dispatcher::flushed() {
  for (const call_type* call : open()) {
    if (call->in_transfer || call->entry().shape->kind == method_kind::stream) window_opened(call->id());
  }
}

// --- ends

void dispatcher::arm_deadline(call_type& call) {
  if (const auto when = call.deadline()) call.timer = loop_.at(*when, [this, &call] { abort(call, errc::timed_out); });
}

void dispatcher::cancelled(call_id id, errc why) {
  if (call_type* const call = find(id)) abort(*call, why);
}

void dispatcher::recalled(call_id id) {
  call_type* const call = find(id);
  if (call == nullptr || call->cancelled() || call->answered || call->in_transfer || call->takes_chunks()) return;
  if (call->entry().shape->form != method_form::plain) return;
  auto queued = pool_state::queued;
  if (!call->in_pool.compare_exchange_strong(queued, pool_state::abandoned)) return;
  loop_.cancel_timer(call->timer);
  message request = call->request();
  request.service = options_.service;
  call->answered = true;
  answers_.hand_back(request);
  delist(*call);
}

void dispatcher::connection_ended() {
  for (call_type* call : open()) {
    delist(*call);
    call->detached = true;
    abort(*call, errc::unavailable);
  }
}

// The caller does not wait for this call any more: tells its method. If it has not begun, replies at once.
void dispatcher::abort(call_type& call, errc why) {
  if (call.cancelled()) return;
  loop_.cancel_timer(call.timer);
  call.cancel(why);
  if (call.in_transfer || call.entry().shape->form == method_form::coroutine) return;
  auto queued = pool_state::queued;
  if (call.in_pool.compare_exchange_strong(queued, pool_state::abandoned)) {
    call.fail(why, std::string(detail::reason_text(why)));
    answer(call);
    delist(call);
  } else if (queued == pool_state::running) {
    watch_stuck(call);
  } else {
    pump(call);
  }
}

void dispatcher::watch_stuck(call_type& call) {
  call.timer = loop_.at(loop_.now() + options_.stuck_after, [this, &call] {
    call.stuck = true;
    ++stuck_;
    call.log(log_level::warn, "runs on though its call has ended: it holds a thread of the pool");
    if (stuck_ > options_.stuck_max && options_.on_stuck) options_.on_stuck();
  });
}

void dispatcher::answer(call_type& call) {
  if (std::exchange(call.answered, true) || call.detached) return;
  const bool streamed = call.entry().shape->kind == method_kind::stream;
  // A method that was told to stop may have stopped half-way: what it returned does not count.
  if (!call.failed() && call.cancelled()) {
    call.fail(call.cancel_reason(), std::string(detail::reason_text(call.cancel_reason())));
  }
  if (!call.failed() && !streamed && !call.sent_total() && call.output().size() > call.payload_bytes_max()) {
    call.fail(errc::too_large, call.entry().name + " returned " + std::to_string(call.output().size()) +
                                   " bytes, which exceeds the limit of " + std::to_string(call.payload_bytes_max()));
  }
  message m;
  m.call = call.id();
  m.service_time = service_time_of(call);
  if (call.failed()) {
    m.type = message_type::error;
    m.status = call.code();
    m.text = call.text();
    m.remote_type = std::string_view(call.remote_type()).substr(0, limits::name_bytes_max);
    m.origin = options_.origin;
    answers_.error(m);
    return;
  }
  m.type = message_type::final;
  m.metadata = metadata_view(call.trailing());
  if (streamed || call.sent_total()) {
    m.flags = message_flag::no_payload;
    m.total_bytes = call.sent_total();
  } else {
    m.payload = bytes_view(call.output());
  }
  answers_.final(m);
}

void dispatcher::finish(call_type& call) {
  if (call.goes_in_chunks() && !call.cancelled() && !call.detached) {
    enlist(call);
    return call.send_result_in_chunks();
  }
  answer(call);
  release(call);
}

}  // namespace gate
