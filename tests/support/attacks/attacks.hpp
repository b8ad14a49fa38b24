// What somebody tries who does not belong, with real processes, and what is to come of it: nobody gets in or further
// than he may, nothing leaks, nothing grows, and the broker counts it. The tests and gate-acceptance share this.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gate::test {

// Where an attack tells what came of it, a line a point.
class findings {
 public:
  findings() = default;
  findings(const findings&) = delete;
  findings& operator=(const findings&) = delete;
  virtual ~findings() = default;

  // What was measured, the figure, the bar, and whether it is met.
  virtual void line(std::string_view what, const std::string& figure, const std::string& bar, bool ok) = 0;
  // The same of a point that a slow machine can miss without any fault: a test does not judge it.
  virtual void pace(std::string_view what, const std::string& figure, const std::string& bar, bool ok) {
    line(what, figure, bar, ok);
  }
  // How often an attack is repeated, of so many times that are wanted: less where time is short.
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
  void (*run)(findings& to);  // throws did_not_happen, and whatever else keeps it from an end
};

const std::vector<attack>& attacks();

// Logins at the transport.
void wrong_passwords(findings& to);
void unknown_keys(findings& to);
void flood_of_logins(findings& to);
void put_off_logins(findings& to);
// Connections that go no further.
void endless_handshakes(findings& to);
void silent_connections(findings& to);
// Who a peer is.
void duplicate_identities(findings& to);
void answers_of_others(findings& to);
void replies_for_others(findings& to);
void forged_callers(findings& to);
void forged_messages(findings& to);
// What a peer may do.
void wrong_roles(findings& to);
void strange_offers(findings& to);
void crossed_namespaces(findings& to);
void revoked_users(findings& to);
// The operator's side.
void rotated_store(findings& to);
void unsafe_set_ups(findings& to);
void kept_secrets(findings& to);

}  // namespace gate::test
