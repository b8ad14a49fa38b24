#include <utility>

#include <gate/value.hpp>

#include "common/dialects/call_name.hpp"
#include "common/dialects/foreign_words.hpp"
#include "common/dialects/src/gaterpc_peer.hpp"

namespace gate::wire::gaterpc {
namespace {

// The id of this class's own request to the worker. The core has no call with this id.
constexpr call_id interfaces_call{0};

constexpr bytes_view no_arguments = "\x90";
constexpr bytes_view no_names = "\x80";

void say(frame_list& out, command what, frames_view body = {}) {
  worker_message m;
  m.what = what;
  m.body = body;
  append(out, m);
}

void request(frame_list& out, call_id call, bytes_view method, bytes_view positional, bytes_view named) {
  const call_name name(call);
  std::string function;
  encode_to(function, method);
  const std::array<bytes_view, 3> body{function, positional, named};
  worker_message m;
  m.what = command::request;
  m.client_id = m.request_id = name.bytes();
  m.body = body;
  append(out, m);
}

}  // namespace

// --- from the worker -------------------------------------------------------------------------------------------------

received worker_peer::receive(frames_view frames, frame_list& out) {
  using outcome = received::outcome;
  if (frames.size() < 2 || !frames[0].empty() || frames[1] != worker_tag) {
    return wrong(outcome::refused, "a gate-rpc worker changed its dialect");
  }
  const std::optional<worker_message> m = read_from_worker(frames);
  if (!m) return wrong(outcome::ignored, "no message of a gate-rpc worker");
  received r;
  switch (m->what) {
    case command::ready:
      r = on_ready(*m, out);
      break;
    case command::heartbeat:
      if (state_ == state::fresh || state_ == state::left) return wrong(outcome::ignored, "a heartbeat before READY");
      if (state_ == state::registered) r.add(of_type(message_type::heartbeat));
      break;
    case command::reply:
      if (state_ == state::fresh || state_ == state::left) return wrong(outcome::ignored, "a reply before READY");
      r = on_reply(*m);
      break;
    case command::disconnect:
      if (state_ == state::registered) r.add(of_type(message_type::bye));
      state_ = state::left;
      break;
    case command::request:
      break;  // only a broker sends it
  }
  r.credentials = m->credentials;
  return r;
}

received worker_peer::on_ready(const worker_message& m, frame_list& out) {
  using outcome = received::outcome;
  if (state_ == state::asked || state_ == state::registered) {
    return wrong(outcome::refused, "a second READY");
  }
  const std::optional<ready> said = read_ready(m.body[0]);
  if (!said) return wrong(outcome::ignored, "a READY that is not name:description:calls");
  if (said->service.empty() || said->service.size() > limits::name_bytes_max) {
    return wrong(outcome::refused, "a service's name has 1 to 255 bytes");
  }
  service_ = said->service;
  capacity_ = said->capacity;
  described_ = descriptor{};
  described_.description = clipped(said->description, limits::error_text_bytes_max);
  say(out, command::heartbeat);
  request(out, interfaces_call, interfaces_method, no_arguments, no_names);
  state_ = state::asked;
  return {};
}

received worker_peer::on_reply(const worker_message& m) {
  using outcome = received::outcome;
  const std::optional<call_id> call = call_name::read(m.request_id);
  if (!call || m.client_id != m.request_id) return wrong(outcome::ignored, "a reply to an unknown request");
  if (*call == interfaces_call) return on_interfaces(m.body);
  if (state_ != state::registered) return wrong(outcome::ignored, "a reply before any request");
  const std::optional<answer> a = read_answer(m.body);
  if (!a) {
    // The worker believes that it has answered, so the caller would wait for nothing.
    given_.erase(*call);
    return taken(error_of(*call, errc::protocol_error, "the worker's answer cannot be read"));
  }
  using kind = answer::kind;
  message said = of_type(message_type::final, *call);
  switch (a->what) {
    case kind::result:
      said.payload = a->content;
      break;
    case kind::item:
      said.type = message_type::part;
      said.payload = a->content;
      return taken(said);
    case kind::chunk:
      return on_chunk(*call, a->content);
    case kind::end:
    case kind::huge_end:
      said.flags = message_flag::no_payload;
      break;
    case kind::failure:
    case kind::item_failure:
    case kind::huge_failure:
      said = failure_of(*call, a->thrown);
      break;
  }
  const auto given = given_.find(*call);
  const bool began = given != given_.end() && given->second;
  if (given != given_.end()) given_.erase(given);
  if (a->what == kind::huge_end && !began) {
    return taken(error_of(*call, errc::protocol_error, "the worker ended a HugeData that it did not begin"));
  }
  return taken(said);
}

// Passes a chunk on. The first one is preceded by the head with which a HugeData begins in gate/2. Empty chunks are
// dropped.
received worker_peer::on_chunk(call_id call, bytes_view raw) {
  received r;
  const auto given = given_.find(call);
  if (given != given_.end() && !std::exchange(given->second, true)) {
    message head = of_type(message_type::part, call);
    head.flags = message_flag::no_payload;
    head.content = huge_content::value;
    head.encoding = options_.huge_encoding;
    r.add(head);
  }
  if (raw.empty()) return r;
  message chunk = of_type(message_type::part, call);
  chunk.payload = raw;
  r.add(chunk);
  return r;
}

received worker_peer::on_interfaces(frames_view body) {
  if (state_ != state::asked) return wrong(received::outcome::ignored, "a list of methods that came too late");
  const std::optional<answer> a = read_answer(body);
  if (a && a->what == answer::kind::result) {
    if (std::optional<std::vector<method_descriptor>> methods = read_interfaces(a->content)) {
      described_.methods = std::move(*methods);
    }
  }
  return register_now();
}

received worker_peer::settle() { return state_ == state::asked ? register_now() : received{}; }

received worker_peer::register_now() {
  state_ = state::registered;
  received r = taken(worker_hello(service_, capacity_));
  r.described = &described_;
  return r;
}

// --- to the worker ---------------------------------------------------------------------------------------------------

composed worker_peer::compose(const message& m, frame_list& out) {
  if (state_ == state::left) return unsaid();
  switch (m.type) {
    case message_type::request:
      return give(m, out);
    case message_type::heartbeat:
      say(out, command::heartbeat);
      return said();
    case message_type::bye:
      state_ = state::left;
      say(out, command::disconnect);
      return said();
    case message_type::recall:
      given_.erase(m.call);  // the core does not wait for its answer any more
      return unsaid();
    default:
      return unsaid();  // the dialect has no message for a cancel, credit or a drain
  }
}

// gate-rpc has only a DISCONNECT for this, without a reason.
void worker_peer::decline(frames_view, errc, std::string_view, frame_list& out) {
  state_ = state::left;
  say(out, command::disconnect);
}

composed worker_peer::give(const message& m, frame_list& out) {
  refusal why;
  const std::optional<arguments> a = arguments_of(m, why);
  if (!a) {
    composed c;
    c.has_back = true;
    c.back = error_of(m.call, why.status, why.text);
    return c;
  }
  given_.insert_or_assign(m.call, false);
  request(out, m.call, a->method, a->positional, a->named.empty() ? no_names : a->named);
  return said();
}

}  // namespace gate::wire::gaterpc
