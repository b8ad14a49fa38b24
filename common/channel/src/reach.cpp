#include "common/channel/src/reach.hpp"

#include <cerrno>

#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/protocol/endpoint.hpp"
#include "common/transport/open_files.hpp"

namespace gate::peer {

namespace {

constexpr std::string_view nobody = "nobody answers there";

std::string text_of_route(int error, int family) {
  switch (error) {
    case EAFNOSUPPORT:
      return family == AF_INET6 ? "this machine has no IPv6" : "this machine has no IPv4";
    case EADDRNOTAVAIL:
      return "this machine has no address from which it could be reached";
    case ENETUNREACH:
    case EHOSTUNREACH:
      return family == AF_INET6 ? "there is no route to it, by IPv6" : "there is no route to it, by IPv4";
    case EINVAL:
      return "an address of one link needs the interface behind it, as in [fe80::1%eth0]";
    default:
      return text_of(error);
  }
}

// Connecting a datagram socket sends nothing, and shows whether there is a route.
std::string why_of_tcp(std::string_view endpoint) {
  std::string host(host_of(endpoint));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string port(endpoint.substr(endpoint.rfind(':') + 1));
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_DGRAM;
  wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &wanted, &found) != 0) return "that is no address";
  int error = 0;
  const int probe = ::socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (probe < 0 || ::connect(probe, found->ai_addr, found->ai_addrlen) != 0) error = errno;
  if (probe >= 0) ::close(probe);
  const int family = found->ai_family;
  ::freeaddrinfo(found);
  return error == 0 ? std::string(nobody) : text_of_route(error, family);
}

std::string why_of_ipc(const std::string& path) {
  if (path.starts_with('@')) return std::string(nobody);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return errno == ENOENT ? "there is no socket at that path" : "that path cannot be reached: " + text_of(errno);
  }
  if (!S_ISSOCK(status.st_mode)) return "there is a file at that path which is no socket";
  if (::access(path.c_str(), W_OK) != 0)
    return "this user may not connect to the socket at that path: " + text_of(errno);
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return text_of(errno);
  ::close(probe);
  return "nobody listens at that path";
}

}  // namespace

std::string why_nobody_answers(std::string_view endpoint) {
  if (endpoint.starts_with("tcp://")) return why_of_tcp(endpoint);
  constexpr std::string_view ipc = "ipc://";
  if (endpoint.starts_with(ipc)) return why_of_ipc(std::string(endpoint.substr(ipc.size())));
  return std::string(nobody);
}

}  // namespace gate::peer
