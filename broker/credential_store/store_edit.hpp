// Changes one credential in the text of a store, and nothing else: comments and order stay.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/credential_store/store_text.hpp"

namespace gate::security {

enum class edit : std::uint8_t {
  replace,  // the new one alone is right from now on
  keep,     // the newest old one is right as well, until the next change
};

// The text with that credential of that principal, who is added when the text does not have him. `file` is for
// messages. Throws store_error when the text is no TOML, or writes the principal in a way that cannot be changed so
// (as an inline table): then a person has to.
std::string set_password(std::string_view text, const std::string& file, std::string_view user,
                         std::string_view password_hash, edit how);
std::string set_curve_key(std::string_view text, const std::string& file, std::string_view user, const curve_key& key,
                          edit how);

}  // namespace gate::security
