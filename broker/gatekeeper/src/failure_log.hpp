// Which failed logins are worth a line: of one user at one address one a minute at the most, with the number of those
// in between. Decides only.
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

  // `text` is the whole line of this failure. True when it is to be written now; else it is counted, and the latest one
  // comes back from take_due() with the number.
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
  // Those whose minute is over, and of whom there is more to tell. To be asked now and then.
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

  // Another needs the room; what was counted is told with the next.
  void forget(entries::iterator gone) {
    if (gone->counted > 0) overdue_.push_back({std::move(gone->latest), gone->counted});
    by_face_.erase(gone->face);
    entries_.erase(gone);
    if (overdue_.size() > overdue_max) overdue_.erase(overdue_.begin());
  }

  static constexpr std::size_t overdue_max = 64;

  std::size_t faces_max_;
  entries entries_;  // by the time of the last line
  std::unordered_map<std::string, entries::iterator> by_face_;
  std::vector<due> overdue_;
};

}  // namespace gate::security
