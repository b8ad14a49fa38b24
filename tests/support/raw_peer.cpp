#include "tests/support/raw_peer.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gate/descriptor.hpp>
#include <gate/limits.hpp>

#include "common/wire/descriptor_codec.hpp"
#include "common/wire/gate2.hpp"

namespace gate::test {

namespace {

constexpr const char* monitor_address = "inproc://monitor";

std::chrono::milliseconds until(std::chrono::steady_clock::time_point end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

bool readable(zmq::socket_t& socket, std::chrono::milliseconds deadline) {
  std::array<zmq::pollitem_t, 1> items{{{socket.handle(), 0, ZMQ_POLLIN, 0}}};
  return zmq::poll(items, deadline) > 0;
}

}  // namespace

std::string bytes_of(const message& m) {
  std::string batch;
  wire::gate2::append(batch, m);
  return batch;
}

std::string hello_bytes(peer_role role, std::string_view service, std::uint32_t capacity) {
  descriptor about;
  about.host = "raw";
  about.pid = static_cast<std::uint32_t>(::getpid());
  method_descriptor echo;
  echo.name = "echo";
  about.methods.push_back(echo);
  const std::string encoded = encode_descriptor(about);
  message m;
  m.type = message_type::hello;
  m.role = role;
  m.version_min = m.version_max = gate2_version;
  m.name = "raw";
  m.service = service;
  m.capacity = capacity;
  m.heartbeat_interval = limits::heartbeat_interval;
  m.liveness = limits::heartbeat_liveness;
  m.payload = payload_view(encoded);
  return bytes_of(m);
}

raw_dealer::raw_dealer(const std::string& endpoint, const prepare_socket& prepare)
    : socket_(context_, zmq::socket_type::dealer), monitor_(context_, zmq::socket_type::pair) {
  socket_.set(zmq::sockopt::linger, 0);
  socket_.set(zmq::sockopt::reconnect_ivl, -1);
  socket_.set(zmq::sockopt::sndhwm, 0);
  if (prepare) prepare(socket_);
  if (::zmq_socket_monitor(socket_.handle(), monitor_address, ZMQ_EVENT_DISCONNECTED) != 0) throw zmq::error_t();
  monitor_.set(zmq::sockopt::linger, 0);
  monitor_.connect(monitor_address);
  socket_.connect(endpoint);
}

void raw_dealer::send(const frames& message) {
  for (std::size_t i = 0; i < message.size(); ++i) {
    const bool more = i + 1 < message.size();
    const auto sent = socket_.send(zmq::buffer(message[i]), more ? zmq::send_flags::sndmore : zmq::send_flags::none);
    if (!sent) throw did_not_happen("a raw peer could not send");
  }
}

void raw_dealer::send(const message& m) { send(bytes_of(m)); }

std::optional<frames> raw_dealer::receive(std::chrono::milliseconds deadline) {
  if (!readable(socket_, deadline)) return std::nullopt;
  frames received;
  bool more = true;
  while (more) {
    zmq::message_t frame;
    (void)socket_.recv(frame);
    more = frame.more();
    received.push_back(frame.to_string());
  }
  return received;
}

raw_dealer::heard raw_dealer::next(message_type type, std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (auto received = receive(until(end))) {
    std::optional<bytes_view> payload;
    if (received->size() > 1) payload = received->at(1);
    wire::gate2::reader reader(received->front(), payload);
    for (message m; reader.next(m);) {
      if (m.type == type) return {m.call, m.status, std::string(m.caller)};
    }
  }
  throw did_not_happen("the broker sent a raw peer no " + std::string(to_string(type)));
}

errc raw_dealer::wait_for(message_type type, std::chrono::milliseconds deadline) { return next(type, deadline).status; }

call_id raw_dealer::next_request(std::chrono::milliseconds deadline) {
  return next(message_type::request, deadline).call;
}

bool raw_dealer::disconnected(std::chrono::milliseconds deadline) { return readable(monitor_, deadline); }

void raw_dealer::hello_as_client() { send(hello_bytes(peer_role::client)); }

void raw_dealer::hello_as_worker(std::string_view service, std::uint32_t capacity) {
  send(hello_bytes(peer_role::worker, service, capacity));
}

raw_tcp::raw_tcp(const std::string& endpoint) {
  const std::size_t colon = endpoint.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoul(endpoint.substr(colon + 1))));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr any{};
  static_assert(sizeof(any) == sizeof(address));
  std::memcpy(&any, &address, sizeof(any));
  if (descriptor_ < 0 || ::connect(descriptor_, &any, sizeof(any)) != 0) {
    throw std::system_error(errno, std::generic_category(), "connect to " + endpoint);
  }
}

