// Converts between JSON, which people write, and msgpack, which is sent.
//
// Values that JSON does not have are objects with one key that begins with `$`, in both directions:
//   bytes       {"$bytes": "aGVsbG8="}                         base64
//   timestamp   {"$timestamp": "2026-11-20T11:28:12.5Z"}       UTC, up to nine digits of a second
//   not finite  {"$float": "nan"}, "inf", "-inf"
//   extension   {"$extension": [5, "AQI="]}                    its type, and its bytes in base64
// A map's key that is no text becomes the JSON of the key: {"1": "one"}. In text that is not UTF-8, U+FFFD replaces the
// wrong bytes.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <gate/value.hpp>

namespace gate::cli {

using json = nlohmann::ordered_json;  // keeps the order of a map

// A JSON text that cannot be sent: nested too deeply, a number too large for any type, a wrong `$` object.
class json_error final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

json to_json(const value& v);

// Numbers with a point or an exponent become float64, others become integers. Throws json_error.
value to_value(const json& j);

// Reads an argument that a person typed: JSON if it is JSON, else the text itself. Throws json_error, also if the text
// begins with `{` or `[` and is not JSON.
value read_argument(std::string_view text);

// In one line; with `pretty`, indented by two if it is long.
std::string to_text(const json& j, bool pretty);
// Prints the same text and a newline on standard output.
void print(const json& j, bool pretty = true);

}  // namespace gate::cli
