// The methods of a gate-rpc service.
#pragma once

#include <optional>
#include <vector>

#include <gate/descriptor.hpp>
#include <gate/value.hpp>

namespace gate {

// Reads what `get_interfaces` of a gate-rpc service answers: its methods with their parameters, and the types as Python
// writes them. Empty if the value is something else. Thread-safe.
std::optional<std::vector<method_descriptor>> read_gaterpc_interfaces(const value& answer);

}  // namespace gate
