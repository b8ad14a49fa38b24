#include "common/src/peer/inquiry.hpp"

#include <utility>

namespace gate::peer {

namespace {

using namespace std::string_view_literals;

constexpr int reconnect_interval_ms = 3'600'000;  // one connection is all

// Signature and major version: upon that a server sends all of its own greeting.
constexpr std::string_view opening = "\xff\0\0\0\0\0\0\0\1\x7f\3"sv;

constexpr std::size_t version_at = 10, mechanism_at = 12, mechanism_bytes = 20;

}  // namespace

inquiry::inquiry(loop& where, const std::string& endpoint, unique_function<void(std::string_view)> tell)
    : stream_(where, transport_context(), zmq::socket_type::stream),
      events_(transport_context(), stream_, [this](const connection_event& event) { take_event(event); }),
      tell_(std::move(tell)) {
  ready_ = where.watch_socket(stream_.raw().handle(), [this] { receive(); });
  ready_.want(poller::interest::read);
  stream_.raw().set(zmq::sockopt::reconnect_ivl, reconnect_interval_ms);
  stream_.connect(endpoint);
}

// A connection without octets tells of its beginning and of its end.
void inquiry::receive() {
  while (!over_ && stream_.try_receive(message_)) {
    if (message_.size() < 2) continue;
    if (!message_[1].empty()) {
      take(message_[1].to_string_view());
    } else if (std::exchange(began_, true)) {
      end({});
    } else {
      multipart out(2);
      out.add(message_[0].to_string_view());
      out.add(opening);
      if (stream_.try_send(out) != send_result::sent) end({});
    }
  }
}

void inquiry::take(std::string_view octets) {
  greeting_ += octets;
  if (greeting_[0] != opening[0]) return end({});
  if (greeting_.size() < mechanism_at + mechanism_bytes) return;
  if (greeting_[version_at] < opening[version_at]) return end({});
  const std::string_view name = std::string_view(greeting_).substr(mechanism_at, mechanism_bytes);
  end(name.substr(0, name.find('\0')));
}

void inquiry::take_event(const connection_event& event) {
  using kind = connection_event::kind;
  if (event.what == kind::closed || event.what == kind::connect_retried) end({});
}

void inquiry::end(std::string_view mechanism) {
  if (!std::exchange(over_, true)) tell_(mechanism);
}

}  // namespace gate::peer
