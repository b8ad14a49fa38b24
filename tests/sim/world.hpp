// The simulated world's clock, random numbers, event queue and trace. One seed decides everything that happens.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <gate/clock.hpp>

namespace gate::sim {

// Gives the same numbers for the same seed on every platform. Standard distributions do not promise that.
class random_source {
 public:
  explicit random_source(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t next() noexcept;
  std::uint64_t below(std::uint64_t n) noexcept { return next() % n; }  // n > 0
  std::uint64_t between(std::uint64_t low, std::uint64_t high) noexcept { return low + below(high - low + 1); }
  bool percent(unsigned chance) noexcept { return below(100) < chance; }
  bool permille(unsigned chance) noexcept { return below(1000) < chance; }
  duration between(duration low, duration high) noexcept;
  // Mostly short, sometimes long, like real waiting times.
  duration about(duration mean) noexcept;

 private:
  std::uint64_t state_;
};

class world {
 public:
  world(std::uint64_t seed, bool readable) : random(seed), readable_(readable) {}
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  instant now() const noexcept { return now_; }
  std::uint64_t events() const noexcept { return events_; }

  void at(instant when, std::function<void()> what);
  void after(duration delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }
  // Runs all events that are due until `end`, or until a check fails.
  void run_until(instant end);

  // --- the trace: its hash covers everything that was noted, whether it is printed or not ---------------------------

  void mix(std::uint64_t number) noexcept { hash_ = (hash_ ^ number) * 1099511628211u; }
  void mix(std::string_view raw) noexcept;
  std::uint64_t hash() const noexcept { return hash_; }
  bool readable() const noexcept { return readable_; }
  // Prints one line, the time first. Call it only if readable(), or with a text that costs nothing to make.
  void say(std::string_view who, std::string_view what) const;

  // --- the verdict --------------------------------------------------------------------------------------------------

  void fail(std::string why);  // the first counts
  bool failed() const noexcept { return !failure_.empty(); }
  const std::string& failure() const noexcept { return failure_; }

  random_source random;

 private:
  struct event {
    instant at;
    std::uint64_t sequence;
    std::function<void()> what;
  };
  struct later {
    bool operator()(const event& a, const event& b) const noexcept {
      return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
    }
  };

  instant now_{std::chrono::hours(1)};
  std::vector<event> heap_;
  std::uint64_t sequence_ = 0, events_ = 0, at_this_instant_ = 0;
  std::uint64_t hash_ = 14695981039346656037u;
  bool readable_;
  std::string failure_;
};

// "12.345678 s" since the world's beginning.
std::string time_text(instant t);

}  // namespace gate::sim
