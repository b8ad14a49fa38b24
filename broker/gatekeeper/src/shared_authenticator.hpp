// The logins of one broker, as its threads share them: the one that answers ZAP, the loop, the one that hashes.
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

  // `heard` is told of each login, under the lock. `tell` is told of verdicts that came late, on the thread that
  // brought them about: by several at once. Both must be quick.
  shared_authenticator(const login_settings& settings, std::shared_ptr<const snapshot> store, external_service* outside,
                       unique_function<void(const login_event&)> heard, unique_function<void(const verdicts&)> tell);

  // Lets `f(login&, instant now)`, which returns something, at the login while nobody else is. Any thread.
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
