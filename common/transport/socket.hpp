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
  would_block,  // the peer's pipe is full (or there is no peer): the message is whole, send it later
  unreachable,  // ROUTER with router_mandatory: no peer has this routing id. The message is whole
  closed,       // the context was terminated
};

// Receives a message without blocking; false when there is none (or the context is terminated).
bool try_receive(zmq::socket_t& from, multipart& into);

// A ZeroMQ socket on a loop. It belongs to the loop's thread for life; the loop and the context outlive it. Nothing
// here blocks; what happens in daily life comes as a value, not as an exception. linger is 0: what is not sent when the
// socket closes is dropped.
//
//   multipart message;
//   for (;;) {
//     co_await s.readable();
//     for (int n = 0; n < batch_max && s.try_receive(message); ++n) handle(message);
//   }
class socket {
 public:
  // Throws zmq::error_t, when the process has too many sockets for example.
  socket(loop& where, zmq::context_t& context, zmq::socket_type type);
  socket(const socket&) = delete;
  socket& operator=(const socket&) = delete;
  ~socket();

  // For options, which are set before bind and connect, and for what is not offered here. Do not keep it: the loop asks
  // the socket for its state after this was called, and not otherwise.
  zmq::socket_t& raw() noexcept {
    watch_.used();
    return socket_;
  }
  loop& where() const noexcept { return loop_; }

  // Returns the real endpoint, where `endpoint` may say `tcp://127.0.0.1:*`. Throws zmq::error_t (address in use).
  std::string bind(const std::string& endpoint);
  // Throws zmq::error_t for an endpoint that cannot be parsed; that nobody is there yet is no error.
  void connect(const std::string& endpoint);

  // Receives a message if there is one. The former content of `into` is gone either way.
  bool try_receive(multipart& into) { return gate::try_receive(raw(), into); }
  // Sends the whole message, or leaves it whole. What was sent is empty afterwards (and keeps its room).
  send_result try_send(multipart& message);
  // The same for a message of one frame.
  send_result try_send(zmq::message_t& frame);

  class [[nodiscard]] awaiter final : public suspension {
   public:
    awaiter(socket& s, poller::interest direction) noexcept : socket_(&s), direction_(direction) {}
    ~awaiter() override { leave(); }
    template <has_env P> bool await_suspend(std::coroutine_handle<P> handle) {
      if (!begin(handle)) return false;
      socket_->arm(*this);  // the loop asks the socket in any case: a socket that is always ready starves nobody
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

  // `co_await s.readable();` Resumes when a message may be received, after other ready work; read until there is no
  // more, or for a bounded number of messages, then await again. One reader and one writer at a time. Throws
  // `cancelled`.
  awaiter readable() noexcept { return awaiter(*this, poller::interest::read); }
  // Resumes when a message may be sent. Means little for a ROUTER, whose pipes fill one by one.
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
};

}  // namespace gate
