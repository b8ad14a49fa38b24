#include "broker/security/endpoint_auth.hpp"

namespace gate::security {

std::string_view to_string(auth a) noexcept {
  switch (a) {
    case auth::none:
      return "none";
    case auth::plain:
      return "plain";
    case auth::curve:
      return "curve";
    case auth::in_message:
      return "in-message";
  }
  return "";
}

std::optional<auth> parse_auth(std::string_view text) noexcept {
  for (const auth a : {auth::none, auth::plain, auth::curve, auth::in_message}) {
    if (text == to_string(a)) return a;
  }
  return std::nullopt;
}

std::string_view fault_of(const endpoint_facts& facts) noexcept {
  const bool can_check = facts.has_store || facts.has_external;
  // Without a handler, libzmq admits everybody to a CURVE socket.
  if (facts.how != auth::none && facts.how != auth::in_message && !facts.has_handler) {
    return "there is no ZAP handler, so anybody would be admitted; this is a fault of the broker's set-up";
  }
  switch (facts.how) {
    case auth::none:
      if (facts.local || facts.insecure) return {};
      return "other machines could reach it and anybody would be admitted; set auth = \"curve\" or \"plain\", bind a "
             "loopback address, or set insecure = true to allow it";
    case auth::plain:
      if (!can_check) return "auth = \"plain\" needs a credential store, or a zap_service, to check passwords with";
      return {};
    case auth::curve:
      if (!facts.has_curve_key)
        return "auth = \"curve\" needs curve_key, the broker's key file (gate keygen makes one)";
      if (!can_check) return "auth = \"curve\" needs a credential store, or a zap_service, that knows the peers' keys";
      return {};
    case auth::in_message:
      if (!can_check)
        return "auth = \"in-message\" needs a credential store, or a zap_service, to check passwords with";
      return {};
  }
  return {};
}

socket_words words_for(auth how, bool has_store) noexcept {
  socket_words words;
  words.plain_server = how == auth::plain;
  words.curve_server = how == auth::curve;
  // A peer that logs in with its messages must first connect with NULL. Without a domain libzmq does not ask about
  // NULL.
  if (how == auth::in_message) {
    words.domain = {};
    return words;
  }
  // With a store, a NULL peer is the anonymous principal, or it is refused.
  words.enforce_domain = how == auth::plain || how == auth::curve || has_store;
  return words;
}

}  // namespace gate::security
