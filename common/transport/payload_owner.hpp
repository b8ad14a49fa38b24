// A received frame as the owner of a payload: payload_view::owner().
#pragma once

#include <zmq.hpp>

namespace gate {

class payload_owner {
 public:
  // The frame outlives the owner, and stays as it is.
  explicit payload_owner(zmq::message_t& frame) noexcept : frame_(&frame) {}
  payload_owner(const payload_owner&) = delete;
  payload_owner& operator=(const payload_owner&) = delete;

  // The same frame once more, without a copy of its bytes. These live until the last of the frames that share them is
  // gone.
  zmq::message_t share() const {
    zmq::message_t shared;
    shared.copy(*frame_);
    return shared;
  }

 private:
  zmq::message_t* frame_;
};

}  // namespace gate
