#include "broker/engine/message_login.hpp"

#include <utility>

#include <gate/secret.hpp>

namespace gate::broker {

message_login::~message_login() {
  while (waits()) forget_first();
}

bool message_login::keep(wire::frames_view frames) {
  std::size_t bytes = sizeof(kept);
  for (const bytes_view frame : frames) bytes += frame.size() + sizeof(std::string);
  if (waiting_.size() >= messages_max || bytes > room_->bytes_max - room_->bytes) return false;
  kept& last = waiting_.emplace_back();
  last.bytes = bytes;
  last.frames.reserve(frames.size());  // growing would leave copies behind
  for (const bytes_view frame : frames) last.frames.emplace_back(frame);
  room_->bytes += bytes;
  return true;
}

wire::frames_view message_login::first() {
  views_.assign(waiting_.front().frames.begin(), waiting_.front().frames.end());
  return views_;
}

void message_login::forget_first() {
  kept& first = waiting_.front();
  for (std::string& frame : first.frames) wipe(frame);
  room_->bytes -= first.bytes;
  waiting_.pop_front();
}

}  // namespace gate::broker
