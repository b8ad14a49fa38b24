#include <array>
#include <utility>

#include <gate/descriptor.hpp>
#include <gate/limits.hpp>
#include <gate/value.hpp>

#include "common/base/text_memory.hpp"
#include "common/dialects/foreign_words.hpp"
#include "common/dialects/gaterpc_broker.hpp"
#include "common/value/msgpack_scan.hpp"
#include "common/wire/descriptor_codec.hpp"

namespace gate::peer {

namespace rpc = wire::gaterpc;
using rpc::answer;
using rpc::answer_form;
using rpc::command;

namespace {

// The session needs credit, and gate-rpc has none. So each call gets this much, and more when half of it is used.
constexpr std::uint32_t plenty = 1u << 31;
constexpr std::uint32_t renewed_at = 1u << 30;

constexpr std::string_view unread_encoding = "the answer is compressed in a way that this broker's clients do not read";

// The answer to get_interfaces. Empty if the worker has a method of that name.
std::string interfaces_of(const descriptor& d) {
  for (const method_descriptor& m : d.methods) {
    if (m.name == rpc::interfaces_method) return {};
  }
  return rpc::interfaces_of(d.methods);
}

}  // namespace

void gaterpc_broker_of_worker::forget() { open_.clear(); }

// --- from the session ------------------------------------------------------------------------------------------------

void gaterpc_broker_of_worker::say(const message& m, wire::frame_list& out) {
  constexpr std::array<bytes_view, 1> farewell{};  // this broker ignores a DISCONNECT without a body
  switch (m.type) {
    case message_type::hello:
      return say_ready(m, out);
    case message_type::heartbeat:
      return say_command(command::heartbeat, {}, out);
    case message_type::bye:
      return say_command(command::disconnect, farewell, out);
    case message_type::drain:
      return tell(message_type::drained);  // gate-rpc has no drain: requests that still come are refused
    default:
      break;
  }
  const auto call = open_.find(m.call);
  if (call == open_.end()) return;
  switch (m.type) {
    case message_type::part:
      return say_part(m, call, out);
    case message_type::final:
      return say_final(m, call, out);
    case message_type::error:
      return say_error(m.status, m.remote_type, m.text, call, out);
    case message_type::returned:
      return say_error(errc::busy, {}, "the worker is leaving; try again", call, out);
    default:
      return;
  }
}

void gaterpc_broker_of_worker::say_command(command what, wire::frames_view body, wire::frame_list& out) const {
  rpc::worker_message m;
  m.what = what;
  m.credentials = login();
  m.body = body;
  append(out, m);
}

void gaterpc_broker_of_worker::say_ready(const message& hello, wire::frame_list& out) {
  keep_times(hello);
  service_ = hello.service;
  capacity_ = hello.capacity;
  if (service_.find(':') != std::string::npos || !wire::msgpack_scan::valid_utf8(service_)) {
    return tell_bye(errc::unsupported, "the name of a gate-rpc service is a text in UTF-8 without a colon");
  }
  const descriptor described = decode_descriptor(hello.payload.single()).value_or(descriptor{});
  interfaces_ = interfaces_of(described);
  const bool readable = wire::msgpack_scan::valid_utf8(described.description);
  const std::string ready =
      rpc::compose_ready({service_, readable ? bytes_view(described.description) : bytes_view(), capacity_});
  const std::array<bytes_view, 1> body{ready};
  say_command(command::ready, body, out);
}

void gaterpc_broker_of_worker::reply(const open_call& to, const answer& a, wire::frame_list& out) const {
  rpc::worker_message m;
  m.what = command::reply;
  m.credentials = login();
  m.client_id = to.client_id;
  m.request_id = to.request_id;
  append(out, m, a);
}

void gaterpc_broker_of_worker::say_part(const message& m, open_calls_map::iterator call, wire::frame_list& out) {
  open_call& c = call->second;
  const auto give_up = [&](errc status, std::string_view why) {
    tell(message_type::cancel, m.call);
    say_error(status, {}, why, call, out);
  };
  if (m.is_head()) {
    if (c.form != answer_form::single) return give_up(errc::protocol_error, wire::two_kinds);
    if (m.encoding != huge_encoding() || m.content != huge_content::value) {
      return give_up(errc::unsupported, unread_encoding);
    }
    c.form = answer_form::huge;
    return;
  }
  if (m.has(message_flag::no_payload)) return;
  if (m.encoding != 0) return give_up(errc::unsupported, unread_encoding);
  const bytes_view item = wire::value_of(m);
  if (c.form == answer_form::huge) {
    for (const bytes_view chunk : rpc::unmistakable(item)) {
      if (!chunk.empty()) reply(c, {answer::kind::chunk, chunk, {}}, out);
    }
  } else if (wire::msgpack_scan::one_value(item, wire::msgpack_scan::reader::python)) {
    c.form = answer_form::generator;
    reply(c, {answer::kind::item, item, {}}, out);
  } else {
    return give_up(errc::failed, "an item of the answer is nothing that Python can unpack");
  }
  c.items += 1;
  c.bytes += static_cast<std::uint32_t>(item.size());
  if (c.items < renewed_at && c.bytes < renewed_at) return;
  message credit = wire::of_type(message_type::credit, m.call);
  credit.credit_items = std::exchange(c.items, 0);
  credit.credit_bytes = std::exchange(c.bytes, 0);
  tell(credit);
}

void gaterpc_broker_of_worker::say_final(const message& m, open_calls_map::iterator call, wire::frame_list& out) {
  if (m.encoding != 0) return say_error(errc::unsupported, {}, unread_encoding, call, out);
  const bool empty = m.has(message_flag::no_payload);
  const bytes_view content = empty || m.payload.frames() == 0 ? bytes_view("\xc0") : wire::value_of(m);
  if (!wire::msgpack_scan::one_value(content, wire::msgpack_scan::reader::python)) {
    return say_error(errc::failed, {}, "the result is nothing that Python can unpack", call, out);
  }
  if (call->second.form == answer_form::huge) {
    if (!empty) return say_error(errc::protocol_error, {}, wire::two_kinds, call, out);
    reply(call->second, {answer::kind::chunk, {}, {}}, out);  // Python's workers send it too
    reply(call->second, {answer::kind::huge_end, {}, {}}, out);
    // A stream without items also ends here: it consists of its end only.
  } else if (call->second.form == answer_form::generator || empty) {
    if (!empty) reply(call->second, {answer::kind::item, content, {}}, out);
    reply(call->second, {answer::kind::end, {}, {}}, out);
  } else {
    reply(call->second, {answer::kind::result, content, {}}, out);
  }
  open_.erase(call);
}

void gaterpc_broker_of_worker::say_error(errc status, std::string_view type, std::string_view text,
                                         open_calls_map::iterator call, wire::frame_list& out) {
  const std::string_view shown_type = type.empty() ? rpc::class_of(status) : type;
  const std::string shown = rpc::represent(shown_type, text);
  reply(call->second, {rpc::failure_in(call->second.form), {}, {shown_type, shown, {}}}, out);
  open_.erase(call);
}

// --- from the broker -------------------------------------------------------------------------------------------------

void gaterpc_broker_of_worker::hear(wire::frames_view frames, wire::frame_list& out) {
  const std::optional<rpc::worker_message> m = rpc::read_from_broker(frames);
  if (!m) return;  // Python's workers ignore it too
  if (m->what == command::disconnect) {
    return tell_bye(errc::unavailable, welcomed() ? "the broker has disconnected this worker"
                                                  : "the broker turns this worker away; are its credentials right?");
  }
  tell_welcome();
  if (m->what == command::request) return take_request(*m, out);
  tell(message_type::heartbeat);
  // The broker counts only the answers to its heartbeats, not other messages.
  say_command(command::heartbeat, {}, out);
}

void gaterpc_broker_of_worker::take_request(const rpc::worker_message& m, wire::frame_list& out) {
  const call_id id{++last_call_};
  const auto call = open_.emplace(id, open_call{std::string(m.client_id), std::string(m.request_id)}).first;
  std::string_view why;
  const std::optional<rpc::arguments> a = rpc::read_arguments(m.body, why);
  if (!a) return say_error(errc::invalid_argument, {}, why, call, out);
  if (a->method == rpc::interfaces_method && !interfaces_.empty()) {
    reply(call->second, {answer::kind::result, interfaces_, {}}, out);
    open_.erase(call);
    return;
  }
  // This kind of broker adds one to the worker's credit for each item of a stream, so it may send more calls than the
  // worker has capacity for.
  if (open_.size() > capacity_) {
    return say_error(errc::busy, {}, "the worker is at its capacity", call, out);
  }
  message request = wire::of_type(message_type::request, id);
  request.flags = message_flag::wants_stream;  // the client takes a stream as well as a single answer
  request.service = service_;
  request.method = a->method;
  request.payload = a->positional;
  request.accept = huge_encoding();
  request.credit_items = request.credit_bytes = plenty;
  if (!a->named.empty()) {
    request.flags |= message_flag::named;
    clear_for_reuse(scratch_);
    scratch_.assign("\x92").append(a->positional).append(a->named);
    request.payload = bytes_view(scratch_);
  }
  tell(request);
}

}  // namespace gate::peer
