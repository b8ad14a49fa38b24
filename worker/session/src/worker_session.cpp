#include "worker/session/worker_session.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gate/assert.hpp>

#include "common/link/call_slots.hpp"
#include "common/link/id_map.hpp"
#include "common/link/link.hpp"
#include "common/protocol/window.hpp"

namespace gate::worker {
namespace {

constexpr std::string_view too_large_text = "the result is larger than the broker takes; send it in parts";

}  // namespace

class session::impl final : public peer::link::owner {
 public:
  impl(const session_options& options, handler& world)
      : world_(world), capacity_(options.capacity), link_(options, *this) {}

  peer::link& link() noexcept { return link_; }
  const peer::link& link() const noexcept { return link_; }

  void received(const message& m, instant now);
  bool window_open(call_id call) const noexcept;
  bool part(message m);
  bool final(message m);
  bool error(message m);
  bool hand_back(message m);
  bool grant(call_id call, std::uint32_t items, std::uint32_t bytes);
  void drain(instant now);
  state current() const noexcept;
  std::size_t open_calls() const noexcept { return calls_.size(); }

 private:
  struct call {
    call_id remote{};      // the broker's number
    peer::window outward;  // for the parts that we send
    peer::window inward;   // the credit granted to the caller's parts
    bool cancelled = false;
    bool takes_parts = false;  // the caller's stream is open
    bool takes_huge = false;   // the reply may come in chunks, and has not begun

    void reset() noexcept { *this = call(); }
  };

  void link_open() override { world_.open(); }
  void link_close() override { world_.close(); }
  void link_send(const message& m) override { world_.send(m); }
  void link_up(const message& welcome, instant now) override;
  void link_lost(errc why, std::string_view text, std::chrono::milliseconds pause, instant now) override;
  void link_closed(errc why, std::string_view text, instant now) override;

  void begin(const message& m, instant now);
  void refuse(const message& m);
  void take_part(const message& m, instant now);
  void take_credit(const message& m);
  void cancel(call_id remote);
  void recall(call_id remote);
  void drained(instant now);
  bool end(call_id id, message& m);
  void too_large(call_id id);
  void close_when_done(instant now);
  void abandon_calls();

