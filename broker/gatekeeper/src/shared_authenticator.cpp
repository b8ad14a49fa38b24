#include "broker/gatekeeper/src/shared_authenticator.hpp"

namespace gate::security {

shared_authenticator::shared_authenticator(const login_settings& settings, std::shared_ptr<const snapshot> store,
                                           external_service* outside, unique_function<void(const login_event&)> heard,
                                           unique_function<void(const verdicts&)> tell)
    : tell_(std::move(tell)),
      login_(settings, std::move(store), checker_, outside),
      checker_(settings.pending_max, [this](std::unique_ptr<hash_job> job) {
        use([&](authenticator& l, instant now) {
          l.hashed(std::move(job), now);
          return true;
        });
      }) {
  login_.on_event(std::move(heard));
}

}  // namespace gate::security
