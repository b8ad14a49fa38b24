#include "broker/gatekeeper/gatekeeper.hpp"

#include <atomic>
#include <exception>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include <gate/assert.hpp>
#include <gate/bind_error.hpp>

#include "broker/credential_store/store.hpp"
#include "broker/gatekeeper/src/audit_trail.hpp"
#include "broker/gatekeeper/src/failure_log.hpp"
#include "broker/gatekeeper/src/login_thread.hpp"
#include "broker/security/address.hpp"
#include "common/credentials/curve_key.hpp"
#include "common/log/log.hpp"
#include "common/log/log_limiter.hpp"
#include "common/transport/zmq_context.hpp"

namespace gate::security {
namespace {

// ZMQ_ZAP_ENFORCE_DOMAIN. libzmq 4.3 supports it, but its header shows it only with the draft API. Without it, a CURVE
// socket that finds no handler admits everybody.
constexpr int zap_enforce_domain_option = 93;

std::unique_ptr<store> open_store(const std::string& path) {
  return path.empty() ? nullptr : std::make_unique<store>(path);
}

audit_kind kind_of(outcome o) noexcept {
  switch (o) {
    case outcome::accepted:
      return audit_kind::login_accepted;
    case outcome::refused:
      return audit_kind::login_refused;
    case outcome::later:
      return audit_kind::login_postponed;
  }
  return audit_kind::login_refused;
}

void give_key(zmq::socket_t& port, const std::string& path) {
  const curve_pair pair = read_curve_file(path);
  // The size includes the final zero: then libzmq reads the key in place. Otherwise it would leave a copy of the key
  // behind.
  secret text(pair.secret_key.size() + 1);
  pair.secret_key.view().copy(text.data(), pair.secret_key.size());
  port.set(zmq::sockopt::curve_server, true);
  if (::zmq_setsockopt(port.handle(), ZMQ_CURVE_SECRETKEY, text.data(), text.size()) != 0) throw zmq::error_t();
}

}  // namespace

void check_files(const broker_options& options) {
  if (!options.credentials.empty()) static_cast<void>(load_store(options.credentials));
  if (!options.curve_key.empty()) static_cast<void>(read_curve_file(options.curve_key));
}

class gatekeeper::impl {
 public:
  impl(loop& where, const broker_options& options)
      : where_(where),
        curve_key_(options.curve_key),
        trail_(options.audit_log),
        store_(open_store(options.credentials)) {
    if (store_ == nullptr && options.zap_service.empty()) return;
    if (!curve_key_.empty()) {
      log::info("the broker's public key is {}", to_z85(read_curve_file(curve_key_).public_key));
    }
    context_ = std::make_unique<zmq::context_t>();
    thread_ = std::make_unique<login_thread>(*context_, options, store_.get(), listeners());
    if (store_) tell_loaded(*store_->current());
  }

  zmq::context_t& context() noexcept { return context_ ? *context_ : gate::peer::transport_context(); }
  std::shared_ptr<const snapshot> current() const { return store_ ? store_->current() : nullptr; }

  void prepare(zmq::socket_t& port, auth how) const {
    const socket_words words = words_for(how, store_ != nullptr);
    GATE_ASSERT(thread_ != nullptr || !words.enforce_domain);  // a CURVE socket without a handler would admit everybody
    if (words.plain_server) port.set(zmq::sockopt::plain_server, true);
    if (words.curve_server) give_key(port, curve_key_);
    if (!words.enforce_domain) return;
    port.set(zmq::sockopt::zap_domain, std::string(words.domain));
    const int on = 1;
    if (::zmq_setsockopt(port.handle(), zap_enforce_domain_option, &on, sizeof on) != 0) throw zmq::error_t();
  }

  std::optional<verdict> check(const attempt& what, unique_function<void(verdict)> decided) {
    GATE_ASSERT(thread_ != nullptr);
    ++waits_;  // before a verdict can arrive
    authenticator::begun begun =
        thread_->logins().use([&](authenticator& l, instant now) { return l.begin(what, now); });
    if (begun.now) {
      --waits_;
      return std::move(begun.now);
    }
    waiting_.emplace(begun.who, std::move(decided));
    return std::nullopt;
  }

  void reload() {
    if (const std::string fault = trail_.reopen(); !fault.empty()) log::error("{}; the old one is kept", fault);
    if (thread_) thread_->reload();
  }

  gatekeeper_counters counted() const {
    gatekeeper_counters c;
    c.reloads = reloads_;
    c.reloads_failed = reloads_failed_;
    c.audit_lost = trail_.lost();
    if (!thread_) return c;
    c.logins = thread_->logins().use([](authenticator& l, instant) { return l.counted(); });
    c.zap_requests = thread_->requests();
    c.zap_malformed = thread_->malformed();
    return c;
  }

  bool decides() const noexcept { return thread_ != nullptr; }
  void audit(const audit_record& what) noexcept { trail_.add(what); }

  unique_function<void(std::shared_ptr<const snapshot>)> changed;
  unique_function<void(std::string_view)> failed;

 private:
  login_thread::listeners listeners() {
    login_thread::listeners l;
    l.heard = [this](const login_event& e) { heard(e); };
    l.decided = [this](const shared_authenticator::verdicts& late) { decided(late); };
    l.reloaded = [this](const store::reloaded& found) { reloaded(found); };
    l.every_second = [this] {
      trail_.flush();
      tell_failures();
    };
    l.ended = [this](std::string_view why) { ended(why); };
    return l;
  }

