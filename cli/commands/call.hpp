// `gate call`: how its target is read, and what it does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gate/reports.hpp>

#include "cli/context/settings.hpp"

namespace gate::cli {

// What the command line says of a call.
struct call_line {
  std::string target;
  std::vector<std::string> arguments;
  std::string save;
  bool stream = false, one_way = false, idempotent = false;
};

struct target {
  std::string service, method;
};

// "calculator.add". A service may have points in its name, a method has none. "add" alone is a method of the service
// `otherwise`. Throws usage_error.
target parse_target(std::string_view text, std::string_view otherwise);

// What is to be done where a call of that method is refused because items travel: add --stream, or do not use this
// command. Empty when that is not it.
std::string stream_hint(const method_report& method, const call_line& line);

// Makes the call and shows what comes; gives the exit code. Throws usage_error and what connect()
// throws.
int perform_call(const settings& common, const call_line& line);

}  // namespace gate::cli
