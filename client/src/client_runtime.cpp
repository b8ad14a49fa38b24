#include "client/src/client_runtime.hpp"

#include <algorithm>
#include <utility>

#include <gate/descriptor.hpp>
#include <gate/error.hpp>
#include <gate/limits.hpp>

#include "common/base/random.hpp"
#include "common/channel/this_process.hpp"
#include "common/dialects/make_foreign_broker.hpp"
#include "common/link/call_slots.hpp"
#include "common/wire/descriptor_codec.hpp"

namespace gate::client {

namespace {

session_options session_options_of(const client_options& o) {
  session_options s;
  s.name = o.name;
  s.encoded_descriptor = encode_descriptor(peer::describe_this_process());
  s.heartbeat_interval = o.heartbeat_interval;
  s.heartbeat_liveness = o.heartbeat_liveness;
  s.connect_timeout = o.connect_timeout;
  s.pause_min = o.reconnect_pause_min;
  s.pause_max = o.reconnect_pause_max;
  s.endpoints = std::make_shared<peer::fixed_endpoint>(o.endpoint);
  s.silence_hint = peer::silence_hint(o.dialect, o.credentials);
  s.idle_timeout = o.idle_timeout;
  s.attempts_max = o.attempts_max;
  s.kept_bytes_max = o.kept_bytes_max;
  s.seed = peer::random_seed();
  return s;
}

peer::channel_options channel_options_of(const client_options& o) {
  peer::channel_options c;
  c.connect_timeout = o.connect_timeout;
  c.shown = peer::shown_by_transport(o.dialect, o.credentials);
  c.login_timeout = std::min(limits::login_timeout, o.connect_timeout);
  c.transport_heartbeat_interval = o.transport_heartbeat_interval;
  c.transport_heartbeat_timeout = o.transport_heartbeat_timeout;
  c.frame_bytes_max = o.frame_bytes_max;
  c.out_queue_bytes_max = o.out_queue_bytes_max;
  c.messages_per_turn_max = o.messages_per_turn_max;
  return c;
}

std::uint32_t slot_of(call_id call) noexcept { return peer::call_slots<int>::slot_of(call); }

}  // namespace

runtime::runtime(loop& where, const client_options& options)
    : loop_(where),
      channel_(where, channel_options_of(options), *this,
               peer::make_foreign_broker(options.dialect, peer_role::client, options.credentials,
                                         options.gaterpc_compression)),
      session_(session_options_of(options), *this),
      ticker_(where, session_) {
  session_.start(loop_.now());
}

void runtime::shut_down() {
  session_.close(loop_.now());
  changes_.notify_all();
}

// --- calls

runtime::open_call* runtime::find(call_id call) noexcept {
  const std::uint32_t slot = slot_of(call);
  if (slot >= open_calls_.size() || open_calls_[slot].id != call) return nullptr;
  return &open_calls_[slot];
}

runtime::open_call& runtime::enter(call_id call) {
  const std::uint32_t slot = slot_of(call);
  if (slot >= open_calls_.size()) open_calls_.resize(slot + 1);
  open_calls_[slot].id = call;
  return open_calls_[slot];
}

call_id runtime::begin(message& m, detail::reply_events& caller) {
  const call_id call = session_.begin(m, loop_.now());
  enter(call).caller = &caller;
  return call;
}

call_id runtime::begin(message& m, std::shared_ptr<detail::stream_events> stream) {
  const call_id call = session_.begin(m, loop_.now());
  enter(call).stream = std::move(stream);
  return call;
}

void runtime::cancel(call_id call) {
  open_call* const found = find(call);
  if (found == nullptr) return;
  const open_call ended = std::exchange(*found, open_call());
  session_.cancel(call, loop_.now());
}

void runtime::send_part(call_id call, bytes_view item) { session_.part(call, payload_view(item), 0, loop_.now()); }

void runtime::end_parts(call_id call) {
  session_.part(call, payload_view(), message_flag::end_of_parts | message_flag::no_payload, loop_.now());
}

void runtime::grant(call_id call, std::uint32_t items, std::uint32_t bytes) {
  session_.grant(call, items, bytes, loop_.now());
}

// --- from the session

void runtime::part(call_id call, const message& m) {
  open_call* const found = find(call);
  if (found == nullptr) return;
  if (found->caller != nullptr && m.is_head()) {
    found->stream = std::exchange(found->caller, nullptr)->on_head(call);
  }
  // A copy of the pointer: on_part() may end the call and remove it from the table.
  if (const std::shared_ptr<detail::stream_events> stream = found->stream) stream->on_part(m);
}

void runtime::window_opened(call_id call) {
  if (open_call* const found = find(call); found != nullptr && found->stream) found->stream->on_window();
}

void runtime::finished(call_id call, const message& m) {
  open_call* const found = find(call);
  if (found == nullptr) return;
  const open_call ended = std::exchange(*found, open_call());
  if (ended.stream) {
    ended.stream->on_final(m);
  } else if (ended.caller != nullptr) {
    ended.caller->on_final(m);
  }
}

void runtime::failed(call_id call, const session::failure& f) {
  open_call* const found = find(call);
  if (found == nullptr) return;
  const open_call ended = std::exchange(*found, open_call());
  std::string text(f.text);
  if (f.origin == origin::local && f.status == errc::unavailable && !is_ready() && !last_loss_.empty() &&
      text.find(last_loss_) == std::string::npos) {
    text += " (" + last_loss_ + ")";
  }
  auto error = std::make_exception_ptr(Error(f.status, text, f.origin, std::string(f.remote_type), f.retry));
  if (ended.stream) {
    ended.stream->on_error(std::move(error));
  } else if (ended.caller != nullptr) {
    ended.caller->on_error(std::move(error));
  }
}

void runtime::ready(const message&) {
  last_loss_.clear();
  changes_.notify_all();
}

void runtime::lost(errc, std::string_view text, std::chrono::milliseconds) { last_loss_ = text; }

void runtime::closed(errc why, std::string_view text) {
  if (why != errc::ok) refusal_ = std::make_exception_ptr(Error(why, std::string(text), origin::broker));
  changes_.notify_all();
}

void runtime::flushed() {
  for (const open_call& call : open_calls_) {
    if (call.stream) call.stream->on_window();
  }
}

}  // namespace gate::client
