#include "common/dialects/dialect.hpp"

namespace gate::broker {

std::optional<dialect> dialect_named(std::string_view option) noexcept {
  if (option == "gate2") return dialect::gate2;
  if (option == "gate-rpc") return dialect::gaterpc;
  if (option == "mdp01") return dialect::mdp01;
  if (option == "mdp02") return dialect::mdp02;
  return std::nullopt;
}

wire::recognised recognise(wire::frames_view frames, dialect only) {
  wire::recognised who = wire::recognise(frames);
  if (only == dialect::unknown || who.speaks == only) return who;
  // gate-rpc and MDP/0.1 share their headers, so a message of one may look like the other.
  const bool alike = who.speaks == dialect::gaterpc || who.speaks == dialect::mdp01;
  if (alike && (only == dialect::gaterpc || only == dialect::mdp01)) {
    who.speaks = only;
    return who;
  }
  return {};
}

}  // namespace gate::broker
