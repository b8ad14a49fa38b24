// Messages of several frames, for tests of the foreign dialects.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "common/dialects/foreign_peer.hpp"

namespace gate::samples {

using frames = std::vector<std::string>;

// Views of frames. The frames must outlive this object.
class views_of {
 public:
  explicit views_of(const frames& of) : views_(of.begin(), of.end()) {}
  operator wire::frames_view() const { return views_; }  // it is used as if it were the views

 private:
  std::vector<bytes_view> views_;
};

inline frames message_of(const wire::frame_list& list, std::size_t message) {
  frames all;
  for (std::size_t i = 0; i < list.frames(message); ++i) all.emplace_back(list.frame(message, i));
  return all;
}

inline std::vector<frames> messages_of(const wire::frame_list& list) {
  std::vector<frames> all;
  for (std::size_t i = 0; i < list.messages(); ++i) all.push_back(message_of(list, i));
  return all;
}

// Changes a message at random: a frame is cut, removed or doubled, or one of its bytes is changed.
inline frames changed(frames message, std::mt19937& random) {
  if (message.empty()) return message;
  const std::size_t at = random() % message.size();
  std::string& frame = message[at];
  switch (random() % 4) {
    case 0:
      frame.resize(frame.size() / 2);
      break;
    case 1:
      message.erase(message.begin() + static_cast<std::ptrdiff_t>(at));
      break;
    case 2:
      message.insert(message.begin() + static_cast<std::ptrdiff_t>(at), std::string(frame));
      break;
    default:
      if (!frame.empty()) frame[random() % frame.size()] = static_cast<char>(random());
  }
  return message;
}

// A foreign peer with the frames of its messages, and of the messages for it.
struct foreign_harness {
  wire::foreign_peer& peer;
  wire::frame_list out;

  // The views in the result are valid until the next call. `kept` holds the frames.
  wire::received hear(frames message) {
    kept = std::move(message);
    out.clear();
    return peer.receive(views_of(kept), out);
  }
  std::vector<frames> say(const message& m) {
    out.clear();
    last = peer.compose(m, out);
    return messages_of(out);
  }

  frames kept;
  wire::composed last;
};

inline message answer_to(const message& request, message_type type, bytes_view payload = {}) {
  message m;
  m.type = type;
  m.call = request.call;
  if (payload.data() != nullptr) m.payload = payload;
  return m;
}

}  // namespace gate::samples
