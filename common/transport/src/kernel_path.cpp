#include "common/transport/kernel_path.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace gate::peer {
namespace {

std::uint64_t ask(int descriptor, unsigned long what) noexcept {
  int bytes = 0;
  return ::ioctl(descriptor, what, &bytes) == 0 && bytes > 0 ? static_cast<std::uint64_t>(bytes) : 0;
}

bool takes_more(int descriptor) noexcept {
  pollfd one{descriptor, POLLOUT, 0};
  return ::poll(&one, 1, 0) != 1 || (one.revents & POLLOUT) != 0;
}

// poll() calls a local socket full when a quarter of its buffer is used. The socket still takes bytes until the buffer
// is full, pings for example. That would look as if the other side had read something. So this counts the bytes.
bool local_takes_more(int descriptor, std::uint64_t outstanding) noexcept {
  int buffer = 0;
  socklen_t size = sizeof buffer;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &buffer, &size) != 0) return takes_more(descriptor);
  return outstanding < static_cast<std::uint64_t>(buffer);
}

// Older kernels fill in a shorter tcp_info.
constexpr socklen_t needed_bytes = offsetof(tcp_info, tcpi_snd_wnd) + sizeof(tcp_info::tcpi_snd_wnd);

}  // namespace

std::optional<path_sample> sample_path(int descriptor, instant now) noexcept {
  int domain = 0;
  socklen_t size = sizeof domain;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return std::nullopt;
  path_sample seen;
  if (domain == AF_INET || domain == AF_INET6) {
    tcp_info info{};
    size = sizeof info;
    if (::getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || size < needed_bytes) return std::nullopt;
    seen.counted = true;
    seen.received_at = now - std::chrono::milliseconds(info.tcpi_last_data_recv);
    seen.received = info.tcpi_bytes_received;
    seen.acknowledged = info.tcpi_bytes_acked;
    seen.window = info.tcpi_snd_wnd;
  } else if (domain != AF_UNIX) {
    return std::nullopt;
  }
  seen.outstanding = ask(descriptor, SIOCOUTQ);
  seen.unread = ask(descriptor, SIOCINQ);
  seen.writable = domain == AF_UNIX ? local_takes_more(descriptor, seen.outstanding) : takes_more(descriptor);
  return seen;
}

}  // namespace gate::peer
