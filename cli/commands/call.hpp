// `gate call`: reads its target, and makes the call.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/context/settings.hpp"

namespace gate::cli {

struct method_line;

// The options and arguments of `gate call`.
struct call_line {
  std::string target;
  std::vector<std::string> arguments;
  std::string save;
  bool stream = false, one_way = false, idempotent = false;
};

struct target {
  std::string service, method;
};

// Splits "calculator.add". A service may have points in its name; a method has none. "add" alone is a method of the
// service `otherwise`. Throws usage_error.
target parse_target(std::string_view text, std::string_view otherwise);

// The advice if a call of that method is refused because it has a stream: add --stream, or do not use this command.
// Empty if the method has no stream.
std::string stream_hint(const method_line& method, const call_line& line);

// Makes the call and prints the result. Returns the exit code. Throws usage_error, and what connect() throws.
int perform_call(const settings& common, const call_line& line);

}  // namespace gate::cli
