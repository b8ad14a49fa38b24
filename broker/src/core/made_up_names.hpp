// Names for workers that give none: "echo#2". One keeps its number as long as its connection lasts, and the lowest that
// is free goes to the next: a worker that is alone and comes back has the same name again.
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
  std::set<std::uint32_t> free_;  // of those up to last_
  std::uint32_t last_ = 0;
};

}  // namespace gate::broker
