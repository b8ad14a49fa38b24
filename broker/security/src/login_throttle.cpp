#include "broker/security/login_throttle.hpp"

#include <algorithm>
#include <iterator>

namespace gate::security {

login_throttle::entry* login_throttle::find(std::string_view place, instant now) {
  const auto found = index_.find(place);
  if (found == index_.end()) return nullptr;
  entry& e = *found->second;
  if (e.failed > 0 && now - e.last_failure >= settings_.forget_after) e.failed = 0;
  return &e;
}

duration login_throttle::pause(std::string_view place, instant now) {
  const entry* const e = find(place, now);
  if (e == nullptr) return duration::zero();
  if (e->blocked_until > now) return e->blocked_until - now;
  // A login in check may fail. So a place may only have `pending_max` in check at once.
  return e->pending >= settings_.pending_max ? settings_.first_pause : duration::zero();
}

duration login_throttle::blocked(std::string_view place, instant now) {
  const entry* const e = find(place, now);
  return e == nullptr ? duration::zero() : std::max<duration>(e->blocked_until - now, duration::zero());
}

bool login_throttle::may_ask(std::string_view place, instant now) {
  entry* const e = find(place, now);
  if (e == nullptr) return true;
  if (now - e->asked_since >= std::chrono::seconds(1)) {
    e->asked_since = now;
    e->asked = 0;
  }
  return ++e->asked <= settings_.questions_per_second;
}

bool login_throttle::has_failed(std::string_view place, instant now) {
  const entry* const e = find(place, now);
  return e != nullptr && e->failed > 0;
}

void login_throttle::forget_all() noexcept {
  index_.clear();
  entries_.clear();
}

std::uint32_t login_throttle::pending(std::string_view place, instant now) {
  const entry* const e = find(place, now);
  return e == nullptr ? 0 : e->pending;
}

void login_throttle::began(const std::string& place, instant now) {
  entry* e = find(place, now);
  if (e == nullptr) {
    make_room();
    entries_.push_front({place, 0, 0, {}, {}, {}, 0});
    index_.emplace(place, entries_.begin());
    e = &entries_.front();
  } else {
    entries_.splice(entries_.begin(), entries_, index_.find(place)->second);
  }
  ++e->pending;
}

void login_throttle::ended(std::string_view place, bool failed, instant now) {
  entry* const e = find(place, now);
  failures_ += failed ? 1u : 0u;
  if (e == nullptr) return;  // the entry was dropped to make room
  if (e->pending > 0) --e->pending;
  if (failed) {
    ++e->failed;
    e->last_failure = now;
    if (e->failed >= settings_.failures_free) {
      const std::uint32_t doublings = std::min(e->failed - settings_.failures_free, 30u);
      const double pause = static_cast<double>(settings_.first_pause.count()) * static_cast<double>(1u << doublings);
      const double most = static_cast<double>(settings_.pause_max.count());
      e->blocked_until = now + duration(static_cast<duration::rep>(std::min(pause, most)));
    }
  }
  if (e->failed == 0 && e->pending == 0) {
    const auto at = index_.find(place);
    entries_.erase(at->second);
    index_.erase(at);
  }
}

void login_throttle::make_room() {
  if (entries_.size() < settings_.places_max) return;
  // Of the oldest few entries, the one with the fewest failures goes. Otherwise a flood from many places would free a
  // blocked one.
  auto least = std::prev(entries_.end());
  auto at = least;
  for (int looked = 0; looked < 16 && at != entries_.begin(); ++looked) {
    --at;
    if (at->failed + at->pending < least->failed + least->pending) least = at;
  }
  index_.erase(least->place);
  entries_.erase(least);
}

}  // namespace gate::security
