// Decides which failed logins get a line in the log. One user at one address gets one line a minute, which says how
// many failures came in between.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <gate/clock.hpp>

namespace gate::security {

// One thread.
class failure_log {
 public:
  explicit failure_log(std::size_t faces_max = 1024) : faces_max_(faces_max) {}

  // `text` is the whole line of this failure. True: write it now. False: it is counted, and take_due() returns the
  // latest text with the number.
  bool add(const std::string& face, const std::string& text, instant now) {
    const auto found = by_face_.find(face);
    if (found == by_face_.end()) {
      if (entries_.size() >= faces_max_) forget(entries_.begin());
      entries_.push_back({face, now, 0, {}});
      by_face_.emplace(face, std::prev(entries_.end()));
      return true;
    }
    entry& e = *found->second;
    ++e.counted;
    e.latest = text;
    return false;
  }

  struct due {
    std::string text;
    std::uint64_t times;
  };
  // Returns the users whose minute is over and who failed again in it. Call it now and then.
  std::vector<due> take_due(instant now) {
    std::vector<due> all = std::exchange(overdue_, {});
    while (!entries_.empty() && now - entries_.front().told >= every) {
      const auto first = entries_.begin();
      if (first->counted == 0) {
        by_face_.erase(first->face);
        entries_.erase(first);
        continue;
      }
      all.push_back({std::exchange(first->latest, {}), std::exchange(first->counted, 0)});
      first->told = now;
      entries_.splice(entries_.end(), entries_, first);
    }
    return all;
  }

  std::size_t faces() const noexcept { return entries_.size(); }

  static constexpr auto every = std::chrono::minutes(1);

 private:
  struct entry {
    std::string face;
    instant told;
    std::uint64_t counted;
    std::string latest;
  };
  using entries = std::list<entry>;

  // Drops an entry to make room. take_due() returns what was counted in it.
  void forget(entries::iterator gone) {
    if (gone->counted > 0) overdue_.push_back({std::move(gone->latest), gone->counted});
    by_face_.erase(gone->face);
    entries_.erase(gone);
    if (overdue_.size() > overdue_max) overdue_.erase(overdue_.begin());
  }

  static constexpr std::size_t overdue_max = 64;

  std::size_t faces_max_;
  entries entries_;  // in the order of their last lines
  std::unordered_map<std::string, entries::iterator> by_face_;
  std::vector<due> overdue_;
};

}  // namespace gate::security
