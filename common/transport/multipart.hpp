#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <zmq.hpp>

namespace gate {

// The frames of one ZeroMQ message, made to be used again and again: receiving into it allocates nothing of its own
// once it has grown to the usual number of frames. Bounded: of a message with more frames than frames_max the rest is
// counted and discarded, since libzmq delivers such a message whole or not at all.
class multipart {
 public:
  explicit multipart(std::size_t frames_max = 64) : frames_max_(frames_max) {}

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t frames_max() const noexcept { return frames_max_; }
  // How many frames of the last message received were discarded. Not zero: its sender breaks the protocol.
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

  // Of the peer that sent the message, as libzmq tells: the descriptor of its connection (-1 where there is none, as
  // with inproc), and properties by name ("Peer-Address", "User-Id"; empty where not set). The text lives as long as
  // the frame.
  int source_fd() const noexcept;
  std::string_view property(const char* name) const noexcept;

 private:
  friend bool try_receive(zmq::socket_t& from, multipart& into);
  zmq::message_t& next() {
    if (size_ == frames_.size()) frames_.emplace_back();
    return frames_[size_++];
  }

  std::vector<zmq::message_t> frames_;  // those beyond size_ are spare
  std::size_t size_ = 0;
  std::size_t frames_max_;
  std::size_t excess_ = 0;
};

}  // namespace gate
