// Makes names for workers that give none: "echo#2". A worker keeps its number while its connection lasts. The next
// worker gets the lowest free number. So the only worker of a service has the same name again when it comes back.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include <gate/assert.hpp>

namespace gate::broker {

class made_up_names {
 public:
  std::uint32_t take() {
    if (free_.empty()) return ++last_;
    const std::uint32_t lowest = *free_.begin();
    free_.erase(free_.begin());
    return lowest;
  }
  void give_back(std::uint32_t number) {
    GATE_ASSERT(number > 0 && number <= last_);
    free_.insert(number);
  }

  static std::string name(std::string_view service, std::uint32_t number) {
    return std::string(service) + "#" + std::to_string(number);
  }

 private:
  std::set<std::uint32_t> free_;  // numbers up to last_ that nobody has
  std::uint32_t last_ = 0;
};

}  // namespace gate::broker
