#include "broker/security/authenticator.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include <gate/assert.hpp>

#include "broker/credential_store/password.hpp"
#include "broker/credential_store/store_text.hpp"
#include "broker/security/address.hpp"

namespace gate::security {
namespace {

constexpr std::string_view not_accepted = "the credentials are not accepted";
constexpr std::string_view too_many_failures = "too many failed logins from there";
constexpr std::string_view too_many_logins = "too many logins at once";
constexpr std::string_view no_answer = "the authentication service does not answer";

verdict refuse(std::string_view why = not_accepted) { return {outcome::refused, {}, why, {}, {}}; }
verdict postpone(std::string_view why, duration pause = std::chrono::seconds(1)) {
  return {outcome::later, {}, why, pause, {}};
}

// The key under which `repeats_` counts one wrong password from one place.
std::string repeat_of(const std::string& place, const credential_digest& digest) {
  return place + " " + std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
}

std::span<const std::string> own_hashes_of(const snapshot& store, std::string_view user) {
  const principal* const who = store.find(user);
  return who == nullptr ? std::span<const std::string>() : who->password_hashes;
}

// The principal's own hashes, then dummies, so that each user has the same number.
std::vector<std::string> hashes_for(const snapshot& store, std::string_view user) {
  const std::span<const std::string> own = own_hashes_of(store, user);
  std::vector<std::string> hashes(own.begin(), own.end());
  hashes.resize(store.hashes_most(), store.dummy_hash());
  return hashes;
}

}  // namespace

void check(hash_job& job) {
  bool any = false;
  for (const std::string& hash : job.hashes) any = fits(job.password.view(), hash) || any;
  job.fits = any;
}

authenticator::authenticator(const login_settings& settings, std::shared_ptr<const snapshot> store, hasher& hashes,
                             external_service* outside)
    : settings_(settings),
      store_(std::move(store)),
      hasher_(hashes),
      outside_(outside),
      cache_(settings.cache_max),
      throttle_(settings.throttle),
      repeats_(settings.throttle),
      familiar_(settings.familiar_max) {}

authenticator::begun authenticator::begin(const attempt& what, instant now) {
  begun result;
  if (what.how == zap::mechanism::null) {
    result.now = tell(what, decide_null());
    return result;
  }
  if (what.how == zap::mechanism::curve && outside_ == nullptr) {
    result.now = tell(what, decide_curve(what, now));
    return result;
  }
  const bool plain = what.how == zap::mechanism::plain;
  const credential_digest digest =
      digester_.of(zap::to_string(what.how), plain ? what.user : bytes_view(), plain ? what.password : what.key);
  if (const proof* const former = what.former;
      former != nullptr && former->generation == generation_ && former->expires > now &&
      same_bytes({reinterpret_cast<const char*>(former->digest.data()), former->digest.size()},
                 {reinterpret_cast<const char*>(digest.data()), digest.size()})) {
    ++counted_.from_cache;
    result.now = accept(former->principal, digest, former->expires);
    return result;
  }
  const standing at = standing_of(what);
  result.now = recall(what, at, digest, now);
  if (!result.now) {
    result.who = ++last_ticket_;
    result.now = begin_check(what, at, digest, result.who, now);
  }
  if (result.now) result.now = tell(what, std::move(*result.now));
  return result;
}

verdict authenticator::decide_null() const {
  if (!store_) return {outcome::accepted, std::string(anonymous_name), {}, {}, {}};
  if (store_->find(anonymous_name) == nullptr) return refuse("this address requires a login");
  return {outcome::accepted, std::string(anonymous_name), {}, {}, {}};
}

verdict authenticator::decide_curve(const attempt& what, instant now) {
  curve_key key{};
  const principal* who = nullptr;
  if (store_ && what.key.size() == key.size()) {
    std::memcpy(key.data(), what.key.data(), key.size());
    who = store_->find(key);
  }
  // Nobody can guess a key. So a known key is accepted even if others failed from the same address.
  if (who != nullptr) return {outcome::accepted, who->name, {}, {}, {}};
  fail(throttle_, standing_of(what).place(), now);
  return refuse();
}

authenticator::standing authenticator::standing_of(const attempt& what) const {
  standing at;
  at.origin = origin_of(what.address);
  at.shared = is_shared_origin(at.origin);
  // A claimed address is counted apart: it neither blocks that address at the broker's own ports nor helps anybody
  // there.
  if (what.hearsay) at.origin.insert(0, "as told: ");
  at.face = at.origin + " " + std::string(what.user.substr(0, zap::text_bytes_max));
  const bool in_store = outside_ == nullptr && store_ && store_->find(what.user) != nullptr;
  at.named = what.how == zap::mechanism::plain && (in_store || outside_ != nullptr);
  if (in_store) at.who = asker::known;
  if (familiar_.knows(at.face)) at.who = asker::familiar;
  return at;
}

void authenticator::fail(login_throttle& of, const std::string& place, instant now) {
  of.began(place, now);
  of.ended(place, true, now);
}

// Decides without a check if a pause is due, or if the same login was found right before. During a pause, only users
// who have logged in from there before are looked up, and not often. Otherwise a guesser could find out without a pause
// which passwords are in use.
std::optional<verdict> authenticator::recall(const attempt& what, const standing& at, const credential_digest& digest,
                                             instant now) {
  // Another peer's login with the same credentials is in check. To join it is no further guess.
  if (by_digest_.contains(digest)) return std::nullopt;
  const duration pause = throttle_.pause(at.place(), now);
  const bool waits = pause > duration::zero();
  std::optional<login_cache::remembered> known;
  if (!waits || (at.who == asker::familiar && throttle_.may_ask(at.place(), now))) known = cache_.find(digest, now);
  if (known) {
    ++counted_.from_cache;
    if (what.how == zap::mechanism::plain) familiar_.came_in(at.face);
    return accept(std::move(known->principal), digest, known->expires);
  }
  if (!waits) return recall_wrong(at, digest, now);
  ++counted_.throttled;
  return postpone(too_many_failures, pause);
}

// A program may send the same wrong password again and again. It counts as one guess: only that password has to wait.
std::optional<verdict> authenticator::recall_wrong(const standing& at, const credential_digest& digest, instant now) {
  const std::string again = repeat_of(at.place(), digest);
  if (!repeats_.has_failed(again, now)) return std::nullopt;
  if (const duration pause = repeats_.blocked(again, now); pause > duration::zero()) {
    ++counted_.throttled;
    return postpone(too_many_failures, pause);
  }
  if (outside_ != nullptr) return std::nullopt;  // a refusal by the external service is not remembered
  fail(repeats_, again, now);
  return of_failure(at, refuse(), now);
}

std::optional<verdict> authenticator::begin_check(const attempt& what, const standing& at,
                                                  const credential_digest& digest, ticket who, instant now) {
  if (const auto same = by_digest_.find(digest); same != by_digest_.end()) {
    take_part(pending_.at(same->second), what, at, who, now);
    return std::nullopt;
  }
  const bool can_be_right = outside_ != nullptr || (store_ && what.user.size() <= zap::text_bytes_max &&
                                                    what.password.size() <= password_bytes_max);
  if (!can_be_right) {
    fail(throttle_, at.place(), now);
    return refuse();
  }
  const std::uint64_t id = ++last_check_;
  check_under_way made;
  made.digest = digest;
  made.how = what.how;
  made.user = what.user.substr(0, zap::text_bytes_max);
  made.until = instant::max();
  made.in_line = {at.who, at.origin, at.who == asker::stranger ? std::string() : at.face};
  std::unique_ptr<hash_job> bumped;
  if (outside_ != nullptr) {
    const bool too_many = pending_.size() >= settings_.pending_max ||
                          throttle_.pending(at.origin, now) >= std::max<std::size_t>(settings_.pending_max / 2, 1);
    if (too_many) return postpone(too_many_logins);
    made.until = now + settings_.external_timeout;
    if (!outside_->ask(id, what)) return postpone(no_answer);
  } else {
    auto job = std::make_unique<hash_job>();
    job->id = id;
    job->user = what.user;
    job->password = secret(what.password);
    bumped = submit(made.in_line, std::move(job));
    if (bumped && bumped->id == id) return postpone(too_many_logins);
  }
  check_under_way& in = pending_.emplace(id, std::move(made)).first->second;
  by_digest_.emplace(digest, id);
  take_part(in, what, at, who, now);
  if (bumped) finish(pending_.find(bumped->id), postpone(too_many_logins), false, now);
  return std::nullopt;
}

void authenticator::take_part(check_under_way& in, const attempt& what, const standing& at, ticket who, instant now) {
  in.waiting.push_back({who, std::string(what.address.substr(0, zap::text_bytes_max)), at});
  ++waiting_;
  const bool is_new = !repeats_.has_failed(repeat_of(at.place(), in.digest), now);
  take_stake(in, at.place(), is_new, now);
  // A failure of a known user also counts for its address. Otherwise the difference would show who is in the store. It
  // does not count on this machine, where all users share one address.
  if (at.named) take_stake(in, at.origin, is_new && !at.shared && outside_ == nullptr, now);
  if (waiting_ > settings_.waiting_max) make_room_to_wait();
}

void authenticator::take_stake(check_under_way& in, const std::string& place, bool blamed, instant now) {
  const auto same = [&](const stake& s) { return s.place == place; };
  if (std::find_if(in.stakes.begin(), in.stakes.end(), same) != in.stakes.end()) return;
  in.stakes.push_back({place, blamed});
  throttle_.began(place, now);
}

// Too many peers wait for checks. In the check with the most peers, the one that came last is put off.
void authenticator::make_room_to_wait() {
  const auto most = std::max_element(pending_.begin(), pending_.end(), [](const auto& a, const auto& b) {
    return a.second.waiting.size() < b.second.waiting.size();
  });
  check_under_way& of = most->second;
  attempt what;
  what.how = of.how;
  what.address = of.waiting.back().address;
  what.user = of.user;
  decided_.push_back({of.waiting.back().who, tell(what, postpone(too_many_logins))});
  of.waiting.pop_back();
  --waiting_;
}

std::unique_ptr<hash_job> authenticator::submit(const line& at, std::unique_ptr<hash_job> job) {
  job->generation = generation_;
  job->hashes = hashes_for(*store_, job->user);
  job->own_hashes = own_hashes_of(*store_, job->user).size();
  return hasher_.submit(at, std::move(job));
}

// True if the store has the same hashes for the user as when the check began. A job is not dropped just because of a
// reload: otherwise somebody who reloads again and again would keep everybody out.
bool authenticator::still_counts(const hash_job& job) const {
  if (job.generation == generation_) return true;
  const std::span<const std::string> own = own_hashes_of(*store_, job.user);
  return std::equal(own.begin(), own.end(), job.hashes.begin(),
                    job.hashes.begin() + static_cast<std::ptrdiff_t>(job.own_hashes));
}

void authenticator::hashed(std::unique_ptr<hash_job> job, instant now) {
  const auto found = pending_.find(job->id);
  GATE_ASSERT(found != pending_.end());
  ++counted_.hashed;
  if (!store_) return finish(found, refuse(), false, now);
  if (!still_counts(*job)) {
    // The hashes of this user changed during the check. The old password may be revoked, so it is checked again.
    if (const auto bumped = submit(found->second.in_line, std::move(job))) {
      finish(pending_.find(bumped->id), postpone(too_many_logins), false, now);
    }
    return;
  }
  if (!job->fits) return finish(found, refuse(), true, now);
  cache_.add(found->second.digest, job->user, instant::max());
  finish(found, accept(job->user, found->second.digest, instant::max()), false, now);
}

void authenticator::answered(std::uint64_t id, const zap::reply* reply, instant now) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;  // the answer came too late
  const check_under_way& of = found->second;
  // A failure of the service is not the peer's fault. It is not remembered and does not count against the peer.
  if (reply == nullptr || reply->code == zap::status::internal || reply->code == zap::status::temporary) {
    return finish(found, postpone(no_answer), false, now);
  }
  std::string name(reply->user_id.empty() ? bytes_view(of.user) : reply->user_id);
  if (reply->code != zap::status::ok || !is_principal_name(name)) return finish(found, refuse(), true, now);
  const instant expires = now + settings_.external_cache;
  if (settings_.external_cache > duration::zero()) cache_.add(of.digest, name, expires);
  finish(found, accept(std::move(name), of.digest, expires), false, now);
}

