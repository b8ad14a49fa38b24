#include "broker/security/login_cache.hpp"

#include <sodium.h>

#include "common/credentials/secret.hpp"

namespace gate::security {

digester::digester() {
  need_sodium();
  randombytes_buf(key_.data(), key_.size());
}

digester::~digester() { sodium_memzero(key_.data(), key_.size()); }

credential_digest digester::of(bytes_view mechanism, bytes_view user, bytes_view password) const noexcept {
  crypto_generichash_state state;
  crypto_generichash_init(&state, key_.data(), key_.size(), std::tuple_size_v<credential_digest>);
  for (const bytes_view part : {mechanism, user, password}) {
    // The length comes first. Otherwise user "ab" with password "c" would equal user "a" with password "bc".
    const std::uint64_t size = part.size();
    std::array<unsigned char, sizeof size> raw{};
    std::memcpy(raw.data(), &size, sizeof size);
    crypto_generichash_update(&state, raw.data(), raw.size());
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(part.data()), part.size());
  }
  credential_digest digest{};
  crypto_generichash_final(&state, digest.data(), digest.size());
  sodium_memzero(&state, sizeof state);
  return digest;
}

std::optional<login_cache::remembered> login_cache::find(const credential_digest& digest, instant now) {
  const auto found = index_.find(digest);
  if (found == index_.end()) return std::nullopt;
  if (found->second->expires <= now) {
    logins_.erase(found->second);
    index_.erase(found);
    return std::nullopt;
  }
  logins_.splice(logins_.begin(), logins_, found->second);
  return remembered{found->second->principal, found->second->expires};
}

void login_cache::add(const credential_digest& digest, const std::string& principal, instant expires) {
  if (logins_max_ == 0) return;
  if (const auto found = index_.find(digest); found != index_.end()) {
    found->second->principal = principal;
    found->second->expires = expires;
    return;
  }
  if (logins_.size() >= logins_max_) {
    index_.erase(logins_.back().digest);
    logins_.pop_back();
  }
  logins_.push_front({digest, principal, expires});
  index_.emplace(digest, logins_.begin());
}

void login_cache::clear() noexcept {
  index_.clear();
  logins_.clear();
}

}  // namespace gate::security
