#include "common/transport/monitor.hpp"

#include <atomic>
#include <cstring>
#include <string>

#include "common/transport/socket.hpp"

namespace gate {

namespace {

using kind = connection_event::kind;

constexpr int events_per_turn_max = 256;

struct known_event {
  int number;
  kind what;
  bool has_descriptor;
};
constexpr known_event known_events[] = {
    {ZMQ_EVENT_CONNECTED, kind::connected, true},
    {ZMQ_EVENT_CONNECT_DELAYED, kind::connect_delayed, false},
    {ZMQ_EVENT_CONNECT_RETRIED, kind::connect_retried, false},
    {ZMQ_EVENT_LISTENING, kind::listening, true},
    {ZMQ_EVENT_BIND_FAILED, kind::bind_failed, false},
    {ZMQ_EVENT_ACCEPTED, kind::accepted, true},
    {ZMQ_EVENT_ACCEPT_FAILED, kind::accept_failed, false},
    {ZMQ_EVENT_CLOSED, kind::closed, true},
    {ZMQ_EVENT_CLOSE_FAILED, kind::close_failed, false},
    {ZMQ_EVENT_DISCONNECTED, kind::disconnected, true},
    {ZMQ_EVENT_HANDSHAKE_SUCCEEDED, kind::handshake_succeeded, false},
    {ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, kind::handshake_failed_no_detail, false},
    {ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, kind::handshake_failed_protocol, false},
    {ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, kind::handshake_failed_auth, false},
};

// The first frame has the event number (16 bits) and the value (32 bits) in the machine's byte order. The second is the
// endpoint.
connection_event parse(const multipart& message) {
  connection_event event;
  if (message.size() < 2 || message[0].size() < sizeof(std::uint16_t) + sizeof(std::int32_t)) return event;
  std::uint16_t number = 0;
  std::int32_t value = 0;
  const auto* const bytes = static_cast<const char*>(message[0].data());
  std::memcpy(&number, bytes, sizeof number);
  std::memcpy(&value, bytes + sizeof number, sizeof value);
  event.endpoint = message[1].to_string();
  event.value = value;
  for (const known_event& known : known_events) {
    if (known.number != number) continue;
    event.what = known.what;
    if (known.has_descriptor) event.descriptor = value;
  }
  return event;
}

std::string fresh_endpoint() {
  static std::atomic<std::uint64_t> count{0};
  return "inproc://gate-monitor-" + std::to_string(++count);
}

}  // namespace

monitor::monitor(zmq::context_t& context, socket& watched, unique_function<void(const connection_event&)> on_event)
    : watched_(watched), on_event_(std::move(on_event)), pair_(context, zmq::socket_type::pair) {
  const std::string endpoint = fresh_endpoint();
  if (::zmq_socket_monitor(watched.raw().handle(), endpoint.c_str(), ZMQ_EVENT_ALL) != 0) throw zmq::error_t();
  pair_.set(zmq::sockopt::linger, 0);
  pair_.set(zmq::sockopt::rcvhwm, 0);  // a full pipe would block libzmq's I/O thread
  pair_.connect(endpoint);
  watch_ = watched.where().watch_socket(pair_.handle(), [this] { receive(); });
  watch_.tells_use();
  watch_.want(poller::interest::read);
}

monitor::~monitor() { ::zmq_socket_monitor(watched_.raw().handle(), nullptr, 0); }

bool monitor::receive() {
  watch_.used();
  multipart message(2);
  for (int n = 0; n < events_per_turn_max; ++n) {
    if (!gate::try_receive(pair_, message)) return false;
    const connection_event event = parse(message);
    if (event.what != kind::other) on_event_(event);
  }
  return true;
}

}  // namespace gate
