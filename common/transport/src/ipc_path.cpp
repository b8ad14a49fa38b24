#include "common/transport/ipc_path.hpp"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/protocol/endpoint.hpp"

namespace gate::broker {
namespace {

constexpr std::string_view prefix = "ipc://";

static_assert(sizeof sockaddr_un::sun_path == peer::ipc_path_bytes_max + 1);

bool is_answered(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;  // libzmq reports that the path is too long
  std::memcpy(address.sun_path, path.data(), path.size());
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  const bool connected = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const bool is_full = !connected && errno == EAGAIN;  // a process listens but does not accept
  ::close(probe);
  return connected || is_full;
}

}  // namespace

std::string in_the_way_of(std::string_view endpoint) {
  if (!endpoint.starts_with(prefix)) return {};
  const std::string path(endpoint.substr(prefix.size()));
  if (path.starts_with('@') || path == "*") return {};  // `@`: not in the file system; `*`: libzmq makes a new path
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return {};
  if (!S_ISSOCK(found.st_mode)) return "there is a file at that path which is no socket";
  return is_answered(path) ? "Address already in use" : std::string();
}

}  // namespace gate::broker
