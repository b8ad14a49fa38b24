// Decides logins by PLAIN, CURVE and NULL, with the store or with an external ZAP service. No I/O, no clock, no thread:
// slow work goes to a hasher or to an external service, and their answers come back as events.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <gate/clock.hpp>
#include <gate/secret.hpp>
#include <gate/unique_function.hpp>

#include "broker/credential_store/snapshot.hpp"
#include "broker/security/fair_queue.hpp"
#include "broker/security/familiar.hpp"
#include "broker/security/login_cache.hpp"
#include "broker/security/login_throttle.hpp"
#include "broker/security/zap.hpp"
#include "common/base/counter_table.hpp"

namespace gate::security {

// A password and the hashes to compare it with. All hashes are checked even if one fits, so that the time says nothing
// about the user. If a principal has fewer hashes than others, or is unknown, the rest are dummy hashes that no
// password fits.
struct hash_job {
  std::uint64_t id = 0;
  std::uint64_t generation = 0;  // of the snapshot that the hashes are from
  std::string user;
  secret password;
  std::vector<std::string> hashes;
  std::size_t own_hashes = 0;  // the first `own_hashes` of `hashes` are the principal's own; the rest are dummies
  bool fits = false;           // the hasher's answer
};
void check(hash_job& job);

// Checks passwords on another thread. Each job comes back through authenticator::hashed.
class hasher {
 public:
  virtual ~hasher() = default;
  // If too many jobs wait, returns the job that has to go: this one, or another that waited. Null if there is room.
  virtual std::unique_ptr<hash_job> submit(const line& at, std::unique_ptr<hash_job> job) = 0;
};

// One try to log in. The views are read before begin() returns.
struct proof;
struct attempt {
  zap::mechanism how = zap::mechanism::null;
  bytes_view address;
  bool hearsay = false;           // an asker at zap_bind claims this address: it proves nothing
  bytes_view user, password;      // plain
  bytes_view key;                 // curve
  const proof* former = nullptr;  // the last proof of this connection, if each of its messages is a login
};

// Asks a ZAP service in place of the store. The answer comes back through authenticator::answered with this id.
class external_service {
 public:
  virtual ~external_service() = default;
  // False if it cannot ask now.
  virtual bool ask(std::uint64_t id, const attempt& what) = 0;
};

// Proves that a connection has logged in. The same login on that connection is accepted until the store changes.
struct proof {
  credential_digest digest{};
  std::uint64_t generation = 0;
  instant expires = instant::max();
  std::string principal;
};

enum class outcome : std::uint8_t {
  accepted,
  refused,  // for good: the same credentials will be refused again
  later,    // not decided: too many failures from there, too many logins at once, or the external service is silent
};

struct verdict {
  outcome what = outcome::refused;
  std::string principal;        // accepted
  std::string_view why;         // for the log and the peer; the same for an unknown user as for a wrong password
  duration retry_after{};       // later
  std::optional<proof> proven;  // accepted by PLAIN
};

// For the audit log. There is no event for a login that `former` answered.
struct login_event {
  zap::mechanism how;
  bytes_view address;
  bytes_view user;  // as the peer claims it: untrusted bytes
  const verdict& what;
};

struct login_settings {
  throttle_settings throttle;
  std::size_t cache_max = 4096;
  std::size_t pending_max = 256;  // logins in check at once; with an external service, one address gets half
  std::size_t familiar_max = 4096;
  std::size_t waiting_max = 4096;  // peers that wait for the result of a check
  duration external_timeout = std::chrono::seconds(5);
  duration external_cache = std::chrono::seconds(10);  // how long an acceptance is remembered; 0: ask each time
};

struct login_counters {
  std::uint64_t accepted = 0, refused = 0, later = 0, throttled = 0, from_cache = 0, hashed = 0, external_timeouts = 0;
};
// A sentence for each counter, for operators.
std::span<const counter_row<login_counters>> login_counter_table() noexcept;

// One thread.
class authenticator {
 public:
  using ticket = std::uint64_t;

