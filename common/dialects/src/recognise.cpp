#include "common/dialects/foreign_peer.hpp"
#include "common/dialects/gaterpc.hpp"
#include "common/dialects/mdp01.hpp"
#include "common/dialects/mdp02.hpp"
#include "common/dialects/src/gaterpc_peer.hpp"
#include "common/wire/gate2.hpp"

namespace gate::wire {

std::string_view to_string(dialect language) noexcept {
  switch (language) {
    case dialect::unknown:
      return "unknown";
    case dialect::gate2:
      return "gate/2";
    case dialect::gaterpc:
      return "gate-rpc";
    case dialect::gaterpc01:
      return "gate-rpc 0.1";
    case dialect::mdp01:
      return "MDP/0.1";
    case dialect::mdp02:
      return "MDP/0.2";
  }
  return "unknown";
}

recognised recognise(frames_view frames) {
  if (frames.empty()) return {};
  if (gate2::recognises(frames[0])) return {dialect::gate2, peer_role::client};
  if (const recognised who = mdp02::recognise(frames); who.speaks == dialect::mdp02) return who;
  if (frames.size() < 2 || !frames[0].empty()) return {};
  const bool client = frames[1] == mdp01::client_header;
  if (!client && frames[1] != mdp01::worker_header) return {};
  const peer_role role = client ? peer_role::client : peer_role::worker;
  if (gaterpc::recognises_old(frames)) return {dialect::gaterpc01, role};
  return {gaterpc::recognises(frames) ? dialect::gaterpc : dialect::mdp01, role};
}

std::unique_ptr<foreign_peer> make_foreign_peer(recognised who, const foreign_options& options) {
  const bool client = who.role == peer_role::client;
  switch (who.speaks) {
    case dialect::gaterpc:
      if (client) return std::make_unique<gaterpc::client_peer>(options);
      return std::make_unique<gaterpc::worker_peer>(options);
    case dialect::mdp01:
    case dialect::mdp02: {
      const mdp::layout& version =
          who.speaks == dialect::mdp01 ? mdp01::layout : mdp02::layout_of(static_cast<mdp02::form>(who.form));
      if (client) return std::make_unique<mdp::client_peer>(version, options);
      return std::make_unique<mdp::worker_peer>(version);
    }
    case dialect::unknown:
    case dialect::gate2:
    case dialect::gaterpc01:
      break;
  }
  return nullptr;
}

}  // namespace gate::wire
