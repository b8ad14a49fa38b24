#include "common/transport/peer_address.hpp"

#include <array>

#include <netdb.h>
#include <sys/socket.h>

namespace gate::broker {

namespace {

struct remote_end {
  std::string host, port;
};

remote_end remote_end_of(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::getpeername(descriptor, generic, &size) != 0) return {};
  if (address.ss_family != AF_INET && address.ss_family != AF_INET6) return {};
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  constexpr int as_numbers = NI_NUMERICHOST | NI_NUMERICSERV;
  if (::getnameinfo(generic, size, host.data(), host.size(), port.data(), port.size(), as_numbers) != 0) return {};
  return {host.data(), port.data()};
}

}  // namespace

std::string peer_address(int descriptor) { return remote_end_of(descriptor).host; }

std::string peer_endpoint(int descriptor) {
  const remote_end end = remote_end_of(descriptor);
  if (end.host.empty()) return {};
  return (end.host.find(':') == std::string::npos ? end.host : "[" + end.host + "]") + ":" + end.port;
}

}  // namespace gate::broker
