// Changes one credential in the text of a store. Comments and order stay as they are.
#pragma once

#include <string>
#include <string_view>

#include <gate/credential_store.hpp>
#include <gate/curve_key.hpp>

namespace gate::security {

// Returns the text with the new credential. Adds the principal if the text does not have it. `file` is for messages.
// Throws store_error if the text is not TOML, or if the principal is written in a way that this cannot edit (as an
// inline table). Then a person has to edit it.
std::string set_password(std::string_view text, const std::string& file, std::string_view user,
                         std::string_view password_hash, old_credential old_one);
std::string set_curve_key(std::string_view text, const std::string& file, std::string_view user, const curve_key& key,
                          old_credential old_one);

}  // namespace gate::security
