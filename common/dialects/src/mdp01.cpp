#include "common/dialects/mdp01.hpp"

#include <gate/assert.hpp>

#include "common/dialects/src/mdp_frames.hpp"

namespace gate::wire::mdp01 {
namespace {

using mdp::client_message;
using mdp::fault;
using mdp::reading;
using mdp::word;
using mdp::worker_message;

bool begins(frames_view frames, bytes_view header) noexcept {
  return frames.size() >= 2 && frames[0].empty() && frames[1] == header;
}

reading<client_message> read_client(word what, frames_view frames) {
  if (!begins(frames, client_header)) return fault::header;
  return mdp::read_service_and_body(what, frames.subspan(2));
}

reading<client_message> read_from_client(frames_view frames) { return read_client(word::request, frames); }
reading<client_message> read_to_client(frames_view frames) { return read_client(word::final, frames); }

constexpr bytes_view byte_of(word what) noexcept {
  switch (what) {
    case word::ready:
      return "\x01";
    case word::request:
      return "\x02";
    case word::final:
      return "\x03";
    case word::heartbeat:
      return "\x04";
    case word::disconnect:
      return "\x05";
    case word::partial:
      break;  // this version has no partial replies
  }
  return {};
}

// `own` are the commands that only this direction has.
template <class... Own> reading<worker_message> read_worker(frames_view frames, Own... own) {
  if (!begins(frames, worker_header)) return fault::header;
  if (frames.size() < 3) return fault::too_short;
  for (const word what : {own..., word::heartbeat, word::disconnect}) {
    if (frames[2] == byte_of(what)) return mdp::read_worker_rest(what, frames.subspan(3));
  }
  return fault::unknown;
}

reading<worker_message> read_from_worker(frames_view frames) { return read_worker(frames, word::ready, word::final); }
reading<worker_message> read_to_worker(frames_view frames) { return read_worker(frames, word::request); }

void append_client(frame_list& to, const client_message& m) {
  GATE_ASSERT(m.what == word::request || m.what == word::final);
  to.add({});
  to.add(client_header);
  mdp::append_service_and_body(to, m);
}

void append_worker(frame_list& to, const worker_message& m) {
  GATE_ASSERT(m.what != word::partial);
  to.add({});
  to.add(worker_header);
  to.add(byte_of(m.what));
  mdp::append_worker_rest(to, m);
}

}  // namespace

const mdp::layout layout{"MDP/0.1",        false,          read_from_client, read_to_client,
                         read_from_worker, read_to_worker, append_client,    append_worker};

}  // namespace gate::wire::mdp01
