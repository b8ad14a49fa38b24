// Attacks with real processes, and the results that must follow: nobody gets in without rights or does more than the
// rights allow, nothing leaks, nothing grows, and the broker counts the attack. The tests and gate-acceptance share
// them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gate::test {

// Receives the results of an attack, one line a point.
class findings {
 public:
  findings() = default;
  findings(const findings&) = delete;
  findings& operator=(const findings&) = delete;
  virtual ~findings() = default;

  // The point, the figure, the bar, and whether the figure meets it.
  virtual void line(std::string_view what, const std::string& figure, const std::string& bar, bool ok) = 0;
  // The same for a point that a slow machine may miss without a fault. Tests do not judge it.
  virtual void pace(std::string_view what, const std::string& figure, const std::string& bar, bool ok) {
    line(what, figure, bar, ok);
  }
  // How often to repeat an attack that wants to be repeated `wanted` times. Fewer if time is short.
  virtual int rounds(int wanted) const { return wanted; }

  void all(std::string_view what, std::size_t met, std::size_t of) {
    line(what, std::to_string(met) + " of " + std::to_string(of), "all", met == of && of > 0);
  }
  void none(std::string_view what, std::size_t met, std::size_t of) {
    line(what, std::to_string(met) + " of " + std::to_string(of), "none", met == 0 && of > 0);
  }
  void holds(std::string_view what, bool is_so) { line(what, is_so ? "yes" : "no", "yes", is_so); }
};

struct attack {
  std::string_view name;
  std::string_view about;
  void (*run)(findings& to);  // throws did_not_happen, or anything else that prevents its end
};

const std::vector<attack>& attacks();

// Logins at the transport.
void wrong_passwords(findings& to);
void unknown_keys(findings& to);
void flood_of_logins(findings& to);
void put_off_logins(findings& to);
// Connections that never send a first message.
void endless_handshakes(findings& to);
void silent_connections(findings& to);
// The identity of a peer.
void duplicate_identities(findings& to);
void answers_of_others(findings& to);
void replies_for_others(findings& to);
void forged_callers(findings& to);
void forged_messages(findings& to);
// The rights of a peer.
void wrong_roles(findings& to);
void strange_offers(findings& to);
void crossed_namespaces(findings& to);
void revoked_users(findings& to);
// Operation.
void rotated_store(findings& to);
void unsafe_set_ups(findings& to);
void kept_secrets(findings& to);

}  // namespace gate::test
