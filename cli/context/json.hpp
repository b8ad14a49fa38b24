// Between JSON, which people write, and msgpack, which travels.
//
// What JSON has no word for is an object with one key that begins with `$`, in both directions:
//   bytes       {"$bytes": "aGVsbG8="}                         base64
//   timestamp   {"$timestamp": "2026-11-20T11:28:12.5Z"}       UTC, up to nine digits of a second
//   not finite  {"$float": "nan"}, "inf", "-inf"
//   extension   {"$extension": [5, "AQI="]}                    its type, and its bytes in base64
// Keys of a map that are no text become the JSON of the key: {"1": "one"}. Text that is not UTF-8 is shown with U+FFFD
// in place of what is wrong.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <gate/value.hpp>

namespace gate::cli {

using json = nlohmann::ordered_json;  // maps are shown in the order in which they came

// A JSON text that cannot travel: nested too deeply, a number too large for any type, a `$` object that is wrong.
class json_error final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

json to_json(const value& v);

// Numbers with a point or an exponent become float64, whole ones integers. Throws json_error.
value to_value(const json& j);

// An argument as somebody typed it: JSON if it is JSON, else the text itself. Throws json_error, also for what begins
// with `{` or `[` and is no JSON.
value read_argument(std::string_view text);

// In one line; indented by two if `pretty` and it is worth it.
std::string to_text(const json& j, bool pretty);
// That, and a newline, on standard output.
void print(const json& j, bool pretty = true);

}  // namespace gate::cli
