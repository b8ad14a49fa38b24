#include "broker/core/reserved_names.hpp"

namespace gate::broker {

bool is_reserved(std::string_view service) noexcept {
  return service == "gate" || service == "Gate" || service.starts_with("mmi.");
}

bool is_for_everybody(std::string_view method) noexcept {
  return method == "ping" || method == "services" || method == "describe";
}

}  // namespace gate::broker
