#include "common/src/wire/mdp02.hpp"

#include <gate/assert.hpp>

#include "common/src/wire/mdp_frames.hpp"

namespace gate::wire::mdp02 {
namespace {

using mdp::client_message;
using mdp::fault;
using mdp::reading;
using mdp::word;
using mdp::worker_message;

constexpr bytes_view client_octet(word what) noexcept {
  switch (what) {
    case word::request:
      return "\x01";
    case word::partial:
      return "\x02";
    case word::final:
      return "\x03";
    case word::ready:
    case word::heartbeat:
    case word::disconnect:
      break;  // between broker and worker only
  }
  return {};
}

constexpr bytes_view worker_octet(word what) noexcept {
  switch (what) {
    case word::ready:
      return "\x01";
    case word::request:
      return "\x02";
    case word::partial:
      return "\x03";
    case word::final:
      return "\x04";
    case word::heartbeat:
      return "\x05";
    case word::disconnect:
      return "\x06";
  }
  return {};
}

template <class... Words> reading<client_message> read_client(frames_view frames, Words... words) {
  if (frames.empty() || frames[0] != client_header) return fault::header;
  if (frames.size() < 2) return fault::too_short;
  for (const word what : {words...}) {
    if (frames[1] == client_octet(what)) return mdp::read_service_and_body(what, frames.subspan(2));
  }
  return fault::unknown;
}

reading<client_message> read_from_client(frames_view frames) { return read_client(frames, word::request); }
reading<client_message> read_to_client(frames_view frames) { return read_client(frames, word::partial, word::final); }

// `own` is what only this direction says.
template <class... Own> reading<worker_message> read_worker(frames_view frames, Own... own) {
  if (frames.empty() || frames[0] != worker_header) return fault::header;
  if (frames.size() < 2) return fault::too_short;
  for (const word what : {own..., word::heartbeat, word::disconnect}) {
    if (frames[1] == worker_octet(what)) return mdp::read_worker_rest(what, frames.subspan(2));
  }
  return fault::unknown;
}

reading<worker_message> read_from_worker(frames_view frames) {
  return read_worker(frames, word::ready, word::partial, word::final);
}
reading<worker_message> read_to_worker(frames_view frames) { return read_worker(frames, word::request); }

void append_client(frame_list& to, const client_message& m) {
  GATE_ASSERT(!client_octet(m.what).empty());
  to.add(client_header);
  to.add(client_octet(m.what));
  mdp::append_service_and_body(to, m);
}

void append_worker(frame_list& to, const worker_message& m) {
  to.add(worker_header);
  to.add(worker_octet(m.what));
  mdp::append_worker_rest(to, m);
}

}  // namespace

const mdp::layout layout{"MDP/0.2",        true,           read_from_client, read_to_client,
                         read_from_worker, read_to_worker, append_client,    append_worker};

}  // namespace gate::wire::mdp02
