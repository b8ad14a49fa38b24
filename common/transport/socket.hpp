#pragma once

#include <cstdint>
#include <string>

#include <zmq.hpp>

#include <gate/loop.hpp>
#include <gate/suspension.hpp>
#include <gate/task.hpp>

#include "common/transport/multipart.hpp"

namespace gate {

enum class send_result : std::uint8_t {
  sent,
  would_block,  // the peer's pipe is full, or there is no peer. The message is unchanged: send it later
  unreachable,  // ROUTER with router_mandatory: no peer has this routing id. The message is unchanged
  closed,       // the context was terminated
};

// For zmq::sockopt::reconnect_ivl of a socket that serves one connection: longer than any attempt. With -1, libzmq
// would report nothing at all if a name cannot be resolved. With an interval, it announces each attempt that it is not
// going to make.
constexpr int never_reconnect_ms = 3'600'000;

// Receives a message without blocking. False if there is none, or if the context is terminated.
bool try_receive(zmq::socket_t& from, multipart& into);

// A ZeroMQ socket on a loop. It belongs to the loop's thread for life. The loop and the context outlive it. Nothing
// here blocks. Normal events are return values, not exceptions. linger is 0: a message that is not sent when the socket
// closes is dropped.
//
//   multipart message;
//   for (;;) {
//     co_await s.readable();
//     for (int n = 0; n < batch_max && s.try_receive(message); ++n) handle(message);
//   }
class socket {
 public:
  // Throws zmq::error_t, for example if the process has too many sockets.
  socket(loop& where, zmq::context_t& context, zmq::socket_type type);
  socket(const socket&) = delete;
  socket& operator=(const socket&) = delete;
  ~socket();

  // For options, which must be set before bind and connect, and for other functions of the ZeroMQ socket. Do not keep
  // the reference: each call of raw() makes the loop ask the socket for its state again, and nothing else does.
  zmq::socket_t& raw() noexcept {
    drained_ = false;
    watch_.used();
    return socket_;
  }
  loop& where() const noexcept { return loop_; }

  // Returns the real endpoint, for example if `endpoint` is `tcp://127.0.0.1:*`. Throws zmq::error_t (address in use).
  std::string bind(const std::string& endpoint);
  // Throws zmq::error_t if the endpoint cannot be parsed. It is no error if nobody listens there yet.
  void connect(const std::string& endpoint);

  // Receives a message if there is one. In any case the former content of `into` is gone.
  bool try_receive(multipart& into) {
    const bool received = gate::try_receive(raw(), into);
    drained_ = !received;
    return received;
  }
  // Sends the whole message, or leaves it unchanged. A sent message is empty afterwards, and keeps its memory for
  // reuse.
  send_result try_send(multipart& message);
  // The same for a message of one frame.
  send_result try_send(zmq::message_t& frame);

  class [[nodiscard]] awaiter final : public suspension {
   public:
    awaiter(socket& s, poller::interest direction) noexcept : socket_(&s), direction_(direction) {}
    ~awaiter() override { leave(); }
    template <has_env P> bool await_suspend(std::coroutine_handle<P> handle) {
      if (!begin(handle)) return false;
      // The loop asks the socket in any case, so that a socket that is always ready does not starve others.
      socket_->arm(*this);
      return true;
    }
    void await_resume() { finish(); }

   private:
    friend class socket;
    void leave() noexcept;
    bool abandon() noexcept override;
    socket* socket_;  // null once the socket is gone
    poller::interest direction_;
  };

  // `co_await s.readable();` resumes when a message may be received, after other ready work. Read until there are no
  // more, or a limited number, then await again. One reader and one writer at a time. Throws `cancelled`.
  awaiter readable() noexcept { return awaiter(*this, poller::interest::read); }
  // Resumes when a message may be sent. For a ROUTER it says little, because each peer has its own pipe.
  awaiter writable() noexcept { return awaiter(*this, poller::interest::write); }

 private:
  bool is_ready(poller::interest direction);
  void arm(awaiter& waiting) noexcept;
  void on_event();
  void update_interest() noexcept;
  send_result send_frame(zmq::message_t& frame, int flags);
  awaiter*& place_of(poller::interest direction) noexcept {
    return direction == poller::interest::read ? reader_ : writer_;
  }

  loop& loop_;
  zmq::socket_t socket_;
  awaiter* reader_ = nullptr;
  awaiter* writer_ = nullptr;
  watch watch_;
  bool drained_ = false;  // the last use of the socket found no message
};

}  // namespace gate
