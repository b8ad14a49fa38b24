// Changes one credential in the text of a store, and nothing else: comments and order stay.
#pragma once

#include <string>
#include <string_view>

#include <gate/credential_store.hpp>
#include <gate/curve_key.hpp>

namespace gate::security {

// The text with that credential of that principal, who is added when the text does not have him. `file` is for
// messages. Throws store_error when the text is no TOML, or writes the principal in a way that cannot be changed so
// (as an inline table): then a person has to.
std::string set_password(std::string_view text, const std::string& file, std::string_view user,
                         std::string_view password_hash, old_credential old_one);
std::string set_curve_key(std::string_view text, const std::string& file, std::string_view user, const curve_key& key,
                          old_credential old_one);

}  // namespace gate::security
