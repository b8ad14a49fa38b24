// Reads and writes the frames behind a command. Both versions of Majordomo have the same ones.
#pragma once

#include <gate/limits.hpp>

#include "common/dialects/mdp.hpp"

namespace gate::wire::mdp {

// The service and the body of a client's message.
inline reading<client_message> read_service_and_body(word what, frames_view rest) {
  if (rest.size() < 2) return fault::too_short;
  if (rest[0].empty() || rest[0].size() > limits::name_bytes_max) return fault::service;
  return client_message{what, rest[0], rest.subspan(1)};
}

// The frames behind a worker's command.
inline reading<worker_message> read_worker_rest(word what, frames_view rest) {
  worker_message m;
  m.what = what;
  switch (what) {
    case word::ready:
      if (rest.empty()) return fault::too_short;
      if (rest.size() > 1) return fault::too_long;
      if (rest[0].empty() || rest[0].size() > limits::name_bytes_max) return fault::service;
      m.service = rest[0];
      return m;
    case word::request:
    case word::partial:
    case word::final:
      if (rest.size() < 3) return fault::too_short;
      if (!rest[1].empty()) return fault::delimiter;
      m.address = rest[0];
      m.body = rest.subspan(2);
      return m;
    case word::heartbeat:
    case word::disconnect:
      return rest.empty() ? reading<worker_message>(m) : fault::too_long;
  }
  return fault::unknown;
}

inline void append_worker_rest(frame_list& to, const worker_message& m) {
  if (m.what == word::ready) to.add(m.service);
  if (m.what == word::request || m.what == word::partial || m.what == word::final) {
    to.add(m.address);
    to.add({});
  }
  for (const bytes_view frame : m.body) to.add(frame);
  to.end_message();
}

inline void append_service_and_body(frame_list& to, const client_message& m) {
  to.add(m.service);
  for (const bytes_view frame : m.body) to.add(frame);
  to.end_message();
}

}  // namespace gate::wire::mdp
