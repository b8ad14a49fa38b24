#include "broker/gatekeeper/src/zap_client.hpp"

#include <charconv>
#include <optional>
#include <utility>

#include <sodium.h>

#include <gate/secret.hpp>

#include "common/transport/lookup.hpp"

namespace gate::security {
namespace {

constexpr std::int64_t reply_frame_bytes_max = 64 << 10;  // a reply's metadata may be long
constexpr int replies_per_turn_max = 256;

// The domain that gate-rpc's ZAP services expect.
constexpr std::string_view domain = "gate";

std::optional<std::uint64_t> parse_id(bytes_view text) noexcept {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

}  // namespace

zap_client::zap_client(loop& where, zmq::context_t& context, const std::string& endpoint,
                       unique_function<void(std::uint64_t, const zap::reply*)> answered)
    : loop_(where), socket_(where, context, zmq::socket_type::dealer), answered_(std::move(answered)) {
  socket_.raw().set(zmq::sockopt::maxmsgsize, reply_frame_bytes_max);
  // A request that cannot leave now is put off at once. It is not queued, so it is never sent after its login was given
  // up.
  socket_.raw().set(zmq::sockopt::immediate, true);
  // For a host name, libzmq tries one address only, an IPv6 one if there is one. So this socket connects twice, once
  // for each kind. A connection that cannot be made gets no requests. If the service listens at both, libzmq uses both.
  const bool by_name = gate::peer::names_a_host(endpoint);
  socket_.raw().set(zmq::sockopt::ipv6, by_name || gate::peer::is_ipv6(endpoint));
  socket_.connect(endpoint);
  if (!by_name) return;
  socket_.raw().set(zmq::sockopt::ipv6, false);
  socket_.connect(endpoint);
}

bool zap_client::ask(std::uint64_t id, const attempt& what) {
  const std::string name = std::to_string(id);
  zap::request request;
  request.id = name;
  request.domain = domain;
  request.address = what.address;
  request.how = what.how;
  request.user = what.user;
  request.password = what.password;
  request.key = what.key;
  loop_.post([this, id, frames = zap::compose_request(request)]() mutable { send(id, std::move(frames)); });
  return true;
}

void zap_client::send(std::uint64_t id, zap::frames request) {
  outgoing_.clear();
  for (std::string& frame : request) {
    outgoing_.add(std::string_view(frame));
    wipe(frame);
  }
  if (socket_.try_send(outgoing_) == send_result::sent) return;
  for (zmq::message_t& frame : outgoing_.frames()) sodium_memzero(frame.data(), frame.size());
  answered_(id, nullptr);
}

task<void> zap_client::serve() {
  for (;;) {
    co_await socket_.readable();
    for (int n = 0; n < replies_per_turn_max && socket_.try_receive(incoming_); ++n) handle();
  }
}

void zap_client::handle() {
  views_.clear();
  for (const zmq::message_t& frame : incoming_.frames()) {
    views_.emplace_back(static_cast<const char*>(frame.data()), frame.size());
  }
  const std::optional<zap::reply> reply = zap::parse_reply(views_);
  if (reply && incoming_.excess() == 0) {
    if (const auto id = parse_id(reply->id)) return answered_(*id, &*reply);
  }
  // The id may still be readable. Then the login is put off now, not at its time-out.
  if (views_.size() > 2) {
    if (const auto id = parse_id(views_[2])) answered_(*id, nullptr);
  }
}

}  // namespace gate::security
