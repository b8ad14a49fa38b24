// Why a broker could not be started.
#pragma once

#include <stdexcept>

namespace gate {

// Thrown if a broker cannot start with its options. Either an address cannot be bound or is not safe, or there is a
// fault in the files that decide about logins, or the policy of a service is wrong. what() is one line:
//   - for an address its role, the address and the reason:
//     "cannot bind frontend tcp://127.0.0.1:5555: Address already in use"
//   - for a file its path, the line and the fault;
//   - for a policy the value, the service, and the values that there are.
class bind_error final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace gate
