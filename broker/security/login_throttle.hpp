// Slows down who guesses passwords: after some failures from one place each further one costs a longer pause.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>

#include <gate/clock.hpp>

#include "common/base/text_map.hpp"

namespace gate::security {

struct throttle_settings {
  std::uint32_t failures_free = 5;                 // so many without a pause
  duration first_pause = std::chrono::seconds(1);  // then this, doubled with each further failure
  duration pause_max = std::chrono::seconds(60);
  duration forget_after = std::chrono::minutes(10);  // without a failure
  std::uint32_t pending_max = 8;                     // logins of one place that are being checked at once
  std::size_t places_max = 4096;
  std::uint32_t questions_per_second = 32;  // of a place that has to wait, see may_ask()
};

// One thread. What a place is the login says: an address, or a user at an address.
// A success forgets nothing: else who has one account could guess another's password without a pause.
class login_throttle {
 public:
  explicit login_throttle(const throttle_settings& settings) : settings_(settings) {}

  // How long that place has to wait before it may try; zero when it may now.
  duration pause(std::string_view place, instant now);
  // The same, of failures alone: what is being checked at the moment counts for nothing.
  duration blocked(std::string_view place, instant now);
  // Whether a place that has to wait may be compared, now, with what was found right before. So many times a second:
  // it costs no hash, and must not become a faster way to guess.
  bool may_ask(std::string_view place, instant now);
  // Whether it has failed lately.
  bool has_failed(std::string_view place, instant now);
  void forget_all() noexcept;
  // Logins of that place that are being checked.
  std::uint32_t pending(std::string_view place, instant now);
  // A login of that place is being checked; ended() must follow.
  void began(const std::string& place, instant now);
  void ended(std::string_view place, bool failed, instant now);

  std::size_t places() const noexcept { return entries_.size(); }
  std::uint64_t failures() const noexcept { return failures_; }

 private:
  struct entry {
    std::string place;
    std::uint32_t failed = 0;
    std::uint32_t pending = 0;
    instant last_failure{};
    instant blocked_until{};
    instant asked_since{};  // the second in which questions are counted
    std::uint32_t asked = 0;
  };
  using entries = std::list<entry>;

  entry* find(std::string_view place, instant now);
  void make_room();

  throttle_settings settings_;
  entries entries_;  // the one that was touched last in front
  text_map<entries::iterator> index_;
  std::uint64_t failures_ = 0;
};

}  // namespace gate::security
