// JSON as the command reads it from an argument and prints it.
#pragma once

#include <string>
#include <string_view>

#include <gate/json.hpp>
#include <gate/value.hpp>

namespace gate::cli {

// An argument as somebody typed it: JSON if it is JSON, else the text itself. Throws json_error for JSON that cannot
// travel, and for text that begins with `{` or `[` and is not JSON.
value read_argument(std::string_view text);

// Prints the JSON and a newline on standard output. Pretty: a long text is indented.
void print(const value& v, bool pretty = true);

}  // namespace gate::cli
