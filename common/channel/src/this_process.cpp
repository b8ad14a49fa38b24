#include "common/channel/this_process.hpp"

#include <array>

#include <unistd.h>

#include <gate/version.hpp>

namespace gate::peer {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

descriptor describe_this_process() {
  descriptor d;
  d.host = host_name();
  d.pid = static_cast<std::uint32_t>(::getpid());
  d.version = version;
  return d;
}

}  // namespace gate::peer
