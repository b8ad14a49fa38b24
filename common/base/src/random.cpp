#include "common/base/random.hpp"

#include <random>

namespace gate::peer {

std::uint64_t random_seed() {
  std::random_device source;
  return std::uint64_t{source()} << 32 | source();
}

}  // namespace gate::peer
