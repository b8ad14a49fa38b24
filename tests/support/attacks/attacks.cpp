#include "tests/support/attacks/attacks.hpp"

namespace gate::test {

const std::vector<attack>& attacks() {
  static const std::vector<attack> all{
      {"wrong-passwords", "wrong and missing passwords", wrong_passwords},
      {"unknown-keys", "CURVE with an unknown key of the client, or another one of the server", unknown_keys},
      {"flood-of-logins", "1,100 logins with guessed passwords, 50 at once", flood_of_logins},
      {"put-off-logins", "logins while nobody can be asked about them: ZAP's status 300", put_off_logins},
      {"endless-handshakes", "handshakes that never end", endless_handshakes},
      {"silent-connections", "10,000 connections that say nothing", silent_connections},
      {"duplicate-identities", "peers under a routing id that is taken", duplicate_identities},
      {"answers-of-others", "a worker that answers another one's requests", answers_of_others},
      {"replies-for-others", "a client that would read another one's replies", replies_for_others},
      {"forged-callers", "callers that say that they are somebody else", forged_callers},
      {"forged-messages", "forged logins in the messages of gate-rpc peers", forged_messages},
      {"wrong-roles", "the right password, for the wrong role", wrong_roles},
      {"strange-offers", "workers that offer services which they may not", strange_offers},
      {"crossed-namespaces", "calls from one namespace into another", crossed_namespaces},
      {"revoked-users", "users that are taken out of the store while they are connected", revoked_users},
      {"rotated-store", "a store that changes under load", rotated_store},
      {"unsafe-set-ups", "set-ups in which libzmq by itself would let people in", unsafe_set_ups},
      {"kept-secrets", "passwords where they should not be", kept_secrets},
  };
  return all;
}

}  // namespace gate::test
