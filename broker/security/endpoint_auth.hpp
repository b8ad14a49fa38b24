// How peers of an address prove who they are, and whether that is enough for the address: the policy alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gate::security {

enum class auth : std::uint8_t {
  none,        // NULL: nobody proves anything
  plain,       // user and password, in clear text
  curve,       // keys, and encryption
  in_message,  // gate-rpc's: user and password in clear text in each message, over NULL
};

std::string_view to_string(auth a) noexcept;
std::optional<auth> parse_auth(std::string_view text) noexcept;

struct endpoint_facts {
  auth how = auth::none;
  bool local = false;     // only this machine can reach it
  bool insecure = false;  // the operator said so in so many words
  bool has_store = false;
  bool has_external = false;   // an external ZAP service
  bool has_curve_key = false;  // the broker's own key file
  bool has_handler = true;     // the ZAP handler is bound
};

// Empty when the address may be bound so; else why the broker must not start, and what to do.
std::string_view fault_of(const endpoint_facts& facts) noexcept;

// What the socket of such an address is to be given. Without a domain libzmq does not ask the handler about peers that
// come with NULL: so there is one wherever the transport is what decides.
struct socket_words {
  bool plain_server = false;
  bool curve_server = false;
  bool enforce_domain = false;  // a peer of a domain without a handler is refused, not admitted
  std::string_view domain = "gate";
};
socket_words words_for(auth how, bool has_store) noexcept;

}  // namespace gate::security
