#include "broker/src/security/login.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <gate/assert.hpp>

#include "broker/src/security/password.hpp"
#include "broker/src/security/store_text.hpp"

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

// The genuine hashes of a principal, and as many others as make no difference between principals.
std::vector<std::string> hashes_for(const snapshot& store, std::string_view user) {
  const principal* const who = store.find(user);
  std::vector<std::string> hashes = who == nullptr ? std::vector<std::string>() : who->password_hashes;
  hashes.resize(store.hashes_most(), store.dummy_hash());
  return hashes;
}

}  // namespace

void check(hash_job& job) {
  bool any = false;
  for (const std::string& hash : job.hashes) any = fits(job.password.view(), hash) || any;
  job.fits = any;
}

login::login(const login_settings& settings, std::shared_ptr<const snapshot> store, hasher& hashes,
             external_service* outside)
    : settings_(settings),
      store_(std::move(store)),
      hasher_(hashes),
      outside_(outside),
      cache_(settings.cache_max),
      throttle_(settings.throttle) {}

login::begun login::begin(const attempt& what, instant now) {
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
      same_octets({reinterpret_cast<const char*>(former->digest.data()), former->digest.size()},
                  {reinterpret_cast<const char*>(digest.data()), digest.size()})) {
    ++counted_.from_cache;
    result.now = accept(former->principal, digest, former->expires);
    return result;
  }
  result.now = recall(what, digest, now);
  if (!result.now) {
    result.who = ++last_ticket_;
    result.now = begin_check(what, digest, result.who, now);
  }
  if (result.now) result.now = tell(what, std::move(*result.now));
  return result;
}

verdict login::decide_null() const {
  if (!store_) return {outcome::accepted, std::string(anonymous_name), {}, {}, {}};
  if (store_->find(anonymous_name) == nullptr) return refuse("a login is needed here");
  return {outcome::accepted, std::string(anonymous_name), {}, {}, {}};
}

verdict login::decide_curve(const attempt& what, instant now) {
  curve_key key{};
  const principal* who = nullptr;
  if (store_ && what.key.size() == key.size()) {
    std::memcpy(key.data(), what.key.data(), key.size());
    who = store_->find(key);
  }
  // A key cannot be guessed, so a known one is let in whatever others did from there.
  if (who != nullptr) return {outcome::accepted, who->name, {}, {}, {}};
  const std::string place = login_throttle::place_of(what.address, {});
  throttle_.began(place, now);
  throttle_.ended(place, true, now);
  return refuse();
}

// What can be said without a check: a pause is due, or the same was found right before. The pause goes first: else one
// who guesses would learn without it what others use.
std::optional<verdict> login::recall(const attempt& what, const credential_digest& digest, instant now) {
  const std::string place = login_throttle::place_of(what.address, what.user);
  // Those who wait for the same check are no further guess.
  if (by_digest_.contains(digest)) return std::nullopt;
  if (const duration pause = throttle_.pause(place, now); pause > duration::zero()) {
    ++counted_.throttled;
    return postpone(too_many_failures, pause);
  }
  std::optional<login_cache::remembered> known = cache_.find(digest, now);
  if (!known) return std::nullopt;
  ++counted_.from_cache;
  return accept(std::move(known->principal), digest, known->expires);
}

std::optional<verdict> login::begin_check(const attempt& what, const credential_digest& digest, ticket who,
                                          instant now) {
  const std::string place = login_throttle::place_of(what.address, what.user);
  const auto take_part = [&](check_under_way& in) {
    in.waiting.push_back({who, std::string(what.address.substr(0, zap::text_bytes_max))});
    ++waiting_;
    if (std::find(in.places.begin(), in.places.end(), place) != in.places.end()) return;
    in.places.push_back(place);
    throttle_.began(place, now);
  };
  if (waiting_ >= settings_.waiting_max) return postpone(too_many_logins);
  if (const auto same = by_digest_.find(digest); same != by_digest_.end()) {
    take_part(pending_.at(same->second));
    return std::nullopt;
  }
  const bool can_be_right = outside_ != nullptr || (store_ && what.user.size() <= zap::text_bytes_max &&
                                                    what.password.size() <= password_bytes_max);
  if (!can_be_right) {
    throttle_.began(place, now);
    throttle_.ended(place, true, now);
    return refuse();
  }
  if (pending_.size() >= settings_.pending_max) return postpone(too_many_logins);
  const std::uint64_t id = ++last_check_;
  instant until = instant::max();
  if (outside_ != nullptr) {
    until = now + settings_.external_timeout;
    if (!outside_->ask(id, what)) return postpone(no_answer);
  } else {
    auto job = std::make_unique<hash_job>();
    job->id = id;
    job->user = what.user;
    job->password = secret(what.password);
    if (!submit(std::move(job))) return postpone(too_many_logins);
  }
  check_under_way& made = pending_[id];
  made.digest = digest;
  made.how = what.how;
  made.user = what.user.substr(0, zap::text_bytes_max);
  made.until = until;
  by_digest_.emplace(digest, id);
  take_part(made);
  return std::nullopt;
}

