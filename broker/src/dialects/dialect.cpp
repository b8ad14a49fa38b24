#include "broker/src/dialects/dialect.hpp"

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
  // They share their headers, and what looks like one may be the other.
  const bool alike = who.speaks == dialect::gaterpc || who.speaks == dialect::mdp01;
  if (alike && (only == dialect::gaterpc || only == dialect::mdp01)) {
    who.speaks = only;
    return who;
  }
  return {};
}

peer_context context_of(wire::recognised who) {
  peer_context context;
  const bool ours = who.speaks == dialect::gate2;
  const bool majordomo = who.speaks == dialect::mdp01 || who.speaks == dialect::mdp02;
  context.dialect = to_string(who.speaks);
  context.heartbeats = ours;
  context.owes = ours;
  context.credit = ours || who.role == peer_role::worker;  // a worker's answers are paced for it
  context.huge = ours;
  context.errors = !majordomo;
  return context;
}

}  // namespace gate::broker
