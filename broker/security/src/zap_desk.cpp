#include "broker/security/zap_desk.hpp"

#include <algorithm>

namespace gate::security {
namespace {

zap::frames reply_of(zap::frames_view envelope, bytes_view id, const verdict& v) {
  switch (v.what) {
    case outcome::accepted:
      return zap::compose_reply(envelope, id, zap::status::ok, "OK", v.principal);
    case outcome::refused:
      return zap::compose_reply(envelope, id, zap::status::refused, v.why, {});
    case outcome::later:
      // On status 300 libzmq closes the peer's connection without a message, and the peer tries again.
      return zap::compose_reply(envelope, id, zap::status::temporary, v.why, {});
  }
  return {};
}

}  // namespace

std::optional<zap::frames> zap_desk::receive(zap::frames_view message, instant now) {
  const zap::parsed_request parsed = zap::parse_request(message);
  if (!parsed.valid) {
    ++malformed_;
    if (!parsed.can_be_answered) return std::nullopt;
    return zap::compose_reply(parsed.envelope, parsed.id, zap::status::internal, parsed.why, {});
  }
  const zap::request& r = *parsed.valid;
  if (!domains_.empty() && std::find(domains_.begin(), domains_.end(), r.domain) == domains_.end()) {
    return zap::compose_reply(r.envelope, r.id, zap::status::refused, "the domain is not known", {});
  }
  attempt what;
  what.how = r.how;
  what.address = r.address;
  what.hearsay = domains_.empty();
  what.user = r.user;
  what.password = r.password;
  what.key = r.key;
  const authenticator::begun begun = logins_.begin(what, now);
  if (begun.now) return reply_of(r.envelope, r.id, *begun.now);
  waiting_.emplace(begun.who, asked{zap::frames(r.envelope.begin(), r.envelope.end()), std::string(r.id)});
  return std::nullopt;
}

std::optional<zap::frames> zap_desk::decided(const authenticator::decided& what) {
  const auto found = waiting_.find(what.who);
  if (found == waiting_.end()) return std::nullopt;
  const std::vector<bytes_view> envelope(found->second.envelope.begin(), found->second.envelope.end());
  zap::frames reply = reply_of(envelope, found->second.id, what.what);
  waiting_.erase(found);
  return reply;
}

}  // namespace gate::security
