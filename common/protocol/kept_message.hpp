// A copy of a message that can be read at any time: for a call that waits, or that may be given to a second worker.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <gate/protocol.hpp>

namespace gate {

// Owns the bytes of a request or of an answer to it, in one buffer. view() points there, so the object does not move.
// Without `caller`, which the broker sets anew each time that it sends the request, and without the names in a hello or
// welcome. The object itself takes a few hundred bytes: wire::gate2::kept_envelope is for very many small messages.
class kept_message {
 public:
  explicit kept_message(const message& m);
  kept_message(const kept_message&) = delete;
  kept_message& operator=(const kept_message&) = delete;

  const message& view() const noexcept { return view_; }

  // The bytes that were copied, which limits count. The same as measure() of the message.
  std::size_t bytes() const noexcept { return size_; }
  static std::size_t measure(const message& m) noexcept;

 private:
  std::size_t size_;
  std::unique_ptr<char[]> bytes_;
  std::vector<bytes_view> rest_;  // frames of the payload after the first
  message view_;
};

}  // namespace gate
