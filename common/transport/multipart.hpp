#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <zmq.hpp>

namespace gate {

// The frames of one ZeroMQ message, for repeated use. Receiving into it allocates nothing of its own once it has had
// the usual number of frames. If a message has more than frames_max frames, the rest is counted and discarded, because
// libzmq delivers a message whole or not at all.
class multipart {
 public:
  explicit multipart(std::size_t frames_max = 64) : frames_max_(frames_max) {}

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t frames_max() const noexcept { return frames_max_; }
  // The number of discarded frames of the last received message. If not zero, its sender breaks the protocol.
  std::size_t excess() const noexcept { return excess_; }
  std::size_t bytes() const noexcept {
    std::size_t sum = 0;
    for (const zmq::message_t& frame : frames()) sum += frame.size();
    return sum;
  }

  zmq::message_t& operator[](std::size_t i) noexcept { return frames_[i]; }
  const zmq::message_t& operator[](std::size_t i) const noexcept { return frames_[i]; }
  std::span<zmq::message_t> frames() noexcept { return {frames_.data(), size_}; }
  std::span<const zmq::message_t> frames() const noexcept { return {frames_.data(), size_}; }
  std::span<const std::byte> view(std::size_t i) const noexcept {
    return {static_cast<const std::byte*>(frames_[i].data()), frames_[i].size()};
  }

  void clear() noexcept {
    size_ = 0;
    excess_ = 0;
  }
  void add(zmq::message_t frame) { next() = std::move(frame); }
  void add(std::span<const std::byte> bytes) { next().rebuild(bytes.data(), bytes.size()); }
  void add(std::string_view text) { next().rebuild(text.data(), text.size()); }

  // About the peer that sent the message, as libzmq reports it. The descriptor of its connection is -1 if there is
  // none, as with inproc. Properties have names ("Peer-Address", "User-Id"), and are empty if not set. The text lives
  // as long as the frame.
  int source_fd() const noexcept;
  std::string_view property(const char* name) const noexcept;

 private:
  friend bool try_receive(zmq::socket_t& from, multipart& into);
  zmq::message_t& next() {
    if (size_ == frames_.size()) frames_.emplace_back();
    return frames_[size_++];
  }

  std::vector<zmq::message_t> frames_;  // those behind size_ are kept for reuse
  std::size_t size_ = 0;
  std::size_t frames_max_;
  std::size_t excess_ = 0;
};

}  // namespace gate
