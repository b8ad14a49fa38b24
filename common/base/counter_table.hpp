// Tables of counters. One table feeds `stats`, and the documentation lists it.
#pragma once

#include <cstdint>
#include <string_view>

namespace gate {

// One counter, a member of `Counters`. Operators know it by `name`; `help` says what it counts.
template <class Counters, class Number = std::uint64_t> struct counter_row {
  std::string_view name;
  Number Counters::*member;
  std::string_view help;
};

}  // namespace gate
