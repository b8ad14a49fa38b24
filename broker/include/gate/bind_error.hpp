// Why a broker could not be started.
#pragma once

#include <stdexcept>

namespace gate {

// An address could not be bound, or must not be, or what is to decide about logins is not in order. what() is one line
// that names the port's role, the address and the reason: "cannot bind frontend tcp://127.0.0.1:5555: Address already
// in use"; or the file, its line and what is wrong there.
class bind_error final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace gate
