// What a call hears from the client's connection.
#pragma once

#include <exception>
#include <memory>

#include <gate/protocol.hpp>

namespace gate::detail {

// A call whose reply or whose request has several messages.
class stream_events {
 public:
  virtual ~stream_events() = default;
  virtual void on_part(const message& m) = 0;
  virtual void on_window() = 0;  // an item of the caller's own stream may be sent (again)
  virtual void on_final(const message& m) = 0;
  virtual void on_error(std::exception_ptr error) = 0;
};

// A call that awaits one reply. Exactly one of the last two functions is called, unless the call is cancelled or
// on_head() returns who hears of the rest. The views of a message are valid during the call.
class reply_events {
 public:
  // The reply turns out to come in chunks. Returns who takes them, and the end of the call.
  virtual std::shared_ptr<stream_events> on_head(call_id call) = 0;
  virtual void on_final(const message& m) noexcept = 0;
  virtual void on_error(std::exception_ptr error) noexcept = 0;

 protected:
  ~reply_events() = default;
};

}  // namespace gate::detail
