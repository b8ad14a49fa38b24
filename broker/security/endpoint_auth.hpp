// The ways to log in at an endpoint, and the rules which of them an endpoint may use. No sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gate::security {

enum class auth : std::uint8_t {
  none,        // NULL: no login
  plain,       // user and password, in clear text
  curve,       // keys, and encryption
  in_message,  // gate-rpc: user and password in clear text in each message, over NULL
};

std::string_view to_string(auth a) noexcept;
std::optional<auth> parse_auth(std::string_view text) noexcept;

struct endpoint_facts {
  auth how = auth::none;
  bool local = false;     // only this machine can reach it
  bool insecure = false;  // the operator has set insecure = true
  bool has_store = false;
  bool has_external = false;   // an external ZAP service
  bool has_curve_key = false;  // the broker's own key file
  bool has_handler = true;     // the ZAP handler is bound
};

// Empty if the endpoint may be bound with these facts. Otherwise the reason why the broker must not start, and what to
// do.
std::string_view fault_of(const endpoint_facts& facts) noexcept;

// The options for the socket of such an endpoint. libzmq asks the ZAP handler about NULL peers only if the socket has a
// domain. So the socket has one wherever peers log in by the transport.
struct socket_words {
  bool plain_server = false;
  bool curve_server = false;
  bool enforce_domain = false;  // libzmq refuses a peer if the domain has no handler, instead of admitting it
  std::string_view domain = "gate";
};
socket_words words_for(auth how, bool has_store) noexcept;

}  // namespace gate::security
