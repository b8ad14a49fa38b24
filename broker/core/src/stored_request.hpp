// A copy of a request, for a call that waits or may be given to a second worker.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <gate/protocol.hpp>

namespace gate::broker {

// Owns all bytes of one request in one buffer. view() points there, so the object does not move.
class stored_request {
 public:
  explicit stored_request(const message& request);
  stored_request(const stored_request&) = delete;
  stored_request& operator=(const stored_request&) = delete;

  const message& view() const noexcept { return view_; }

  // The bytes that were copied, which the limits count. The same as measure() of the request.
  std::size_t bytes() const noexcept { return size_; }
  static std::size_t measure(const message& request) noexcept;

 private:
  std::size_t size_;
  std::unique_ptr<char[]> bytes_;
  std::vector<bytes_view> rest_;  // frames of the payload after the first
  message view_;
};

}  // namespace gate::broker
