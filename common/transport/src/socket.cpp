#include "common/transport/socket.hpp"

#include <cerrno>
#include <utility>

#include <gate/assert.hpp>

namespace gate {

int multipart::source_fd() const noexcept {
  if (empty()) return -1;
  return ::zmq_msg_get(frames_[size_ - 1].handle(), ZMQ_SRCFD);
}

std::string_view multipart::property(const char* name) const noexcept {
  if (empty()) return {};
  const char* const value = ::zmq_msg_gets(frames_[size_ - 1].handle(), name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

socket::socket(loop& where, zmq::context_t& context, zmq::socket_type type) : loop_(where), socket_(context, type) {
  socket_.set(zmq::sockopt::linger, 0);
  watch_ = loop_.watch_socket(socket_.handle(), [this] { on_event(); });
  watch_.tells_use();
}

socket::~socket() {
  // An awaiter that is left is also being destroyed, or it waits until it is cancelled.
  if (reader_ != nullptr) reader_->socket_ = nullptr;
  if (writer_ != nullptr) writer_->socket_ = nullptr;
}

std::string socket::bind(const std::string& endpoint) {
  while (::zmq_bind(raw().handle(), endpoint.c_str()) != 0) {
    if (zmq_errno() != EINTR) throw zmq::error_t();
  }
  return socket_.get(zmq::sockopt::last_endpoint);
}

void socket::connect(const std::string& endpoint) { raw().connect(endpoint); }

bool try_receive(zmq::socket_t& from, multipart& into) {
  into.clear();
  zmq::message_t discarded;
  for (;;) {
    const bool room = into.size() < into.frames_max();
    zmq::message_t& frame = room ? into.next() : discarded;
    int received = -1;
    do {
      received = ::zmq_msg_recv(frame.handle(), from.handle(), ZMQ_DONTWAIT);
    } while (received < 0 && zmq_errno() == EINTR);
    if (received < 0) {
      // At the first frame: there is no message, or the context is terminated. Once the first frame is there, all are.
      GATE_ASSERT(zmq_errno() == EAGAIN || zmq_errno() == ETERM);
      into.clear();
      return false;
    }
    if (!room) ++into.excess_;
    if (!frame.more()) return true;
  }
}

send_result socket::send_frame(zmq::message_t& frame, int flags) {
  for (;;) {
    if (::zmq_msg_send(frame.handle(), raw().handle(), flags | ZMQ_DONTWAIT) >= 0) return send_result::sent;
    switch (zmq_errno()) {
      case EINTR:
        continue;
      case EAGAIN:
        return send_result::would_block;
      case EHOSTUNREACH:
        return send_result::unreachable;
      case ETERM:
        return send_result::closed;
      default:
        throw zmq::error_t();
    }
  }
}

send_result socket::try_send(multipart& message) {
  GATE_ASSERT(!message.empty());
  const auto frames = message.frames();
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const bool last = i + 1 == frames.size();
    const send_result result = send_frame(frames[i], last ? 0 : ZMQ_SNDMORE);
    if (result == send_result::sent) continue;
    // libzmq accepts or refuses the whole message at its first frame. The only exceptions are the end of the context or
    // of the peer in between. Then the message is lost, as it would be a moment later.
    if (i == 0 || result == send_result::closed) return result;
    break;
  }
  message.clear();
  return send_result::sent;
}

send_result socket::try_send(zmq::message_t& frame) { return send_frame(frame, 0); }

bool socket::is_ready(poller::interest direction) {
  int events = 0;
  std::size_t size = sizeof events;
  while (::zmq_getsockopt(raw().handle(), ZMQ_EVENTS, &events, &size) != 0) {
    if (zmq_errno() != EINTR) return true;  // the context is terminated: the waiting operation finds out by itself
  }
  return (events & (direction == poller::interest::read ? ZMQ_POLLIN : ZMQ_POLLOUT)) != 0;
}

void socket::arm(awaiter& waiting) noexcept {
  awaiter*& place = place_of(waiting.direction_);
  GATE_ASSERT(place == nullptr);
  place = &waiting;
  update_interest();
}

void socket::update_interest() noexcept {
  const int wanted = (reader_ != nullptr ? 1 : 0) | (writer_ != nullptr ? 2 : 0);
  watch_.want(static_cast<poller::interest>(wanted));
  if (drained_ && reader_ != nullptr && writer_ == nullptr) watch_.asked();
}

void socket::on_event() {
  drained_ = false;                                             // a reader that takes nothing now must hear of it again
  const bool alone = reader_ == nullptr || writer_ == nullptr;  // then the loop has found this direction ready
  for (const poller::interest direction : {poller::interest::read, poller::interest::write}) {
    awaiter*& place = place_of(direction);
    if (place != nullptr && (alone || is_ready(direction))) std::exchange(place, nullptr)->wake();
  }
  update_interest();
}

void socket::awaiter::leave() noexcept {
  if (socket_ == nullptr || socket_->place_of(direction_) != this) return;
  socket_->place_of(direction_) = nullptr;
  socket_->update_interest();
}

bool socket::awaiter::abandon() noexcept {
  leave();
  return true;
}

}  // namespace gate
