#include "common/transport/open_files.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

namespace gate {

ino_t socket_inode(int descriptor) noexcept {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISSOCK(status.st_mode)) return 0;
  return status.st_ino;
}

bool socket_mark::is_whole() const noexcept {
  if (!is_open()) return false;
  pollfd state{descriptor, POLLRDHUP, 0};
  return ::poll(&state, 1, 0) == 0;
}

void need_descriptors(int count) {
  std::array<int, 16> taken{};
  std::size_t have = 0;
  int error = 0;
  while (error == 0 && have < static_cast<std::size_t>(count) && have < taken.size()) {
    const int fresh = ::eventfd(0, EFD_CLOEXEC);
    if (fresh < 0) {
      error = errno;
    } else {
      taken[have++] = fresh;
    }
  }
  while (have > 0) ::close(taken[--have]);
  if (error != 0) throw std::system_error(error, std::generic_category());
}

std::string text_of(int error) {
  if (error != EMFILE) return ::zmq_strerror(error);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return "too many open files";
  return "this process may have no more files open than its " + std::to_string(limit.rlim_cur) + " (ulimit -n)";
}

}  // namespace gate
