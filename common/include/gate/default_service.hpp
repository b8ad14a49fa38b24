// The service of a call that names none, and of a worker without a name.
#pragma once

#include <string_view>

namespace gate {

// As in gate-rpc, whose clients and workers without a name are reached by ours, and the other way round.
inline constexpr std::string_view default_service = "GateRPC";

}  // namespace gate
