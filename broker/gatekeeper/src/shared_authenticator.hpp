// The authenticator of one broker, shared by its threads: the one that answers ZAP, the loop, the one that hashes.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <gate/unique_function.hpp>

#include "broker/gatekeeper/src/password_checker.hpp"
#include "broker/security/authenticator.hpp"

namespace gate::security {

class shared_authenticator {
 public:
  using verdicts = std::vector<authenticator::decided>;

  // `heard` gets each login, under the lock. `tell` gets verdicts that were not known at once. It runs on the thread
  // that caused them, and on several threads at the same time. Both must be quick.
  shared_authenticator(const login_settings& settings, std::shared_ptr<const snapshot> store, external_service* outside,
                       unique_function<void(const login_event&)> heard, unique_function<void(const verdicts&)> tell);

  // Calls `f(authenticator&, instant now)` under the lock and returns its result, which must not be void. Any thread.
  template <class F> auto use(F f) {
    std::unique_lock hold(lock_);
    auto result = f(login_, instant(std::chrono::steady_clock::now()));
    const verdicts late = login_.take_decided();
    hold.unlock();
    if (!late.empty()) tell_(late);
    return result;
  }

 private:
  std::mutex lock_;
  unique_function<void(const verdicts&)> tell_;
  authenticator login_;
  password_checker checker_;  // last: its thread uses all of the above
};

}  // namespace gate::security
