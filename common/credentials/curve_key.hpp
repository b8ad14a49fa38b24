// Keys of CURVE, the encryption of ZeroMQ, and files that hold a pair of them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "common/credentials/secret.hpp"

namespace gate {

// A public key, in the form of a ZAP request.
using curve_key = std::array<unsigned char, 32>;

// Z85 is the text form of keys: 40 characters for 32 bytes. Reading returns nothing if the text is not a key.
std::string to_z85(const curve_key& key);
std::optional<curve_key> parse_curve_key(std::string_view z85);

struct curve_pair {
  curve_key public_key{};
  secret secret_key;  // Z85, the form that libzmq takes
};

curve_pair make_curve_pair();

// A file of a key pair: lines `public = "..."` and `secret = "..."`, comments after #. Writing refuses to replace a
// file. Both throw private_file_error; reading also if the two keys do not belong together.
curve_pair read_curve_file(const std::string& path);
void write_curve_file(const std::string& path, const curve_pair& pair);

}  // namespace gate
