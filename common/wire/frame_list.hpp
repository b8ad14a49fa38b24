// Composes messages of several frames, one behind the other in one buffer. After clear() it keeps its memory, so that
// the next messages allocate nothing.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <gate/assert.hpp>
#include <gate/protocol.hpp>

namespace gate::wire {

class frame_list {
 public:
  // --- writing

  void add(bytes_view frame) {
    bytes_.append(frame);
    close();
  }
  // Begins a frame that is composed in place. Append to the returned text, change nothing before it, then call close().
  std::string& open() noexcept { return bytes_; }
  void close() { frame_ends_.push_back(bytes_.size()); }
  // Ends the message that consists of the frames since the last end.
  void end_message() {
    GATE_ASSERT(frame_ends_.size() > frames_before(messages()));
    message_ends_.push_back(frame_ends_.size());
  }
  void clear() noexcept {
    bytes_.clear();
    frame_ends_.clear();
    message_ends_.clear();
  }

  // --- reading

  bool empty() const noexcept { return message_ends_.empty(); }
  std::size_t messages() const noexcept { return message_ends_.size(); }
  std::size_t frames(std::size_t message) const noexcept { return message_ends_[message] - frames_before(message); }
  // Valid until the next write.
  bytes_view frame(std::size_t message, std::size_t index) const noexcept {
    const std::size_t at = frames_before(message) + index;
    const std::size_t begin = at == 0 ? 0 : frame_ends_[at - 1];
    return bytes_view(bytes_).substr(begin, frame_ends_[at] - begin);
  }
  std::size_t bytes() const noexcept { return bytes_.size(); }

 private:
  std::size_t frames_before(std::size_t message) const noexcept {
    return message == 0 ? 0 : message_ends_[message - 1];
  }

  std::string bytes_;
  std::vector<std::size_t> frame_ends_;    // as offsets in bytes_
  std::vector<std::size_t> message_ends_;  // as counts of frames
};

}  // namespace gate::wire