void authenticator::tick(instant now) {
  std::vector<std::uint64_t> late;
  for (const auto& [id, of] : pending_) {
    if (of.until <= now) late.push_back(id);
  }
  for (const std::uint64_t id : late) {
    ++counted_.external_timeouts;
    finish(pending_.find(id), postpone(no_answer), false, now);
  }
}

instant authenticator::next_deadline() const noexcept {
  instant first = instant::max();
  for (const auto& [id, of] : pending_) first = std::min(first, of.until);
  return first;
}

void authenticator::replace(std::shared_ptr<const snapshot> store) {
  const bool says_the_same = store_ && store && differences(store_.get(), store.get()).empty();
  store_ = std::move(store);
  if (says_the_same) return;
  ++generation_;
  cache_.clear();
  repeats_.forget_all();
}

std::vector<authenticator::decided> authenticator::take_decided() { return std::exchange(decided_, {}); }

void authenticator::finish(checks::iterator which, const verdict& v, bool failed, instant now) {
  check_under_way of = std::move(which->second);
  pending_.erase(which);
  by_digest_.erase(of.digest);
  waiting_ -= of.waiting.size();
  std::vector<std::string> repeated;
  for (const waiter& w : of.waiting) {
    attempt what;
    what.how = of.how;
    what.address = w.address;
    what.user = of.user;
    if (failed) repeated.push_back(repeat_of(w.at.place(), of.digest));
    if (v.what == outcome::accepted && of.how == zap::mechanism::plain) familiar_.came_in(w.at.face);
    decided_.push_back({w.who, tell(what, failed ? of_failure(w.at, v, now) : v)});
  }
  for (const stake& s : of.stakes) throttle_.ended(s.place, failed && s.blamed, now);
  std::sort(repeated.begin(), repeated.end());
  repeated.erase(std::unique(repeated.begin(), repeated.end()), repeated.end());
  for (const std::string& again : repeated) fail(repeats_, again, now);
}

// If an address has to wait, unknown users from there are put off without a check. A known user with a wrong password
// gets the same answer. Otherwise the answer would show which users exist.
verdict authenticator::of_failure(const standing& at, const verdict& v, instant now) {
  const duration pause = at.shared || outside_ != nullptr ? duration::zero() : throttle_.blocked(at.origin, now);
  return pause > duration::zero() ? postpone(too_many_failures, pause) : v;
}

verdict authenticator::accept(std::string principal, const credential_digest& digest, instant expires) const {
  proof proven{digest, generation_, expires, principal};
  return {outcome::accepted, std::move(principal), {}, {}, std::move(proven)};
}

verdict authenticator::tell(const attempt& what, verdict v) {
  count(v);
  if (listener_) listener_({what.how, what.address, what.user, v});
  return v;
}

void authenticator::count(const verdict& v) noexcept {
  switch (v.what) {
    case outcome::accepted:
      ++counted_.accepted;
      return;
    case outcome::refused:
      ++counted_.refused;
      return;
    case outcome::later:
      ++counted_.later;
      return;
  }
}

}  // namespace gate::security