raw_tcp::~raw_tcp() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void raw_tcp::reset() {
  const linger at_once{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(std::exchange(descriptor_, -1));
}

bool raw_tcp::send(std::string_view raw) {
  while (!raw.empty()) {
    const ssize_t n = ::send(descriptor_, raw.data(), raw.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    raw.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool raw_tcp::closed(std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (true) {
    pollfd watched{descriptor_, POLLIN, 0};
    if (::poll(&watched, 1, static_cast<int>(until(end).count())) <= 0) return false;
    char buffer[4096];
    const ssize_t n = ::recv(descriptor_, buffer, sizeof(buffer), 0);
    if (n == 0 || (n < 0 && errno != EINTR)) return true;
  }
}

bool raw_tcp::read_exactly(std::size_t byte_count) {
  std::string buffer(byte_count, '\0');
  return ::recv(descriptor_, buffer.data(), byte_count, MSG_WAITALL) == static_cast<ssize_t>(byte_count);
}

std::string raw_tcp::read_command() {
  unsigned char head[2];
  if (::recv(descriptor_, head, sizeof(head), MSG_WAITALL) != sizeof(head) || head[0] != 4) return {};
  std::string body(head[1], '\0');
  if (::recv(descriptor_, body.data(), body.size(), MSG_WAITALL) != static_cast<ssize_t>(body.size())) return {};
  return body.empty() ? body : body.substr(1, static_cast<unsigned char>(body.front()));
}

bool raw_tcp::shake_hands() {
  if (!send(greeting()) || !read_exactly(64)) return false;
  // The other side answers with a READY of any size. The content does not matter here.
  return send(ready_command());
}

bool raw_tcp::log_in(std::string_view user, std::string_view password, const std::string& properties) {
  const auto counted = [](std::string_view text) {
    return std::string{static_cast<char>(text.size())} + std::string(text);
  };
  if (!send(greeting("PLAIN")) || !read_exactly(64)) return false;
  if (!send(command("HELLO", counted(user) + counted(password))) || read_command() != "WELCOME") return false;
  return send(command("INITIATE", property("Socket-Type", "DEALER") + properties)) && read_command() == "READY";
}

std::string raw_tcp::greeting(std::string_view mechanism) {
  std::string raw("\xff\0\0\0\0\0\0\0\x01\x7f\x03\0", 12);
  raw += mechanism;
  raw.resize(64, '\0');
  return raw;
}

std::string raw_tcp::ready_command() {
  return command("READY", property("Socket-Type", "DEALER") + property("Identity", ""));
}

std::string raw_tcp::command(std::string_view name, const std::string& body) {
  const std::size_t size = 1 + name.size() + body.size();
  std::string raw{'\x04', static_cast<char>(size), static_cast<char>(name.size())};
  return raw.append(name).append(body);
}

std::string raw_tcp::property(std::string_view name, std::string_view value) {
  std::string raw{static_cast<char>(name.size())};
  raw.append(name).append(3, '\0');
  raw.push_back(static_cast<char>(value.size()));
  return raw.append(value);
}

std::string raw_tcp::frame(std::string_view body, bool more, std::optional<std::uint64_t> claimed_size) {
  const std::uint64_t size = claimed_size.value_or(body.size());
  const bool is_long = size > 255;
  std::string raw;
  raw.push_back(static_cast<char>((more ? 1 : 0) | (is_long ? 2 : 0)));
  if (is_long) {
    for (int shift = 56; shift >= 0; shift -= 8) raw.push_back(static_cast<char>(size >> shift & 0xff));
  } else {
    raw.push_back(static_cast<char>(size));
  }
  return raw.append(body);
}

}  // namespace gate::test
