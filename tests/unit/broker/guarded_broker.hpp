// A broker with a credential store of a test's own. Everybody's password is "sesame".
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include <unistd.h>

#include "broker/credential_store/password.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/unit/broker/foreign_fixture.hpp"

namespace gate::test {

inline constexpr std::string_view sesame = "sesame";

// The text with each "$PASSWORD" replaced by a hash of that.
inline std::string store_text(std::string text) {
  static const std::string hash = security::hash_password(sesame, security::least_cost);
  constexpr std::string_view mark = "$PASSWORD";
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
    text.replace(at, mark.size(), '"' + hash + '"');
  }
  return text;
}

inline const std::string usual_store = R"(
[roles.operator]
operate = true
[roles.caller]
call = ["billing.read", "log"]
[roles.biller]
offer = ["billing"]

[principals.alice]
password = $PASSWORD
roles = ["caller"]
[principals.bob]
password = $PASSWORD
roles = ["caller"]
[principals.w]
password = $PASSWORD
roles = ["biller"]
[principals.olga]
password = $PASSWORD
roles = ["operator"]
[principals.pia]
password = $PASSWORD
roles = ["caller", "biller"]
namespaces = ["prod"]
)";

class guarded_broker {
 public:
  // One address for both roles. Peers log in as `auth` says.
  explicit guarded_broker(const std::string& auth, broker_options options = on_wildcard_ports(),
                          const std::string& store = usual_store)
      : path_(folder_.write("users.toml", store_text(store))), broker_(with_store(std::move(options), auth)) {}

  std::string at() const { return broker_.frontend(); }
  running_broker<>& broker() noexcept { return broker_; }
  // Takes effect some time later.
  void replace_store(const std::string& text) {
    const std::string fresh = folder_.write("new", store_text(text));
    if (::rename(fresh.c_str(), path_.c_str()) != 0) throw std::runtime_error("cannot replace the store");
  }
  std::string audit() const { return scratch_folder::read(folder_.file("audit.log")); }

  raw_peer peer(const std::string& user, const std::string& routing_id = {}) const {
    return raw_peer(at(), routing_id, 1000, {user, std::string(sesame)});
  }

 private:
  broker_options with_store(broker_options options, const std::string& auth) {
    static std::atomic<int> count = 0;
    const std::string address =
        "ipc://@gate-test-guarded-" + std::to_string(::getpid()) + "-" + std::to_string(++count) + "?auth=" + auth;
    options.frontend = options.backend = {address};
    options.credentials = path_;
    options.heartbeat_interval = std::chrono::minutes(5);  // raw workers send none
    options.audit_log = folder_.file("audit.log");
    return options;
  }

  scratch_folder folder_;
  std::string path_;
  running_broker<> broker_;
};

// Waits until the condition holds, at most ten seconds. Returns whether it does.
template <class Condition> bool comes_true(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace gate::test