  // Runs `call` on the loop, unless this object is gone by then.
  template <class Call> void on_loop(Call call) {
    where_.post([alive = std::weak_ptr<impl*>(self_), call = std::move(call)]() mutable {
      if (const std::shared_ptr<impl*> found = alive.lock()) call(**found);
    });
  }

  void heard(const login_event& e) {
    const verdict& v = e.what;
    audit_record r{};
    r.kind = kind_of(v.what);
    r.principal = v.principal;
    r.user = e.user;
    r.address = e.address;
    r.mechanism = zap::to_string(e.how);
    r.what = v.why;
    trail_.add(r);
    if (v.what == outcome::accepted) return;
    const instant now = std::chrono::steady_clock::now();
    const std::string origin = origin_of(e.address), user = in_quotes(e.user);
    const std::string text = "a login of " + user + " from " + in_quotes(e.address) + " by " +
                             std::string(r.mechanism) + " was " + (v.what == outcome::refused ? "refused" : "put off") +
                             ": " + std::string(v.why);
    const std::lock_guard hold(failures_lock_);
    if (failures_.add(origin + " " + user, text, now)) warn(text, now);
  }

  void tell_failures() {
    const instant now = std::chrono::steady_clock::now();
    const std::lock_guard hold(failures_lock_);
    for (const failure_log::due& d : failures_.take_due(now)) {
      warn(d.text + " (" + std::to_string(d.times) + " times since the last such line)", now);
    }
  }

  void warn(const std::string& text, instant now) {
    if (!lines_.admit(now)) return;
    if (const std::uint64_t left_out = lines_.take_left_out())
      log::warn("{} lines about logins were left out", left_out);
    log::warn("{}", text);
  }

  void decided(const shared_authenticator::verdicts& late) {
    if (waits_ == 0) return;  // no login within a message waits: all verdicts are for ZAP requests
    on_loop([verdicts = shared_authenticator::verdicts(late)](impl& self) mutable {
      for (authenticator::decided& d : verdicts) {
        auto found = self.waiting_.extract(d.who);
        if (found.empty()) continue;
        --self.waits_;
        found.mapped()(std::move(d.what));
      }
    });
  }

  void reloaded(const store::reloaded& found) {
    audit_record r{};
    if (!found.in_force) {
      ++reloads_failed_;
      log::error("the credential store stays as it was: {}", found.fault);
      r.kind = audit_kind::store_refused;
      r.what = found.fault;
      return trail_.add(r);
    }
    ++reloads_;
    if (!store_) return;
    const std::shared_ptr<const snapshot> now = store_->current();
    tell_loaded(*now);
    for (const principal_change& change : found.changes) {
      r.kind = audit_kind::role_changed;
      r.principal = change.principal;
      r.what = change.what;
      trail_.add(r);
    }
    on_loop([now](impl& self) {
      if (self.changed) self.changed(now);
    });
  }

  void tell_loaded(const snapshot& now) {
    const std::string text = "principals: " + std::to_string(now.principals().size());
    log::info("the credential store is in force, {}", text);
    audit_record r{};
    r.kind = audit_kind::store_loaded;
    r.what = text;
    trail_.add(r);
  }

  void ended(std::string_view why) {
    on_loop([text = std::string(why)](impl& self) {
      if (self.failed) std::exchange(self.failed, nullptr)("the ZAP handler ended, so nobody could come in: " + text);
    });
  }

  loop& where_;
  const std::string curve_key_;
  audit_trail trail_;
  std::unique_ptr<store> store_;
  std::mutex failures_lock_;
  failure_log failures_;
  gate::broker::log_limiter lines_;  // limits the lines about failed logins
  std::unordered_map<authenticator::ticket, unique_function<void(verdict)>> waiting_;
  std::atomic<std::size_t> waits_{0};  // at least the size of waiting_
  std::atomic<std::uint64_t> reloads_{0}, reloads_failed_{0};
  std::shared_ptr<impl*> self_ = std::make_shared<impl*>(this);
  std::unique_ptr<zmq::context_t> context_;
  std::unique_ptr<login_thread> thread_;  // last: it uses all of the above
};

gatekeeper::gatekeeper(loop& where, const broker_options& options) try : impl_(std::make_unique<impl>(where, options)) {
} catch (const bind_error&) {
  throw;
} catch (const std::exception& e) {
  throw bind_error(e.what());
}

gatekeeper::~gatekeeper() = default;

bool gatekeeper::decides() const noexcept { return impl_->decides(); }
zmq::context_t& gatekeeper::context() noexcept { return impl_->context(); }

void gatekeeper::prepare(zmq::socket_t& port, auth how) const { impl_->prepare(port, how); }
std::shared_ptr<const snapshot> gatekeeper::current() const { return impl_->current(); }

void gatekeeper::on_change(unique_function<void(std::shared_ptr<const snapshot>)> hear) {
  impl_->changed = std::move(hear);
}

std::optional<verdict> gatekeeper::check(const attempt& what, unique_function<void(verdict)> decided) {
  return impl_->check(what, std::move(decided));
}

void gatekeeper::audit(const audit_record& what) noexcept { impl_->audit(what); }
void gatekeeper::reload() { impl_->reload(); }
void gatekeeper::on_failure(unique_function<void(std::string_view)> hear) { impl_->failed = std::move(hear); }
gatekeeper_counters gatekeeper::counted() const { return impl_->counted(); }

}  // namespace gate::security
