// The default service: the service of a call that names none, and of a worker without a service name.
#pragma once

#include <string_view>

namespace gate {

// The same name as in gate-rpc, so peers of both projects that name no service reach each other.
inline constexpr std::string_view default_service = "GateRPC";

}  // namespace gate
