#include "broker/gatekeeper/src/zap_server.hpp"

#include <optional>
#include <utility>

#include <sodium.h>

#include "common/transport/lookup.hpp"

namespace gate::security {
namespace {

// The limit for one frame of a request. libzmq closes the connection that sends a longer one.
constexpr std::int64_t request_frame_bytes_max = 4096;

constexpr int requests_per_turn_max = 256;

}  // namespace

zap_server::zap_server(loop& where, zmq::context_t& context, const std::string& endpoint, shared_authenticator& logins,
                       std::vector<std::string> domains)
    : logins_(logins),
      desk_(logins.use([](authenticator& l, instant) { return std::ref(l); }), std::move(domains)),
      socket_(where, context, zmq::socket_type::router) {
  socket_.raw().set(zmq::sockopt::maxmsgsize, request_frame_bytes_max);
  socket_.raw().set(zmq::sockopt::ipv6, gate::peer::is_ipv6(endpoint));
  endpoint_ = socket_.bind(endpoint);
}

task<void> zap_server::serve() {
  for (;;) {
    co_await socket_.readable();
    for (int n = 0; n < requests_per_turn_max && socket_.try_receive(incoming_); ++n) handle();
  }
}

void zap_server::handle() {
  requests_.fetch_add(1, std::memory_order_relaxed);
  views_.clear();
  for (const zmq::message_t& frame : incoming_.frames()) {
    views_.emplace_back(static_cast<const char*>(frame.data()), frame.size());
  }
  std::optional<zap::frames> reply;
  if (incoming_.excess() == 0) {
    reply = logins_.use([&](authenticator&, instant now) {
      auto answered = desk_.receive(views_, now);
      malformed_.store(desk_.malformed(), std::memory_order_relaxed);
      return answered;
    });
  }
  for (zmq::message_t& frame : incoming_.frames()) sodium_memzero(frame.data(), frame.size());  // they hold passwords
  if (reply) answer(*reply);
}

void zap_server::decided(const authenticator::decided& what) {
  const auto reply = logins_.use([&](authenticator&, instant) { return desk_.decided(what); });
  if (reply) answer(*reply);
}

void zap_server::answer(const zap::frames& reply) {
  outgoing_.clear();
  for (const std::string& frame : reply) outgoing_.add(std::string_view(frame));
  // A ROUTER takes every message, and drops those for peers that have gone.
  static_cast<void>(socket_.try_send(outgoing_));
}

}  // namespace gate::security