bool login::submit(std::unique_ptr<hash_job> job) {
  job->generation = generation_;
  job->hashes = hashes_for(*store_, job->user);
  return hasher_.submit(std::move(job));
}

void login::hashed(std::unique_ptr<hash_job> job, instant now) {
  const auto found = pending_.find(job->id);
  GATE_ASSERT(found != pending_.end());
  ++counted_.hashed;
  if (!store_) return finish(found, refuse(), false, now);
  if (job->generation != generation_) {
    // The store changed under it: what the old one says may be revoked.
    if (!submit(std::move(job))) finish(found, postpone(too_many_logins), false, now);
    return;
  }
  if (!job->fits) return finish(found, refuse(), true, now);
  cache_.add(found->second.digest, job->user, instant::max());
  finish(found, accept(job->user, found->second.digest, instant::max()), false, now);
}

void login::answered(std::uint64_t id, const zap::reply* reply, instant now) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;  // it came too late
  const check_under_way& of = found->second;
  // Its fault is none of the peer's: neither remembered nor held against it.
  if (reply == nullptr || reply->code == zap::status::internal || reply->code == zap::status::temporary) {
    return finish(found, postpone(no_answer), false, now);
  }
  std::string name(reply->user_id.empty() ? bytes_view(of.user) : reply->user_id);
  if (reply->code != zap::status::ok || !is_principal_name(name)) return finish(found, refuse(), true, now);
  const instant expires = now + settings_.external_cache;
  if (settings_.external_cache > duration::zero()) cache_.add(of.digest, name, expires);
  finish(found, accept(std::move(name), of.digest, expires), false, now);
}

void login::tick(instant now) {
  std::vector<std::uint64_t> late;
  for (const auto& [id, of] : pending_) {
    if (of.until <= now) late.push_back(id);
  }
  for (const std::uint64_t id : late) {
    ++counted_.external_timeouts;
    finish(pending_.find(id), postpone(no_answer), false, now);
  }
}

instant login::next_deadline() const noexcept {
  instant first = instant::max();
  for (const auto& [id, of] : pending_) first = std::min(first, of.until);
  return first;
}

void login::replace(std::shared_ptr<const snapshot> store) {
  store_ = std::move(store);
  ++generation_;
  cache_.clear();
}

std::vector<login::decided> login::take_decided() { return std::exchange(decided_, {}); }

void login::finish(checks::iterator which, const verdict& v, bool failed, instant now) {
  check_under_way of = std::move(which->second);
  pending_.erase(which);
  by_digest_.erase(of.digest);
  for (const std::string& place : of.places) throttle_.ended(place, failed, now);
  waiting_ -= of.waiting.size();
  for (const waiter& w : of.waiting) {
    attempt what;
    what.how = of.how;
    what.address = w.address;
    what.user = of.user;
    decided_.push_back({w.who, tell(what, v)});
  }
}

verdict login::accept(std::string principal, const credential_digest& digest, instant expires) const {
  proof proven{digest, generation_, expires, principal};
  return {outcome::accepted, std::move(principal), {}, {}, std::move(proven)};
}

verdict login::tell(const attempt& what, verdict v) {
  count(v);
  if (listener_) listener_({what.how, what.address, what.user, v});
  return v;
}

void login::count(const verdict& v) noexcept {
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
