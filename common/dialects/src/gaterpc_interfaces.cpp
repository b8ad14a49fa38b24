#include <gate/gaterpc_interfaces.hpp>

#include "common/dialects/gaterpc.hpp"

namespace gate {

std::optional<std::vector<method_descriptor>> read_gaterpc_interfaces(const value& answer) {
  return wire::gaterpc::read_interfaces(encode(answer));
}

}  // namespace gate
