// Changes one credential in the text of a store. Comments and order stay as they are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/credential_store/store_text.hpp"

namespace gate::security {

enum class edit : std::uint8_t {
  replace,  // only the new password is accepted
  keep,     // the newest old password is accepted too, until the next change
};

// Returns the text with the new credential. Adds the principal if the text does not have it. `file` is for messages.
// Throws store_error if the text is not TOML, or if the principal is written in a way that this cannot edit (as an
// inline table). Then a person has to edit it.
std::string set_password(std::string_view text, const std::string& file, std::string_view user,
                         std::string_view password_hash, edit how);
std::string set_curve_key(std::string_view text, const std::string& file, std::string_view user, const curve_key& key,
                          edit how);

}  // namespace gate::security
