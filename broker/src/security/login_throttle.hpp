// Slows down who guesses passwords: after some failures from one place each further one costs a longer pause.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include <gate/clock.hpp>

#include "broker/src/security/snapshot.hpp"

namespace gate::security {

struct throttle_settings {
  std::uint32_t failures_free = 5;                 // so many without a pause
  duration first_pause = std::chrono::seconds(1);  // then this, doubled with each further failure
  duration pause_max = std::chrono::seconds(60);
  duration forget_after = std::chrono::minutes(10);  // without a failure
  std::uint32_t pending_max = 8;                     // logins of one place that are being checked at once
  std::size_t places_max = 4096;
};

// One thread. A place is what origin_of() says; of a place that several users share (this machine) each user's own.
// A success forgets nothing: else who has one account could guess another's password without a pause.
class login_throttle {
 public:
  explicit login_throttle(const throttle_settings& settings) : settings_(settings) {}

  static std::string place_of(std::string_view address, std::string_view user);

  // How long that place has to wait before it may try; zero when it may now.
  duration pause(std::string_view place, instant now);
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
  };
  using entries = std::list<entry>;

  entry* find(std::string_view place, instant now);
  void make_room();

  throttle_settings settings_;
  entries entries_;  // the one that was touched last in front
  std::unordered_map<std::string, entries::iterator, text_hash, std::equal_to<>> index_;
  std::uint64_t failures_ = 0;
};

}  // namespace gate::security
