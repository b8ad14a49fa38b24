#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include <gate/clock.hpp>
#include <gate/huge_data.hpp>

namespace gate::huge {

// Reports how far a transfer is, once per `interval` at most, with the rate of the last seconds.
class progress_meter {
 public:
  static constexpr auto interval = std::chrono::milliseconds(100);
  static constexpr auto memory = std::chrono::seconds(3);

  progress_meter(std::uint64_t start, instant now, progress_function tell);

  void moved(std::uint64_t bytes, std::optional<std::uint64_t> total, instant now);
  void ended(std::uint64_t bytes, std::optional<std::uint64_t> total, instant now);

 private:
  struct mark {
    instant when;
    std::uint64_t bytes;
  };
  void report(std::uint64_t bytes, std::optional<std::uint64_t> total, instant now);

  progress_function tell_;
  std::deque<mark> marks_;  // one for each report within `memory`, and one that is a little older
  instant told_;
};

}  // namespace gate::huge
