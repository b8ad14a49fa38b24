#include "broker/engine/port.hpp"

#include <cerrno>
#include <cstring>
#include <limits>

#include <net/if.h>
#include <sodium.h>

#include <gate/bind_error.hpp>

#include "common/base/option_bounds.hpp"
#include "common/credentials/private_file.hpp"
#include "common/protocol/endpoint.hpp"
#include "common/transport/ipc_path.hpp"
#include "common/transport/lookup.hpp"
#include "common/transport/zmq_context.hpp"

namespace gate::broker {
namespace {

// Batches that libzmq may hold for one peer in each direction. Few, since one may have batch_bytes_target bytes.
// Batches for a slow peer wait in our own out-queue, which is bounded in bytes. Batches of a fast peer wait in its own
// process.
constexpr int batches_per_peer_max = 128;

// Connections that the system holds until they are accepted.
constexpr int backlog = 1024;

// The memory of larger frames is freed after each message. That of smaller ones is used for the next message.
constexpr std::size_t kept_frame_bytes_max = 64u << 10;

void configure(zmq::socket_t& s, const binding& plan, const broker_options& options) {
  s.set(zmq::sockopt::router_mandatory, true);
  // With it a second peer of the same routing id would take over the first one's answers.
  s.set(zmq::sockopt::router_handover, false);
  s.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(options.frame_bytes_max));
  s.set(zmq::sockopt::sndhwm, batches_per_peer_max);
  s.set(zmq::sockopt::rcvhwm, batches_per_peer_max);
  s.set(zmq::sockopt::backlog, backlog);
  s.set(zmq::sockopt::heartbeat_ivl, milliseconds_of(options.transport_heartbeat_interval));
  s.set(zmq::sockopt::heartbeat_timeout, 0);  // the engine judges: libzmq sees whole messages only
  s.set(zmq::sockopt::handshake_ivl, milliseconds_of(options.hello_timeout));
  s.set(zmq::sockopt::ipv6, gate::peer::is_ipv6(plan.endpoint));
}

bool is_name_of_host(std::string_view endpoint) {
  if (!endpoint.starts_with("tcp://")) return false;
  const std::string host(gate::peer::host_of(endpoint));
  const bool is_number = host == "*" || host.starts_with('[') || host.find_first_not_of("0123456789.") == host.npos;
  return !is_number && ::if_nametoindex(host.c_str()) == 0;
}

constexpr std::string_view taken = "Address already in use";  // as libzmq and in_the_way_of() say it

std::string bind_to(gate::socket& s, const security::gatekeeper& door, const binding& plan,
                    const broker_options& options) {
  const auto fail = [&](std::string why) {
    if (why == taken) why += ": another program has it, perhaps a broker; stop that one, or bind another address";
    throw bind_error("cannot bind " + std::string(role_name(plan)) + " " + plan.endpoint + ": " + why);
  };
  if (const std::string other = in_the_way_of(plan.endpoint); !other.empty()) fail(other);
  try {
    configure(s.raw(), plan, options);
    if (!is_inproc(plan)) door.prepare(s.raw(), plan.how);
    return s.bind(plan.endpoint);
  } catch (const zmq::error_t& e) {
    // If the address is a name, the error of libzmq does not tell what is wrong.
    fail(is_name_of_host(plan.endpoint) ? "bind takes an address or an interface of this machine, not a name"
                                        : std::string(e.what()));
  } catch (const private_file_error& e) {
    fail(e.what());
  }
  return {};
}

// An inproc address is found only by sockets of the same context.
zmq::context_t& context_of(security::gatekeeper& door, const binding& plan) {
  return is_inproc(plan) ? gate::peer::transport_context() : door.context();
}

delivery to_delivery(int error) {
  switch (error) {
    case EAGAIN:
      return delivery::blocked;
    case EHOSTUNREACH:
      return delivery::gone;
    default:
      throw zmq::error_t();
  }
}

int send_some(void* socket, const void* data, std::size_t size_bytes, int flags) noexcept {
  int sent = -1;
  do {
    sent = ::zmq_send(socket, data, size_bytes, flags | ZMQ_DONTWAIT);
  } while (sent < 0 && zmq_errno() == EINTR);
  return sent;
}

int send_some(void* socket, zmq::message_t& frame, int flags) noexcept {
  int sent = -1;
  do {
    sent = ::zmq_msg_send(frame.handle(), socket, flags | ZMQ_DONTWAIT);
  } while (sent < 0 && zmq_errno() == EINTR);
  return sent;
}

}  // namespace

port::port(loop& where, security::gatekeeper& door, const binding& plan, const broker_options& options,
           port_index index, unique_function<void(port&, const connection_event&)> on_event)
    : incoming(options.frames_max + 1),  // and the routing id
      index_(index),
      plan_(plan),
      socket_(where, context_of(door, plan_), zmq::socket_type::router),
      on_event_(std::move(on_event)),
      monitor_(context_of(door, plan_), socket_, [this](const connection_event& event) {
        if (event.what == connection_event::kind::listening) guard_.emplace(event.descriptor);
        on_event_(*this, event);
      }) {
  endpoint_ = bind_to(socket_, door, plan_, options);
}

// libzmq closes a socket later, in a thread of its own, and until then an inproc name is taken.
port::~port() {
  if (is_inproc(plan_)) static_cast<void>(::zmq_unbind(socket_.raw().handle(), endpoint_.c_str()));
}

void port::take_note_of_ends() {
  int events = 0;
  std::size_t size = sizeof events;
  while (::zmq_getsockopt(socket_.raw().handle(), ZMQ_EVENTS, &events, &size) != 0 && zmq_errno() == EINTR) {
  }
  read_events();
}

wire::frames_view port::frames() {
  views_.clear();
  for (const zmq::message_t& frame : incoming.frames().subspan(1)) views_.push_back(view_of(frame));
  return views_;
}

void port::forget_incoming() {
  for (zmq::message_t& frame : incoming.frames()) {
    if (frame.size() > kept_frame_bytes_max) {
      frame.rebuild();  // far too long for a password
    } else if (plan_.how == security::auth::in_message) {
      sodium_memzero(frame.data(), frame.size());
    }
  }
}

delivery port::send(bytes_view routing_id, outgoing& what, lent_payloads& lent) {
  void* const handle = socket_.raw().handle();
  // libzmq accepts or refuses a message at its first frame. If the peer goes away after that, the message is lost like
  // others that are under way.
  if (send_some(handle, routing_id.data(), routing_id.size(), ZMQ_SNDMORE) < 0) return to_delivery(zmq_errno());
  const auto give = [&](bytes_view frame, int flags) {
    if (!lent.is_due(frame.size())) {
      if (send_some(handle, frame.data(), frame.size(), flags) < 0) throw zmq::error_t();
      return;
    }
    zmq::message_t counted = lent.copy(frame);
    if (send_some(handle, counted, flags) < 0) throw zmq::error_t();
  };
  if (what.framed) {
    frame_box::unpack(what.batch, [&](bytes_view frame, bool more) { give(frame, more ? ZMQ_SNDMORE : 0); });
    return delivery::sent;
  }
  const bool more = what.has_payload;
  give(what.batch, more ? ZMQ_SNDMORE : 0);
  if (!more) return delivery::sent;
  what.payload = lent.lend(std::move(what.payload));
  if (send_some(handle, what.payload, 0) < 0) throw zmq::error_t();
  return delivery::sent;
}

}  // namespace gate::broker
