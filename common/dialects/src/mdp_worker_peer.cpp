#include <algorithm>

#include "common/dialects/call_name.hpp"
#include "common/dialects/foreign_words.hpp"
#include "common/dialects/mdp.hpp"

namespace gate::wire::mdp {
namespace {

// Majordomo's workers take one request at a time.
constexpr std::uint32_t capacity = 1;

}  // namespace

// --- from the worker -------------------------------------------------------------------------------------------------

// An invalid or unexpected message is refused. The broker then says bye, which goes out as the DISCONNECT that RFC 7
// and RFC 18 demand.
received worker_peer::receive(frames_view frames, frame_list&) {
  using outcome = received::outcome;
  if (state_ == state::left) return wrong(outcome::ignored, "a message after a DISCONNECT");
  const reading<worker_message> m = version_.read_from_worker(frames);
  if (!m) return wrong(outcome::refused, to_string(m.error()));
  if (m->what == word::disconnect) {
    const bool registered = state_ == state::registered;
    state_ = state::left;
    return registered ? taken(of_type(message_type::bye)) : received{};
  }
  if (m->what == word::ready) return on_ready(*m);
  if (state_ == state::fresh) return wrong(outcome::refused, "the first message of a worker must be READY");
  return m->what == word::heartbeat ? taken(of_type(message_type::heartbeat)) : on_answer(*m);
}

received worker_peer::on_ready(const worker_message& m) {
  if (state_ == state::registered) return wrong(received::outcome::refused, "a second READY");
  state_ = state::registered;
  service_ = m.service;
  return taken(worker_hello(service_, capacity));
}

received worker_peer::on_answer(const worker_message& m) {
  const std::optional<call_id> call = call_name::read(m.address);
  const auto held = std::find_if(open_.begin(), open_.end(), [&](const open_call& c) { return c.call == call; });
  if (held == open_.end()) return wrong(received::outcome::refused, "an answer without a request");
  message said = of_type(m.what == word::partial ? message_type::part : message_type::final, held->call);
  // The last reply of several must have a body. If that body is empty, it is only the end of the stream.
  if (m.what == word::final && held->streams && m.body.size() == 1 && m.body[0].empty()) {
    said.flags = message_flag::no_payload;
  } else {
    said.payload = read_result(m.body, scratch_);
  }
  held->streams = true;
  if (m.what == word::final) open_.erase(held);
  return taken(said);
}

// --- to the worker ---------------------------------------------------------------------------------------------------

composed worker_peer::compose(const message& m, frame_list& out) {
  if (state_ == state::left) return unsaid();
  switch (m.type) {
    case message_type::request:
      return give(m, out);
    case message_type::heartbeat:
      version_.append_worker(out, {word::heartbeat, {}, {}, {}});
      return said();
    case message_type::bye:
      state_ = state::left;
      version_.append_worker(out, {word::disconnect, {}, {}, {}});
      return said();
    case message_type::recall:
      forget(m.call);
      return unsaid();
    default:
      return unsaid();  // the dialect has no message for a cancel, credit or a drain
  }
}

// The core does not wait for this answer any more. If it still comes, it is no fault. Some never come, so the number of
// remembered calls is limited.
void worker_peer::forget(call_id call) {
  constexpr std::size_t forgotten_max = 64;
  const auto held = std::find_if(open_.begin(), open_.end(), [&](const open_call& c) { return c.call == call; });
  if (held != open_.end()) held->forgotten = true;
  const auto is_forgotten = [](const open_call& c) { return c.forgotten; };
  const auto count = std::count_if(open_.begin(), open_.end(), is_forgotten);
  if (static_cast<std::size_t>(count) <= forgotten_max) return;
  open_.erase(std::find_if(open_.begin(), open_.end(), is_forgotten));
}

composed worker_peer::give(const message& m, frame_list& out) {
  const auto refused = [&](errc status, std::string_view why) {
    composed c;
    c.has_back = true;
    c.back = error_of(m.call, status, why);
    return c;
  };
  if (m.has(message_flag::client_stream)) {
    return refused(errc::unsupported, "a Majordomo worker takes no stream of items");
  }
  const std::string_view why = compose_call(m, body_);
  if (!why.empty()) return refused(errc::invalid_argument, why);
  const call_name name(m.call);
  version_.append_worker(out, {word::request, {}, name.bytes(), body_});
  open_.push_back({m.call, false, false});
  return said();
}

}  // namespace gate::wire::mdp
