// The text of a credential store is read, or refused with a store_error. The result of `gate passwd` must be readable
// too.
#include <gate/assert.hpp>

#include "broker/credential_store/store_edit.hpp"
#include "broker/credential_store/store_text.hpp"
#include "tests/fuzz/input.hpp"

using namespace gate;
using namespace gate::security;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  bool readable = false;
  try {
    const store_source source{"fuzz", text};
    const snapshot s = read_store({&source, 1});
    for (const principal& p : s.principals()) GATE_ASSERT(s.find(p.name) == &p);
    readable = true;
  } catch (const gate::store_error&) {
  }
  constexpr std::string_view hash =
      "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  std::string changed;
  try {
    changed = set_password(text, "fuzz", "alice", hash, gate::old_credential::keep);
  } catch (const gate::store_error&) {
    return 0;
  }
  if (!readable) return 0;
  const store_source source{"fuzz", changed};
  const snapshot s = read_store({&source, 1});
  GATE_ASSERT(s.find("alice") != nullptr);
  GATE_ASSERT(s.find("alice")->password_hashes.back() == hash);
  return 0;
}
