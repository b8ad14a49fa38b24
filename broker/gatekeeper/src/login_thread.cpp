#include "broker/gatekeeper/src/login_thread.hpp"

#include <exception>
#include <utility>

#include <gate/bind_error.hpp>
#include <gate/sleep.hpp>

#include "common/protocol/endpoint.hpp"
#include "common/transport/ipc_path.hpp"
#include "common/transport/zmq_context.hpp"

namespace gate::security {
namespace {

// The time-out of an external service may be noticed this much too late.
constexpr auto glance = std::chrono::milliseconds(250);
constexpr int glances_a_second = 4;

// The ZAP domain of the broker's own ports, see words_for().
constexpr const char* own_domain = "gate";

login_settings settings_of(const broker_options& options) {
  login_settings s;
  s.throttle.failures_free = options.login_failures_max;
  s.throttle.first_pause = options.login_pause;
  s.throttle.pause_max = options.login_pause_max;
  s.external_timeout = options.zap_timeout;
  s.external_cache = options.zap_cache_time;
  return s;
}

}  // namespace

login_thread::login_thread(zmq::context_t& context, const broker_options& options, store* from, listeners tell)
    : store_(from),
      tell_(std::move(tell)),
      outside_(connect(context, options.zap_service)),
      logins_(
          settings_of(options), from == nullptr ? nullptr : from->current(), outside_.get(),
          [this](const login_event& e) { tell_.heard(e); },
          [this](const shared_authenticator::verdicts& late) { tell_verdicts(late); }) {
  bind(context, std::string(zap::endpoint), {own_domain});
  for (const std::string& endpoint : options.zap_bind) {
    bind(endpoint.starts_with("inproc://") ? gate::peer::transport_context() : context, endpoint, {});
  }
  thread_ = std::thread([this] { run(); });
}

login_thread::~login_thread() {
  leaving_ = true;
  loop_.post([this] {
    if (working_ != nullptr) working_->cancel();
  });
  thread_.join();
}

std::unique_ptr<zap_client> login_thread::connect(zmq::context_t& context, const std::string& endpoint) {
  if (endpoint.empty()) return nullptr;
  try {
    return std::make_unique<zap_client>(loop_, context, endpoint, [this](std::uint64_t id, const zap::reply* reply) {
      logins_.use([&](authenticator& l, instant now) {
        l.answered(id, reply, now);
        return true;
      });
    });
  } catch (const zmq::error_t& e) {
    throw bind_error("cannot connect to the zap_service " + endpoint + ": " + e.what());
  }
}

void login_thread::bind(zmq::context_t& context, const std::string& endpoint, std::vector<std::string> domains) {
  if (const std::string other = broker::in_the_way_of(endpoint); !other.empty()) {
    throw bind_error("cannot bind zap_bind " + endpoint + ": " + other);
  }
  try {
    servers_.push_back(
        std::make_unique<zap_server>(loop_, context, peer::bindable(endpoint), logins_, std::move(domains)));
  } catch (const zmq::error_t& e) {
    throw bind_error("cannot bind zap_bind " + endpoint + ": " + e.what());
  }
}

void login_thread::run() noexcept {
  std::string why = "its work ended";
  try {
    loop_.run(work());
  } catch (const std::exception& e) {
    why = e.what();
  }
  if (!leaving_) tell_.ended(why);
}

task<void> login_thread::work() {
  const env here = co_await current_env();
  task_group group(here);
  for (const auto& s : servers_) group.spawn(s->serve());
  if (outside_) group.spawn(outside_->serve());
  group.spawn(watch_the_time());
  working_ = &group;
  if (leaving_) group.cancel();
  co_await group.join();
}

task<void> login_thread::watch_the_time() {
  for (int n = 1;; ++n) {
    co_await sleep_for(glance);
    if (outside_) {
      logins_.use([](authenticator& l, instant now) {
        l.tick(now);
        return true;
      });
    }
    if (n % glances_a_second != 0) continue;
    if (store_ != nullptr && store_->changed_on_disk()) read_store();
    tell_.every_second();
  }
}

void login_thread::reload() {
  loop_.post([this] { read_store(); });
}

void login_thread::read_store() {
  store::reloaded found;
  if (store_ == nullptr) {
    // There is no store. Forgets what the external service said, which may have changed.
    found.in_force = true;
  } else {
    found = store_->reload();
  }
  if (found.in_force) {
    logins_.use([&](authenticator& l, instant) {
      l.replace(store_ == nullptr ? nullptr : store_->current());
      return true;
    });
  }
  tell_.reloaded(found);
}

void login_thread::tell_verdicts(const shared_authenticator::verdicts& late) {
  loop_.post([this, late] {
    for (const authenticator::decided& d : late) {
      for (const auto& s : servers_) s->decided(d);
    }
  });
  tell_.decided(late);
}

std::uint64_t login_thread::requests() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& s : servers_) sum += s->requests();
  return sum;
}

std::uint64_t login_thread::malformed() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& s : servers_) sum += s->malformed();
  return sum;
}

}  // namespace gate::security
