#include "common/channel/this_process.hpp"

#include <unistd.h>

#include <gate/version.hpp>

#include "common/base/host_name.hpp"

namespace gate::peer {

descriptor describe_this_process() {
  descriptor d;
  d.host = host_name();
  d.pid = static_cast<std::uint32_t>(::getpid());
  d.version = version;
  return d;
}

}  // namespace gate::peer
