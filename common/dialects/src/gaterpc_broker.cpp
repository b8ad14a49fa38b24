#include "common/dialects/gaterpc_broker.hpp"

#include <algorithm>

#include <gate/limits.hpp>

#include "common/base/random.hpp"
#include "common/credentials/material.hpp"
#include "common/dialects/foreign_words.hpp"

namespace gate::peer {

std::string gaterpc_broker::begin() {
  for_session_.clear();
  welcomed_ = false;
  forget();
  // A new id for each connection. If two connections have one id, this kind of broker listens to the first, even if
  // that is dead.
  return new_id();
}

bool gaterpc_broker::next(message& m) {
  if (for_session_.empty()) return false;
  m = for_session_.front();
  for_session_.pop_front();
  return true;
}

wire::login gaterpc_broker::login() const noexcept {
  if (options_.shown.what() != credentials::kind::plain) return {};
  const credentials::material& m = *options_.shown.secrets();
  return {true, m.user, m.password.view()};
}

std::string gaterpc_broker::new_id() {
  std::string id;
  while (id.size() < 16) {
    for (std::uint64_t random = next_random(options_.seed), i = 0; i < 8; ++i, random >>= 8) {
      id.push_back(static_cast<char>(random & 0xff));
    }
  }
  id[0] = static_cast<char>(id[0] | 1);  // libzmq reserves the ids that begin with a zero
  return id;
}

void gaterpc_broker::tell(message_type type, call_id call) { tell(wire::of_type(type, call)); }

void gaterpc_broker::tell_error(call_id call, errc status, std::string_view text) {
  message m = wire::error_of(call, status, text);
  m.origin = origin::local;
  tell(m);
}

void gaterpc_broker::tell_bye(errc status, std::string_view text) {
  message m = wire::of_type(message_type::bye);
  m.status = status;
  m.text = text;
  tell(m);
}

void gaterpc_broker::keep_times(const message& hello) noexcept {
  heartbeat_interval_ = std::max(hello.heartbeat_interval, std::chrono::milliseconds(1));
  heartbeat_liveness_ = hello.liveness;
}

void gaterpc_broker::tell_welcome() {
  if (welcomed_) return;
  welcomed_ = true;
  message m = wire::of_type(message_type::welcome);
  m.version_min = m.version_max = gate2_version;
  m.heartbeat_interval = heartbeat_interval_;
  // The welcome counts silence in the session's heartbeat intervals. So the broker's intervals are converted, rounded
  // up.
  const std::chrono::milliseconds theirs = std::max(heartbeat_interval_, limits::gaterpc_heartbeat_interval);
  const auto silence = theirs * std::max(heartbeat_liveness_, 1u);
  m.liveness =
      static_cast<std::uint32_t>((silence + heartbeat_interval_ - std::chrono::milliseconds(1)) / heartbeat_interval_);
  tell(m);
}

}  // namespace gate::peer
