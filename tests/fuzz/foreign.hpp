// The broker's side of a foreign peer's connection under arbitrary messages. It must keep its promises to the broker,
// and the peer must be able to read its frames.
//
// An input is a sequence of messages: a byte with the number of frames, then the frames, each with its length in two
// bytes before it. The rest of the input is the last frame.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "common/dialects/foreign_peer.hpp"
#include "tests/fuzz/input.hpp"

namespace gate::fuzz {

inline std::vector<bytes_view> take_message(std::string_view& input) {
  std::vector<bytes_view> frames;
  const auto byte = [&] {
    const auto value = static_cast<unsigned char>(input.empty() ? '\0' : input.front());
    input.remove_prefix(std::min<std::size_t>(1, input.size()));
    return std::size_t{value};
  };
  for (std::size_t left = byte(); left > 0 && !input.empty(); --left) {
    const std::size_t low = byte();
    const std::size_t length = std::min(low | byte() << 8, input.size());
    frames.push_back(input.substr(0, length));
    input.remove_prefix(length);
  }
  return frames;
}

// `readable` says whether the peer could read a message for it.
template <class Readable> void converse(wire::recognised who, std::string_view input, const Readable& readable) {
  wire::foreign_options options;
  options.calls_max = 16;
  options.joined_bytes_max = 4096;
  const std::unique_ptr<wire::foreign_peer> peer = wire::make_foreign_peer(who, options);
  wire::frame_list out;
  const auto check = [&] {
    for (std::size_t i = 0; i < out.messages(); ++i) {
      std::vector<bytes_view> frames;
      for (std::size_t k = 0; k < out.frames(i); ++k) frames.push_back(out.frame(i, k));
      GATE_ASSERT(readable(wire::frames_view(frames)));
    }
    out.clear();
  };
  const auto tell = [&](const message& m) {
    const wire::composed c = peer->compose(m, out);
    GATE_ASSERT(!c.has_back || c.back.call == m.call);
    check();
  };
  while (!input.empty()) {
    const std::vector<bytes_view> frames = take_message(input);
    (void)wire::recognise(frames);
    const wire::received r = peer->receive(frames, out);
    GATE_ASSERT((r.what == wire::received::outcome::taken) == r.why.empty());
    GATE_ASSERT(r.what == wire::received::outcome::taken || r.messages().empty());
    check();
    for (const message& m : r.messages()) {
      GATE_ASSERT(m.payload.frames() <= 1);
      if (m.type == message_type::hello) continue;
      // Answers with the content of the last frames.
      message answer;
      answer.call = m.call;
      if (frames.size() > 6) {
        message head = answer;
        head.type = message_type::part;
        head.flags = message_flag::no_payload;
        head.content = frames.size() % 2 == 0 ? huge_content::value : huge_content::raw;
        head.encoding = payload_encoding::gzip;
        tell(head);
      }
      for (const message_type type : {message_type::part, message_type::error, message_type::final}) {
        answer.type = type;
        answer.status = errc::failed;
        answer.text = answer.remote_type = frames.back();
        answer.payload = frames.back();
        answer.encoding = static_cast<std::uint8_t>(frames.size() == 6 ? 2 : 0);
        // An error ends the call. The final after it must be ignored.
        if (type != message_type::error || frames.size() % 2 == 0) tell(answer);
      }
    }
    if (peer->asking()) (void)peer->settle();
    if (who.role == peer_role::worker && !frames.empty()) {
      message request;
      request.type = message_type::request;
      request.call = call_id{1};
      request.method = frames.size() % 2 == 0 ? std::string_view("call") : std::string_view("add");
      request.payload = frames.back();
      tell(request);
      request.call = call_id{2};
      request.flags = message_flag::named;
      tell(request);
    }
  }
}

}  // namespace gate::fuzz