  handler& world_;
  std::uint32_t capacity_;
  peer::link link_;
  peer::call_slots<call> calls_;
  peer::id_map by_remote_;
  instant now_{};          // the latest time that was handed in
  bool draining_ = false;  // drain() was called while registered
  bool drained_ = false;   // and the broker has confirmed that no more requests are on their way
};

void session::impl::received(const message& m, instant now) {
  now_ = now;
  if (!link_.received(m, now)) return;
  switch (m.type) {
    case message_type::request:
      return begin(m, now);
    case message_type::part:
      return take_part(m, now);
    case message_type::credit:
      return take_credit(m);
    case message_type::cancel:
      return cancel(m.call);
    case message_type::recall:
      return recall(m.call);
    case message_type::drained:
      return drained(now);
    case message_type::drain:
      return world_.broker_drains();
    default:
      return link_.violation("a message that no worker is sent", now);
  }
}

void session::impl::begin(const message& m, instant now) {
  if (by_remote_.find(m.call) != call_id{}) return link_.violation("a request under the number of an open call", now);
  if (draining_) return refuse(m);
  if (calls_.size() >= capacity_) return link_.violation("more requests than the capacity announced", now);
  const auto [id, record] = calls_.add();
  record->remote = m.call;
  record->takes_parts = m.has(message_flag::client_stream);
  record->takes_huge = m.accept != 0 && !m.has(message_flag::one_way);
  record->outward.grow(m.credit_items, m.credit_bytes);
  by_remote_.insert(m.call, id);
  message ours = m;
  ours.call = id;
  world_.request(ours);
}

void session::impl::refuse(const message& m) {
  message back = m;
  back.type = message_type::returned;
  world_.send(back);
}

void session::impl::take_part(const message& m, instant now) {
  const call_id id = by_remote_.find(m.call);
  call* const record = calls_.find(id);
  if (record == nullptr || record->cancelled) return;  // the call ended while the message was on its way
  if (!record->takes_parts) return link_.violation("a part of a stream that is closed", now);
  const bool bare_end = m.has(message_flag::end_of_parts) && m.has(message_flag::no_payload);
  if (!bare_end) {
    if (!record->inward.open()) return link_.violation("a part beyond the credit", now);
    record->inward.take(m.payload.size_bytes());
  }
  if (m.has(message_flag::end_of_parts)) record->takes_parts = false;
  message ours = m;
  ours.call = id;
  world_.part(ours);
}

void session::impl::take_credit(const message& m) {
  const call_id id = by_remote_.find(m.call);
  call* const record = calls_.find(id);
  if (record == nullptr || record->cancelled) return;
  const bool was_open = record->outward.open();
  record->outward.grow(m.credit_items, m.credit_bytes);
  if (!was_open && record->outward.open()) world_.window_opened(id);
}

void session::impl::cancel(call_id remote) {
  const call_id id = by_remote_.find(remote);
  call* const record = calls_.find(id);
  if (record == nullptr || record->cancelled) return;
  record->cancelled = true;
  world_.cancelled(id, errc::cancelled);
}

void session::impl::recall(call_id remote) {
  const call_id id = by_remote_.find(remote);
  const call* const record = calls_.find(id);
  if (record != nullptr && !record->cancelled) world_.recalled(id);
}

void session::impl::drained(instant now) {
  if (!draining_ || drained_) return link_.violation("drained, though no drain was asked for", now);
  drained_ = true;
  close_when_done(now);
}

bool session::impl::window_open(call_id id) const noexcept {
  const call* const record = calls_.find(id);
  return record != nullptr && !record->cancelled && record->outward.open();
}

bool session::impl::part(message m) {
  call* const record = calls_.find(m.call);
  if (record == nullptr) return false;
  if (record->cancelled) return true;  // nobody reads it any more
  const std::size_t bytes = m.payload.size_bytes();
  if (bytes > link_.payload_bytes_max()) {
    too_large(m.call);
    return false;
  }
  m.type = message_type::part;
  if (m.is_head()) {
    GATE_ASSERT(std::exchange(record->takes_huge, false));
  } else {
    GATE_ASSERT(record->outward.open());
    record->outward.take(bytes);
  }
  m.call = record->remote;
  world_.send(m);
  return true;
}

bool session::impl::final(message m) {
  if (m.payload.size_bytes() > link_.payload_bytes_max()) {
    if (calls_.find(m.call) == nullptr) return false;
    too_large(m.call);
    return true;
  }
  m.type = message_type::final;
  return end(m.call, m);
}

bool session::impl::error(message m) {
  m.type = message_type::error;
  m.origin = origin::worker;
  if (m.status == errc::ok) m.status = errc::internal;
  return end(m.call, m);
}

bool session::impl::hand_back(message m) {
  m.type = message_type::returned;
  return end(m.call, m);
}

bool session::impl::end(call_id id, message& m) {
  call* const record = calls_.find(id);
  if (record == nullptr) return false;
  m.call = record->remote;
  by_remote_.erase(record->remote);
  calls_.remove(id);
  world_.send(m);
  close_when_done(now_);
  return true;
}

void session::impl::too_large(call_id id) {
  message m;
  m.call = id;
  m.status = errc::too_large;
  m.text = too_large_text;
  error(m);
}

bool session::impl::grant(call_id id, std::uint32_t items, std::uint32_t bytes) {
  call* const record = calls_.find(id);
  if (record == nullptr) return false;
  if (record->cancelled || !record->takes_parts) return true;  // no more items come
  record->inward.grow(items, bytes);
  message m;
  m.type = message_type::credit;
  m.call = record->remote;
  m.credit_items = items;
  m.credit_bytes = bytes;
  world_.send(m);
  return true;
}

void session::impl::drain(instant now) {
  now_ = now;
  if (draining_ || link_.current() == peer::link::state::closed) return;
  if (!link_.up()) return link_.close("drained before it was registered", now);
  draining_ = true;
  link_.retire();
  message m;
  m.type = message_type::drain;
  world_.send(m);
}

// Closes the link when the drain is complete. Requests that were on their way when we asked to drain are handed back
// when they arrive. So the session waits until the broker confirms that no more requests come.
void session::impl::close_when_done(instant now) {
  if (draining_ && drained_ && calls_.size() == 0) link_.close("drained", now);
}

void session::impl::link_up(const message& welcome, instant) { world_.serving(welcome); }

void session::impl::link_lost(errc why, std::string_view text, std::chrono::milliseconds pause, instant) {
  abandon_calls();
  world_.lost(why, text, pause);
}

void session::impl::link_closed(errc why, std::string_view text, instant) {
  abandon_calls();
  world_.closed(why, text);
}

void session::impl::abandon_calls() {
  struct lost_call {
    call_id id;
    bool told;
  };
  std::vector<lost_call> lost;
  lost.reserve(calls_.size());
  for (const call_id id : calls_.ids()) {
    lost.push_back({id, calls_.find(id)->cancelled});
    calls_.remove(id);
  }
  by_remote_.clear();
  for (const lost_call& c : lost) {
    if (!c.told) world_.cancelled(c.id, errc::unavailable);
  }
}

session::state session::impl::current() const noexcept {
  switch (link_.current()) {
    case peer::link::state::idle:
      return state::idle;
    case peer::link::state::connecting:
      return state::connecting;
    case peer::link::state::greeting:
      return state::greeting;
    case peer::link::state::up:
      return draining_ ? state::draining : state::serving;
    case peer::link::state::waiting:
      return state::waiting;
    case peer::link::state::closed:
      break;
  }
  return state::closed;
}

session::session(const session_options& options, handler& world) : impl_(std::make_unique<impl>(options, world)) {}
session::~session() = default;

void session::start(instant now) { impl_->link().start(now); }
void session::connected(instant now) { impl_->link().connected(now); }
void session::ended(errc why, std::string_view text, instant now) { impl_->link().ended(why, text, now); }
void session::received(const message& m, instant now) { impl_->received(m, now); }
void session::arriving(instant now) { impl_->link().arriving(now); }
void session::malformed(std::string_view why, instant now) { impl_->link().violation(why, now); }
void session::tick(instant now) { impl_->link().tick(now); }
instant session::next_deadline() const noexcept { return impl_->link().next_deadline(); }

bool session::window_open(call_id call) const noexcept { return impl_->window_open(call); }
bool session::part(call_id call, payload_view item) {
  message m;
  m.call = call;
  m.payload = item;
  return impl_->part(m);
}
bool session::part(const message& m) { return impl_->part(m); }
bool session::final(const message& m) { return impl_->final(m); }
bool session::error(const message& m) { return impl_->error(m); }
bool session::hand_back(const message& request) { return impl_->hand_back(request); }
bool session::grant(call_id call, std::uint32_t items, std::uint32_t bytes) { return impl_->grant(call, items, bytes); }

void session::drain(instant now) { impl_->drain(now); }
void session::close(instant now) { impl_->link().close("closed", now); }

session::state session::current() const noexcept { return impl_->current(); }
std::size_t session::open_calls() const noexcept { return impl_->open_calls(); }
std::uint64_t session::payload_bytes_max() const noexcept { return impl_->link().payload_bytes_max(); }

}  // namespace gate::worker
