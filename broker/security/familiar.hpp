// The last few thousand users that logged in, each with its address. Failures of others at the same address do not hold
// them up. An entry needs a right password, so nobody can push entries out with invented names.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace gate::security {

// One thread.
class familiar_faces {
 public:
  explicit familiar_faces(std::size_t most) : most_(most) {}

  bool knows(std::string_view who) const noexcept { return index_.contains(who); }
  void came_in(const std::string& who) {
    if (most_ == 0) return;
    if (const auto found = index_.find(who); found != index_.end()) {
      list_.splice(list_.begin(), list_, found->second);
      return;
    }
    if (list_.size() >= most_) {
      index_.erase(list_.back());
      list_.pop_back();
    }
    list_.push_front(who);
    index_.emplace(list_.front(), list_.begin());
  }

 private:
  std::size_t most_;
  std::list<std::string> list_;  // the one that logged in last is in front
  std::unordered_map<std::string_view, std::list<std::string>::iterator> index_;
};

}  // namespace gate::security
