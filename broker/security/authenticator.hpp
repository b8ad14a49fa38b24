// Who a peer is: decides logins by PLAIN, CURVE and NULL against the store or an external ZAP service. No I/O, no
// clock, no thread: what takes time is handed to a hasher or an external service, whose answers come back as events.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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

namespace gate::security {

// A password and the hashes that it may fit. All are checked, whichever fits, so that the time tells nothing: of a
// principal with fewer than others, and of one that is not known, the rest are hashes that nothing fits.
struct hash_job {
  std::uint64_t id = 0;
  std::uint64_t generation = 0;  // of the snapshot that the hashes are from
  std::string user;
  secret password;
  std::vector<std::string> hashes;
  std::size_t own_hashes = 0;  // so many of them, the first, are the principal's own
  bool fits = false;           // the hasher's answer
};
void check(hash_job& job);

// Checks passwords elsewhere, and gives each job back through login::hashed.
class hasher {
 public:
  virtual ~hasher() = default;
  // The one that has to go, since too many are waiting: this one, or another that waited. Null when there is room.
  virtual std::unique_ptr<hash_job> submit(const line& at, std::unique_ptr<hash_job> job) = 0;
};

// How somebody wants to get in. Views, read before begin() returns.
struct proof;
struct attempt {
  zap::mechanism how = zap::mechanism::null;
  bytes_view address;
  bool hearsay = false;           // the address is what somebody who asks for others says of it
  bytes_view user, password;      // plain
  bytes_view key;                 // curve
  const proof* former = nullptr;  // of this connection, when each of its messages is a login
};

// Asks a ZAP service in place of the store; the answer comes back through login::answered under this id.
class external_service {
 public:
  virtual ~external_service() = default;
  // False when it cannot be asked now.
  virtual bool ask(std::uint64_t id, const attempt& what) = 0;
};

// That a connection has logged in as somebody: the same login on that connection is right until the store changes.
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
  std::string_view why;         // for the log and the peer; the same for an unknown user and a wrong password
  duration retry_after{};       // later
  std::optional<proof> proven;  // accepted by PLAIN
};

// For the audit log. Not told for what a former proof answered.
struct login_event {
  zap::mechanism how;
  bytes_view address;
  bytes_view user;  // as claimed; not text that can be trusted
  const verdict& what;
};

struct login_settings {
  throttle_settings throttle;
  std::size_t cache_max = 4096;
  std::size_t pending_max = 256;  // logins that are being checked at once; of an external service half for an address
  std::size_t familiar_max = 4096;
  std::size_t waiting_max = 4096;  // peers that wait for them
  duration external_timeout = std::chrono::seconds(5);
  duration external_cache = std::chrono::seconds(10);  // how long its yes counts; 0 asks each time
};

struct login_counters {
  std::uint64_t accepted = 0, refused = 0, later = 0, throttled = 0, from_cache = 0, hashed = 0, external_timeouts = 0;
};

// One thread.
class authenticator {
 public:
  using ticket = std::uint64_t;

  // `store` is null when there is none; `outside` is null when the store decides. Both references outlive this.
  authenticator(const login_settings& settings, std::shared_ptr<const snapshot> store, hasher& hashes,
                external_service* outside = nullptr);

  struct begun {
    std::optional<verdict> now;  // else the verdict comes with take_decided(), under the ticket
    ticket who = 0;
  };
  begun begin(const attempt& what, instant now);

  void hashed(std::unique_ptr<hash_job> job, instant now);
  // Null: what came was no reply.
  void answered(std::uint64_t id, const zap::reply* reply, instant now);

  struct decided {
    ticket who;
    verdict what;
  };
  std::vector<decided> take_decided();

  void tick(instant now);
  instant next_deadline() const noexcept;

  // Another store. Unless it says the same as the old one, nothing that the old one said counts any more. A password
  // that is being checked is checked anew if the hashes of its user have changed.
  void replace(std::shared_ptr<const snapshot> store);

  void on_event(unique_function<void(const login_event&)> listener) { listener_ = std::move(listener); }
  const login_counters& counted() const noexcept { return counted_; }
  std::size_t pending() const noexcept { return pending_.size(); }

 private:
  // Where somebody stands who wants to get in.
  struct standing {
    std::string origin;   // its address, as origin_of() has it
    std::string face;     // the user there
    bool shared = false;  // many users have that address: it is this machine
    bool named = false;   // its failures are its own; those of strangers are their address's
    asker who = asker::stranger;
    const std::string& place() const noexcept { return named ? face : origin; }
  };
  struct waiter {
    ticket who;
    std::string address;
    standing at;
  };
  // A place that takes part in a check, and whether a failure counts for it.
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
  login_throttle repeats_;  // of the same wrong password at the same place: no further guess
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
