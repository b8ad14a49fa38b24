// The name of this machine.
#pragma once

#include <string>

namespace gate {

// As gethostname() states it; "localhost" if the system does not tell it.
std::string host_name();

}  // namespace gate
