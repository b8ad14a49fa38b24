#include <utility>

#include "common/base/text_memory.hpp"
#include "common/dialects/foreign_words.hpp"
#include "common/dialects/src/gaterpc_peer.hpp"
#include "common/value/msgpack_scan.hpp"

namespace gate::wire::gaterpc {
namespace {

constexpr std::string_view unread_encoding = "the answer is compressed in a way that this client does not read";

void reply(frame_list& out, bytes_view service, bytes_view request_id, const answer& a) {
  out.add({});
  out.add(client_tag);
  out.add(service);
  out.add(request_id);
  append_body(out, a);
  out.end_message();
}

void reply_error(frame_list& out, const client_message& to, errc status, std::string_view text) {
  const std::string shown = represent(class_of(status), text);
  reply(out, to.service, to.request_id, answer{answer::kind::failure, {}, {class_of(status), shown, {}}});
}

}  // namespace

// --- from the client -------------------------------------------------------------------------------------------------

received client_peer::receive(frames_view frames, frame_list& out) {
  using outcome = received::outcome;
  if (frames.size() < 2 || !frames[0].empty() || frames[1] != client_tag) {
    return wrong(outcome::refused, "a gate-rpc client changed its dialect");
  }
  const std::optional<client_message> m = read_client_request(frames);
  if (!m) return wrong(outcome::ignored, "a request without a request id or a function");
  const auto answered = [&](errc status, std::string_view why) {
    reply_error(out, *m, status, why);
    return wrong(outcome::answered, why);
  };
  if (m->service.empty() || m->service.size() > limits::name_bytes_max) {
    return answered(errc::unavailable, "a service's name has 1 to 255 bytes");
  }
  if (m->request_id.size() > request_id_bytes_max) return answered(errc::too_large, "the request id is too long");
  std::string_view why;
  const std::optional<arguments> a = read_arguments(m->body, why);
  if (!a) return answered(errc::invalid_argument, why);
  if (open_.size() >= options_.calls_max) return answered(errc::busy, "this client has too many calls open");
  return begin(*m, *a);
}

received client_peer::begin(const client_message& from, const arguments& a) {
  received r;
  r.credentials = from.credentials;
  if (!std::exchange(known_, true)) r.add(client_hello());
  message m = of_type(message_type::request, call_id{++last_call_});
  m.flags = message_flag::wants_stream;  // the client takes a stream as well as a single answer
  m.service = from.service;
  m.method = a.method;
  m.accept = options_.huge_encoding;
  m.payload = a.positional;
  if (!a.named.empty()) {
    m.flags |= message_flag::named;
    clear_for_reuse(scratch_);
    scratch_.assign("\x92").append(a.positional).append(a.named);
    m.payload = bytes_view(scratch_);
  }
  open_.emplace(m.call, open_call{std::string(from.service), std::string(from.request_id), answer_form::single});
  r.add(m);
  return r;
}

void client_peer::decline(frames_view frames, errc why, std::string_view text, frame_list& out) {
  if (const std::optional<client_message> m = read_client_request(frames)) reply_error(out, *m, why, text);
}

// --- to the client ---------------------------------------------------------------------------------------------------

composed client_peer::compose(const message& m, frame_list& out) {
  const auto call = open_.find(m.call);
  if (call == open_.end()) return unsaid();
  switch (m.type) {
    case message_type::part:
      return say_part(m, call, out);
    case message_type::final:
      return say_final(m, call, out);
    case message_type::error:
      return say_error(m, call, out);
    default:
      return unsaid();
  }
}

composed client_peer::say_part(const message& m, open_calls_map::iterator call, frame_list& out) {
  open_call& c = call->second;
  if (m.is_head()) return begin_huge(m, call, out);
  if (m.has(message_flag::no_payload)) return unsaid();
  if (m.encoding != 0) return give_up(call, unread_encoding, out);
  const bytes_view content = value_of(m);
  if (c.form == answer_form::huge) {
    for (const bytes_view chunk : unmistakable(content)) {
      if (!chunk.empty()) reply(out, c.service, c.request_id, answer{answer::kind::chunk, chunk, {}});
    }
    return said();
  }
  if (!msgpack_scan::one_value(content, msgpack_scan::reader::python)) {
    return give_up(call, "an item of the answer is nothing that Python can unpack", out);
  }
  c.form = answer_form::generator;
  reply(out, c.service, c.request_id, answer{answer::kind::item, content, {}});
  return said();
}

// Sends nothing: gate-rpc has no message for the head of a HugeData.
composed client_peer::begin_huge(const message& m, open_calls_map::iterator call, frame_list& out) {
  open_call& c = call->second;
  if (c.form != answer_form::single) return give_up(call, two_kinds, out);
  if (m.encoding != options_.huge_encoding || m.content != huge_content::value) {
    return give_up(call, unread_encoding, out);
  }
  c.form = answer_form::huge;
  return said();
}

composed client_peer::say_final(const message& m, open_calls_map::iterator call, frame_list& out) {
  open_call& c = call->second;
  const bool empty = m.has(message_flag::no_payload);
  const bytes_view content = empty || m.payload.frames() == 0 ? bytes_view("\xc0") : value_of(m);
  // It is an empty generator: nil would be a value.
  if (empty && c.form == answer_form::single) c.form = answer_form::generator;
  // The worker has ended the call. So if the answer cannot be sent, only the client needs to know.
  const bool huge = c.form == answer_form::huge;
  if (m.encoding != 0) return say_error(error_of(m.call, errc::unsupported, unread_encoding), call, out);
  if (huge && !empty) return say_error(error_of(m.call, errc::protocol_error, two_kinds), call, out);
  if (!huge && !msgpack_scan::one_value(content, msgpack_scan::reader::python)) {
    return say_error(error_of(m.call, errc::failed, "the result is nothing that Python can unpack"), call, out);
  }
  switch (c.form) {
    case answer_form::single:
      reply(out, c.service, c.request_id, answer{answer::kind::result, content, {}});
      break;
    case answer_form::generator:
      if (!empty) reply(out, c.service, c.request_id, answer{answer::kind::item, content, {}});
      reply(out, c.service, c.request_id, answer{answer::kind::end, {}, {}});
      break;
    case answer_form::huge:
      reply(out, c.service, c.request_id, answer{answer::kind::chunk, {}, {}});  // Python's workers send it too
      reply(out, c.service, c.request_id, answer{answer::kind::huge_end, {}, {}});
      break;
  }
  open_.erase(call);
  return said();
}

composed client_peer::say_error(const message& m, open_calls_map::iterator call, frame_list& out) {
  const open_call& c = call->second;
  const std::string_view type = m.remote_type.empty() ? class_of(m.status) : m.remote_type;
  const std::string shown = represent(type, m.text);
  const bytes_view traceback = m.payload.single();
  reply(out, c.service, c.request_id, answer{failure_in(c.form), {}, {type, shown, traceback}});
  open_.erase(call);
  return said();
}

// Tells the client that its call has failed, and cancels the call at the core.
composed client_peer::give_up(open_calls_map::iterator call, std::string_view why, frame_list& out) {
  const call_id id = call->first;
  composed c = say_error(error_of(id, errc::unsupported, why), call, out);
  c.has_back = true;
  c.back = of_type(message_type::cancel, id);
  return c;
}

}  // namespace gate::wire::gaterpc
