#include "common/channel/src/inquiry.hpp"

#include <algorithm>
#include <utility>

#include "common/channel/src/curve_hello.hpp"
#include "common/credentials/material.hpp"
#include "common/transport/lookup.hpp"

namespace gate::peer {

namespace {

using namespace std::string_view_literals;

constexpr int descriptors = 4;  // the socket, both ends of its monitor, and the connection

// Signature and major version. A server that gets these sends all of its own greeting.
constexpr std::string_view opening = "\xff\0\0\0\0\0\0\0\1\x7f\3"sv;

// A short command frame. The socket type is among its properties, behind a length of four bytes.
constexpr std::string_view ready_head = "\4"sv, type_property = "\x0bSocket-Type\0\0\0"sv;
constexpr std::size_t type_bytes_max = 10, said_bytes_max = 64;

constexpr std::size_t version_at = 10, mechanism_at = 12, mechanism_bytes = 20, greeting_bytes = 64;

// The rest of a greeting: minor version, mechanism, "not a server", filler.
std::string rest_of_greeting(std::string_view mechanism) {
  std::string rest(greeting_bytes - opening.size(), '\0');
  rest.replace(mechanism_at - opening.size(), mechanism.size(), mechanism);
  return rest;
}

std::optional<curve_key> server_key_of(const credentials& own) {
  const credentials::material* const m = own.secrets();
  if (m == nullptr || m->what != credentials::kind::curve) return std::nullopt;
  return m->server_key;
}

}  // namespace

inquiry::inquiry(loop& where, const std::string& endpoint, const credentials& own,
                 unique_function<void(server_facts)> tell)
    : stream_(where, transport_context(descriptors), zmq::socket_type::stream),
      events_(transport_context(), stream_, [this](const connection_event& event) { take_event(event); }),
      server_key_(server_key_of(own)),
      bare_(own.empty()),
      tell_(std::move(tell)) {
  ready_ = where.watch_socket(stream_.raw().handle(), [this] { receive(); });
  ready_.want(poller::interest::read);
  stream_.raw().set(zmq::sockopt::reconnect_ivl, never_reconnect_ms);
  stream_.raw().set(zmq::sockopt::ipv6, is_ipv6(endpoint));
  stream_.connect(endpoint);
}

// A STREAM socket reports the beginning and the end of a connection as a message without bytes.
void inquiry::receive() {
  while (!over_ && stream_.try_receive(message_)) {
    if (message_.size() < 2) continue;
    if (!message_[1].empty()) {
      take(message_[1].to_string_view());
    } else if (std::exchange(began_, true)) {
      hung_up();
    } else {
      peer_ = message_[0].to_string_view();
      send(opening);
    }
  }
}

void inquiry::send(std::string_view raw) {
  multipart out(2);
  out.add(peer_);
  out.add(raw);
  try {
    static_cast<void>(stream_.try_send(out));
  } catch (const zmq::error_t&) {
    // The connection is gone already. Its end is about to be reported, after the bytes that the other side sent.
  }
}

void inquiry::take(std::string_view raw) {
  received_ += raw;
  if (!greeted_) take_greeting();
  if (over_ || !greeted_ || received_.size() < greeting_bytes) return;  // the rest of the greeting has no facts
  const std::string_view after = std::string_view(received_).substr(greeting_bytes);
  if (bare_) return take_ready(after);
  if (after.size() >= curve::command_head_bytes) end({"CURVE", curve::is_welcome(after), {}, {}});
}

void inquiry::take_greeting() {
  if (received_[0] != opening[0]) {
    server_facts stranger;
    stranger.said = received_.substr(0, said_bytes_max);
    return end(std::move(stranger));
  }
  if (received_.size() < mechanism_at + mechanism_bytes) return;
  if (received_[version_at] < opening[version_at]) return end({});
  std::string name = received_.substr(mechanism_at, mechanism_bytes);
  name.resize(std::min(name.size(), name.find('\0')));
  const bool keys = name == "CURVE" && server_key_;
  if (!keys && !(name == "NULL" && bare_)) return end({std::move(name), false, {}, {}});
  greeted_ = true;
  send(keys ? rest_of_greeting(name) + curve::hello(*server_key_) : rest_of_greeting(name));
}

// Under NULL each end sends the type of its socket without waiting for the other end.
void inquiry::take_ready(std::string_view after) {
  if (after.size() < 2) return;
  const std::string_view command = after.substr(0, 2 + std::size_t{static_cast<unsigned char>(after[1])});
  if (command.size() < 2 + std::size_t{static_cast<unsigned char>(after[1])}) return;
  server_facts found{"NULL", false, {}, {}};
  const std::size_t at = command.find(type_property);
  if (command.starts_with(ready_head) && at != command.npos && at + type_property.size() < command.size()) {
    const std::size_t size = static_cast<unsigned char>(command[at + type_property.size()]);
    found.socket_type = command.substr(at + type_property.size() + 1, std::min(size, type_bytes_max));
  }
  end(std::move(found));
}

void inquiry::take_event(const connection_event& event) {
  using kind = connection_event::kind;
  if (event.what != kind::closed && event.what != kind::connect_retried) return;
  receive();  // bytes that came before count
  if (!over_) hung_up();
}

void inquiry::hung_up() {
  server_facts known;
  if (greeted_) known.mechanism = bare_ ? "NULL" : "CURVE";
  end(std::move(known));
}

void inquiry::end(server_facts facts) {
  if (!std::exchange(over_, true)) tell_(std::move(facts));
}

}  // namespace gate::peer
