// Keys of CURVE, the transport's encryption, and the files that hold a pair of them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include <gate/secret.hpp>

namespace gate {

// A public key, as it stands in a ZAP request.
using curve_key = std::array<unsigned char, 32>;

// Z85 is how people write keys: 40 characters for 32 bytes. Nothing when the text is no key.
std::string to_z85(const curve_key& key);
std::optional<curve_key> parse_curve_key(std::string_view z85);

struct curve_pair {
  curve_key public_key{};
  secret secret_key;  // Z85, as libzmq takes it
};

curve_pair make_curve_pair();

// A file of such a pair: lines `public = "..."` and `secret = "..."`, comments after #. Writing refuses a file that is
// there. Both throw private_file_error, reading also when the two do not belong together.
curve_pair read_curve_file(const std::string& path);
void write_curve_file(const std::string& path, const curve_pair& pair);

}  // namespace gate
