#include "broker/engine/src/peer_text.hpp"

#include <optional>

#include "broker/gatekeeper/audit.hpp"
#include "common/transport/peer_address.hpp"

namespace gate::broker {

std::string peer_text(const remote_peer& p, const core& known) {
  const std::optional<peer_view> as = known.find_peer(p.id);
  std::string text = "a peer";
  if (as && as->is_client) text = "client";
  if (as && !as->service.empty()) text = "worker";
  if (as && !as->name.empty()) text += " " + security::in_quotes(as->name);
  if (as && !as->service.empty()) text += " of " + security::in_quotes(as->service);
  const std::string from = peer_endpoint(p.descriptor);  // with the port
  if (!from.empty() || !p.address.empty()) text += " at " + (from.empty() ? p.address : from);
  if (!p.principal.empty()) text += ", user " + security::in_quotes(p.principal);
  if (p.foreign) text += ", " + std::string(to_string(p.foreign->who().speaks));
  return text;
}

std::string losses_text(const remote_peer& p, const core& known) {
  const std::optional<peer_view> as = known.find_peer(p.id);
  std::string text;
  if (as && as->calls > 0) {
    text +=
        "; " + std::to_string(as->calls) + (!as->service.empty() ? " calls that it held" : " open calls of its own");
  }
  const std::size_t waiting = p.owed_bytes();
  if (waiting > 0) text += "; " + std::to_string(waiting) + " bytes that waited for it";
  return text.empty() ? "; nothing was under way" : text + " are lost";
}

std::string connection_text(const std::string& endpoint, int descriptor) {
  const std::string from = peer_endpoint(descriptor);
  return (from.empty() ? "a local peer" : from) + " at " + endpoint;
}

}  // namespace gate::broker
