#include <gate/assert.hpp>

#include "common/dialects/foreign_words.hpp"
#include "common/dialects/mdp.hpp"

namespace gate::wire::mdp {
namespace {

// Each frame counts for this much beside its bytes, so that many small parts are limited as well.
constexpr std::size_t frame_cost_bytes = 64;

constexpr std::string_view broker_prefix = "mmi.";

}  // namespace

// --- from the client -------------------------------------------------------------------------------------------------

received client_peer::receive(frames_view frames, frame_list&) {
  const reading<client_message> read = version_.read_from_client(frames);
  if (!read) return wrong(received::outcome::refused, to_string(read.error()));
  if (open_.size() >= options_.calls_max) {
    return wrong(received::outcome::ignored, "this client has too many calls open");
  }
  received r;
  if (!known_) r.add(client_hello());
  known_ = true;
  const call_view call = read_call(read->body, scratch_);
  message m = of_type(message_type::request, call_id{++last_call_});
  m.flags = message_flag::wants_stream;  // parts are partial replies, or are joined
  if (call.named) m.flags |= message_flag::named;
  m.service = read->service;
  m.method = call.method;
  m.payload = call.payload;
  open_.emplace(m.call, open_call{std::string(read->service), {}, 0});
  r.for_broker = m.service.starts_with(broker_prefix);
  r.add(m);
  return r;
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
      close(call);
      return {composed::outcome::dropped, false, {}};
    default:
      return unsaid();
  }
}

composed client_peer::say_part(const message& m, open_calls_map::iterator call, frame_list& out) {
  if (m.has(message_flag::no_payload)) return unsaid();
  // The client did not ask for an encoding, and could not see that there is one.
  if (m.encoding != 0) return give_up(call);
  open_call& c = call->second;
  body_.clear();
  compose_result(value_of(m), body_);
  if (version_.partials) {
    version_.append_client(out, {word::partial, c.service, body_});
    return said();
  }
  for (const bytes_view frame : body_) {
    c.parts.emplace_back(frame);
    c.parts_bytes += frame.size() + frame_cost_bytes;
    joined_bytes_ += frame.size() + frame_cost_bytes;
  }
  joined_share_.set(joined_bytes_);
  return joined_bytes_ > options_.joined_bytes_max ? give_up(call) : said();
}

composed client_peer::say_final(const message& m, open_calls_map::iterator call, frame_list& out) {
  if (m.encoding != 0) {
    close(call);
    return {composed::outcome::dropped, false, {}};
  }
  const open_call& c = call->second;
  body_.assign(c.parts.begin(), c.parts.end());
  const bool empty = m.has(message_flag::no_payload);
  if (!empty || body_.empty()) compose_result(empty ? bytes_view() : value_of(m), body_);
  version_.append_client(out, {word::final, c.service, body_});
  close(call);
  return said();
}

composed client_peer::give_up(open_calls_map::iterator call) {
  composed c{composed::outcome::dropped, true, of_type(message_type::cancel, call->first)};
  close(call);
  return c;
}

void client_peer::close(open_calls_map::iterator call) {
  GATE_ASSERT(joined_bytes_ >= call->second.parts_bytes);
  joined_bytes_ -= call->second.parts_bytes;
  joined_share_.set(joined_bytes_);
  open_.erase(call);
}

}  // namespace gate::wire::mdp
