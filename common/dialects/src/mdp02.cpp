#include "common/dialects/mdp02.hpp"

#include <gate/assert.hpp>

#include "common/dialects/src/mdp_frames.hpp"

namespace gate::wire::mdp02 {
namespace {

using mdp::client_message;
using mdp::fault;
using mdp::reading;
using mdp::word;
using mdp::worker_message;

constexpr bytes_view worker_byte(word what) noexcept {
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

constexpr bytes_view client_byte(form f, word what) noexcept {
  if (f == form::as_workers) return worker_byte(what);
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
      break;  // only between broker and worker
  }
  return {};
}

// In one form the command of a request is left out. A frame that may be a command is no name of a service.
constexpr bool may_be_command(bytes_view frame) noexcept {
  return frame.size() == 1 && static_cast<unsigned char>(frame[0]) < 0x20;
}

// Checks the header and returns the frames behind it. A fault if the header is another one.
template <form F> reading<frames_view> read_header(frames_view frames, bytes_view header) {
  if constexpr (F != form::rfc18) {
    if (frames.empty() || !frames[0].empty()) return fault::header;
    frames = frames.subspan(1);
  }
  if (frames.empty() || frames[0] != header) return fault::header;
  if (frames.size() < 2) return fault::too_short;
  return frames.subspan(1);
}

template <form F> void append_header(frame_list& to, bytes_view header) {
  if constexpr (F != form::rfc18) to.add({});
  to.add(header);
}

// --- a client --------------------------------------------------------------------------------------------------------

template <form F> reading<client_message> read_from_client(frames_view frames) {
  const reading<frames_view> rest = read_header<F>(frames, client_header);
  if (!rest) return rest.error();
  if constexpr (F == form::unnumbered) {
    if (may_be_command((*rest)[0])) return fault::unknown;
    return mdp::read_service_and_body(word::request, *rest);
  }
  if ((*rest)[0] != client_byte(F, word::request)) return fault::unknown;
  return mdp::read_service_and_body(word::request, rest->subspan(1));
}

template <form F> reading<client_message> read_to_client(frames_view frames) {
  const reading<frames_view> rest = read_header<F>(frames, client_header);
  if (!rest) return rest.error();
  for (const word what : {word::partial, word::final}) {
    if ((*rest)[0] != client_byte(F, what)) continue;
    const frames_view said = rest->subspan(1);
    if constexpr (F != form::as_workers) return mdp::read_service_and_body(what, said);
    if (said.empty()) return fault::too_short;
    return client_message{what, {}, said};
  }
  return fault::unknown;
}

template <form F> void append_client(frame_list& to, const client_message& m) {
  append_header<F>(to, client_header);
  const bool is_request = m.what == word::request;
  if (F != form::unnumbered || !is_request) {
    GATE_ASSERT(!client_byte(F, m.what).empty());
    to.add(client_byte(F, m.what));
  }
  if (F != form::as_workers || is_request) return mdp::append_service_and_body(to, m);
  for (const bytes_view frame : m.body) to.add(frame);
  to.end_message();
}

// --- a worker --------------------------------------------------------------------------------------------------------

// `own` are the commands that only this direction has.
template <form F, class... Own> reading<worker_message> read_worker(frames_view frames, Own... own) {
  const reading<frames_view> rest = read_header<F>(frames, worker_header);
  if (!rest) return rest.error();
  for (const word what : {own..., word::heartbeat, word::disconnect}) {
    if ((*rest)[0] == worker_byte(what)) return mdp::read_worker_rest(what, rest->subspan(1));
  }
  return fault::unknown;
}

template <form F> reading<worker_message> read_from_worker(frames_view frames) {
  return read_worker<F>(frames, word::ready, word::partial, word::final);
}
template <form F> reading<worker_message> read_to_worker(frames_view frames) {
  return read_worker<F>(frames, word::request);
}

template <form F> void append_worker(frame_list& to, const worker_message& m) {
  append_header<F>(to, worker_header);
  to.add(worker_byte(m.what));
  mdp::append_worker_rest(to, m);
}

template <form F> constexpr mdp::layout made() noexcept {
  return {"MDP/0.2",           true,
          read_from_client<F>, read_to_client<F>,
          read_from_worker<F>, read_to_worker<F>,
          append_client<F>,    append_worker<F>};
}

constexpr mdp::layout delimited = made<form::delimited>();
constexpr mdp::layout as_workers = made<form::as_workers>();
constexpr mdp::layout unnumbered = made<form::unnumbered>();

recognised to_recognised(peer_role role, form f) noexcept {
  return {dialect::mdp02, role, static_cast<std::uint8_t>(f)};
}

}  // namespace

const mdp::layout layout = made<form::rfc18>();

const mdp::layout& layout_of(form f) noexcept {
  switch (f) {
    case form::rfc18:
      return layout;
    case form::delimited:
      return delimited;
    case form::as_workers:
      return as_workers;
    case form::unnumbered:
      return unnumbered;
  }
  return layout;
}

recognised recognise(frames_view frames) noexcept {
  const bool is_delimited = frames.size() >= 2 && frames[0].empty();
  if (is_delimited) frames = frames.subspan(1);
  if (frames.empty()) return {};
  const form plain = is_delimited ? form::delimited : form::rfc18;
  if (frames[0] == worker_header) return to_recognised(peer_role::worker, plain);
  if (frames[0] != client_header) return {};
  if (!is_delimited || frames.size() < 2) return to_recognised(peer_role::client, plain);
  if (frames[1] == client_byte(form::as_workers, word::request)) {
    return to_recognised(peer_role::client, form::as_workers);
  }
  return to_recognised(peer_role::client, may_be_command(frames[1]) ? plain : form::unnumbered);
}

}  // namespace gate::wire::mdp02