  // `store` is null if there is no store. `outside` is null if the store decides. `hashes` and `outside` outlive this.
  authenticator(const login_settings& settings, std::shared_ptr<const snapshot> store, hasher& hashes,
                external_service* outside = nullptr);

  struct begun {
    std::optional<verdict> now;  // empty: the verdict comes from take_decided(), with `who`
    ticket who = 0;
  };
  begun begin(const attempt& what, instant now);

  void hashed(std::unique_ptr<hash_job> job, instant now);
  // `reply` is null if the message was not a valid reply.
  void answered(std::uint64_t id, const zap::reply* reply, instant now);

  struct decided {
    ticket who;
    verdict what;
  };
  std::vector<decided> take_decided();

  void tick(instant now);
  instant next_deadline() const noexcept;

  // Puts another store in force. If it differs from the old one, all remembered logins are forgotten. A password in
  // check is checked again if the hashes of its user have changed.
  void replace(std::shared_ptr<const snapshot> store);

  void on_event(unique_function<void(const login_event&)> listener) { listener_ = std::move(listener); }
  const login_counters& counted() const noexcept { return counted_; }
  std::size_t pending() const noexcept { return pending_.size(); }

 private:
  // The peer that tries to log in, as the limits see it.
  struct standing {
    std::string origin;   // its address, as origin_of() gives it
    std::string face;     // the origin and the user
    bool shared = false;  // many users share that origin: it is this machine
    bool named = false;   // failures count for the user at that origin; else for the whole origin
    asker who = asker::stranger;
    const std::string& place() const noexcept { return named ? face : origin; }
  };
  struct waiter {
    ticket who;
    std::string address;
    standing at;
  };
  // A place that has a login in this check. `blamed`: a failure counts for that place.
  struct stake {
    std::string place;
    bool blamed;
  };
  struct check_under_way {
    credential_digest digest;
    zap::mechanism how;
    std::string user;
    instant until;
    line in_line;
    std::vector<waiter> waiting;
    std::vector<stake> stakes;
  };
  using checks = std::unordered_map<std::uint64_t, check_under_way>;

  verdict decide_null() const;
  verdict decide_curve(const attempt& what, instant now);
  standing standing_of(const attempt& what) const;
  std::optional<verdict> recall(const attempt& what, const standing& at, const credential_digest& digest, instant now);
  std::optional<verdict> begin_check(const attempt& what, const standing& at, const credential_digest& digest,
                                     ticket who, instant now);
  void take_part(check_under_way& in, const attempt& what, const standing& at, ticket who, instant now);
  void take_stake(check_under_way& in, const std::string& place, bool blamed, instant now);
  std::optional<verdict> recall_wrong(const standing& at, const credential_digest& digest, instant now);
  void fail(login_throttle& of, const std::string& place, instant now);
  std::unique_ptr<hash_job> submit(const line& at, std::unique_ptr<hash_job> job);
  bool still_counts(const hash_job& job) const;
  void make_room_to_wait();
  void finish(checks::iterator which, const verdict& v, bool failed, instant now);
  verdict of_failure(const standing& at, const verdict& v, instant now);
  verdict accept(std::string principal, const credential_digest& digest, instant expires) const;
  verdict tell(const attempt& what, verdict v);
  void count(const verdict& v) noexcept;

  login_settings settings_;
  std::shared_ptr<const snapshot> store_;
  hasher& hasher_;
  external_service* const outside_;
  digester digester_;
  login_cache cache_;
  login_throttle throttle_;
  login_throttle repeats_;  // counts the same wrong password from the same place: it is no further guess
  familiar_faces familiar_;
  checks pending_;
  std::unordered_map<credential_digest, std::uint64_t, digest_hash> by_digest_;
  std::size_t waiting_ = 0;
  std::uint64_t generation_ = 1;
  std::uint64_t last_check_ = 0;
  ticket last_ticket_ = 0;
  std::vector<decided> decided_;
  unique_function<void(const login_event&)> listener_;
  login_counters counted_;
};

}  // namespace gate::security
