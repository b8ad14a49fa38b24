// Slows down password guessing: after some failures from one place, each further failure causes a longer pause.
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
  std::uint32_t failures_free = 5;                 // failures without a pause
  duration first_pause = std::chrono::seconds(1);  // the pause after them, doubled with each further failure
  duration pause_max = std::chrono::seconds(60);
  duration forget_after = std::chrono::minutes(10);  // forget the failures after this time without a new one
  std::uint32_t pending_max = 8;                     // logins of one place in check at once
  std::size_t places_max = 4096;
  std::uint32_t questions_per_second = 32;  // of a place that has to wait, see may_ask()
};

// One thread. A place is an address, or a user at an address: the caller decides. A success does not clear the
// failures. Otherwise the owner of one account could guess another's password without a pause.
class login_throttle {
 public:
  explicit login_throttle(const throttle_settings& settings) : settings_(settings) {}

  // How long the place has to wait before its next login. Zero: it may try now.
  duration pause(std::string_view place, instant now);
  // The same for failures only, without regard to logins in check.
  duration blocked(std::string_view place, instant now);
  // Whether a waiting place may compare a login with remembered ones now. It may do so `questions_per_second` times a
  // second. A comparison costs no hash, so without this limit it would be a faster way to guess.
  bool may_ask(std::string_view place, instant now);
  // Whether the place has failed within `forget_after`.
  bool has_failed(std::string_view place, instant now);
  void forget_all() noexcept;
  // The number of the place's logins in check.
  std::uint32_t pending(std::string_view place, instant now);
  // The check of a login of that place begins. ended() must follow.
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
  entries entries_;  // the one used last is in front
  text_map<entries::iterator> index_;
  std::uint64_t failures_ = 0;
};

}  // namespace gate::security
