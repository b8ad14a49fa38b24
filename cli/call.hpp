// How `gate call` reads its arguments.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <gate/argument_list.hpp>

namespace gate::cli {

struct target {
  std::string service, method;
};

// "calculator.add". A service may have points in its name, a method has none. Throws usage_error.
target parse_target(std::string_view text);

// The arguments as typed. `-` is replaced by what `standard_input` gives, once. Throws usage_error and json_error.
argument_list gather(const std::vector<std::string>& arguments, const std::function<std::string()>& standard_input);

}  // namespace gate::cli
