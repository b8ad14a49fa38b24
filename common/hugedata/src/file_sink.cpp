#include "common/hugedata/src/file_sink.hpp"

#include <cerrno>
#include <system_error>

#include <unistd.h>

namespace gate::huge {

void write_at(int descriptor, bytes_view raw, std::uint64_t at) {
  while (!raw.empty()) {
    const ssize_t written = ::pwrite(descriptor, raw.data(), raw.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw std::system_error(errno, std::generic_category(), "cannot write what arrived");
    raw.remove_prefix(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
}

}  // namespace gate::huge
