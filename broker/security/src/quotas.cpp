#include "broker/security/quotas.hpp"

#include <algorithm>

#include <gate/assert.hpp>

#include "broker/security/address.hpp"

namespace gate::security {

std::string_view to_text(quota q) noexcept {
  switch (q) {
    case quota::within:
      return "within the quota";
    case quota::too_many_requests:
      return "the principal sends too many requests a second";
    case quota::too_many_bytes:
      return "the principal has too many bytes in flight";
  }
  return "";
}

quota principal_quotas::begin(std::string_view principal, std::size_t bytes, instant now) {
  const bool counts_requests = settings_.requests_per_second_max > 0;
  if (!counts_requests && settings_.bytes_in_flight_max == 0) return quota::within;
  auto found = used_.find(principal);
  if (found == used_.end()) {
    if (used_.size() >= settings_.principals_max) sweep(now);
    if (used_.size() >= settings_.principals_max) {
      ++refused_;
      return quota::too_many_requests;
    }
    const double burst = std::max(
        1.0, settings_.requests_burst_max > 0 ? settings_.requests_burst_max : settings_.requests_per_second_max);
    const double rate = counts_requests ? settings_.requests_per_second_max : 1;
    found = used_.emplace(std::string(principal), use{token_bucket(rate, burst, now)}).first;
  }
  use& u = found->second;
  // A request larger than the limit passes if nothing else is in flight. Otherwise it could never pass.
  const bool room = settings_.bytes_in_flight_max == 0 || u.bytes == 0 ||
                    (u.bytes <= settings_.bytes_in_flight_max && bytes <= settings_.bytes_in_flight_max - u.bytes);
  quota result = quota::within;
  if (!room) {
    result = quota::too_many_bytes;
  } else if (counts_requests && !u.requests.take(now)) {
    result = quota::too_many_requests;
  }
  if (result != quota::within) {
    ++refused_;
    return result;
  }
  u.bytes += bytes;
  ++u.open;
  return result;
}

void principal_quotas::end(std::string_view principal, std::size_t bytes) {
  const auto found = used_.find(principal);
  if (found == used_.end()) return;  // no limits are set
  GATE_ASSERT(found->second.open > 0 && found->second.bytes >= bytes);
  found->second.bytes -= bytes;
  --found->second.open;
}

duration principal_quotas::wait(std::string_view principal, instant now) const noexcept {
  const auto found = used_.find(principal);
  if (found == used_.end() || settings_.requests_per_second_max <= 0) return duration::zero();
  return found->second.requests.wait(now);
}

void principal_quotas::sweep(instant now) {
  std::erase_if(used_, [&](const auto& entry) { return entry.second.open == 0 && entry.second.requests.full(now); });
}

bool address_quota::opened(std::string_view address) {
  if (peers_max_ == 0) return true;
  const std::string origin = origin_of(address);
  if (is_shared_origin(origin)) return true;
  std::size_t& count = open_[origin];
  if (count >= peers_max_) return false;
  ++count;
  return true;
}

void address_quota::closed(std::string_view address) {
  const auto found = open_.find(origin_of(address));
  if (found == open_.end()) return;
  if (--found->second == 0) open_.erase(found);
}

}  // namespace gate::security
