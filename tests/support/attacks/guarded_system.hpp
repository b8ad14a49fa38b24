// A gate-broker with a credential store, a key and an audit log, and users with different rights.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <gate/client.hpp>

#include "common/credentials/curve_key.hpp"
#include "tests/support/attacks/attacks.hpp"
#include "tests/support/login_peer.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/raw_peer.hpp"
#include "tests/support/scratch_folder.hpp"

namespace gate::test {

// The lines of the store for each principal, by name.
//   olga operates; alice, bob and kate (by CURVE) may call `test`; carl may call another service; wendy and walt may
//   offer `test`, omar any service; paula and tess may call `billing`, in `prod` and in `test`, where paul and theo
//   offer it
using people = std::map<std::string, std::string>;
people usual_people();
// The password of that user. Each user has another one, so a test can search for it.
std::string password_of(std::string_view user);
// A line of the store with the hash of that password, at the least cost.
std::string password_line(std::string_view password);
std::string store_text(const people& all);

struct key_ring {
  curve_pair kates = make_curve_pair(), brokers = make_curve_pair(), strangers = make_curve_pair();
  static const key_ring& get();
};

prepare_socket as(const std::string& user);  // by PLAIN
prepare_socket with_routing_id(const std::string& id, const prepare_socket& more);
client_options options_for(const std::string& endpoint, const std::string& user);

// How peers log in at the two addresses.
struct ways {
  std::string frontend = "curve", backend = "plain";
};

class guarded_system {
 public:
  // `more`: lines of the configuration.
  explicit guarded_system(const std::string& more = {}, const ways& how = {}, const people& store = usual_people());

  // An address of the broker.
  const std::string& at_frontend() const noexcept { return broker_.frontend(); }
  const std::string& at_backend() const noexcept { return broker_.backend(); }
  broker_program& broker() noexcept { return broker_; }
  const scratch_folder& folder() const noexcept { return folder_; }

  // A client as olga, at the backend.
  const Client& operators() const noexcept { return operators_; }
  std::uint64_t count(const std::string& group, const std::string& name) const {
    return count_of(operators_, group, name);
  }
  // Connections that never sent a first message. Either the transport or the broker ends such a connection, whichever
  // notices it first.
  std::uint64_t fruitless() const { return count("transport", "ended_early") + count("transport", "silent"); }
  // Waits until that number is reached.
  bool becomes_fruitless(std::uint64_t least) const;

  Client client(const std::string& user) const { return Client(options_for(at_backend(), user)); }
  // Makes a file for --credentials.
  std::string credentials_file(const std::string& user) const;
  arguments shown_by(const std::string& user) const { return {"--credentials", credentials_file(user)}; }

  // Writes a new file and moves it into place, as an editor does. It takes effect later.
  void replace_store(const std::string& text) const;
  void replace_store(const people& all) const { replace_store(store_text(all)); }
  // Sends SIGHUP and waits until the new store is in force.
  void reload(const people& all);

  std::string audit() const { return scratch_folder::read(folder_.file("audit.jsonl")); }
  // Waits for a line with that event and that part.
  bool audits(std::string_view event, std::string_view part = {}) const;

 private:
  std::string configuration(const std::string& more, const people& store) const;

  scratch_folder folder_;
  std::string store_ = folder_.file("users.toml");
  std::string config_;
  broker_program broker_;
  Client operators_;
};

// A request of a gate/2 peer, with any claim about its caller.
std::string call_bytes(std::uint64_t number, std::string_view service, std::string_view method,
                       std::string_view payload = "\x90", std::string_view caller = {});
std::string answer_bytes(call_id to, std::string_view payload, message_type type = message_type::final);
// Calls the broker's own `ping` and returns all that comes up to its answer. Messages for this peer that were on their
// way have come by then, too. Gives up if nothing comes for that time.
std::string heard_by(raw_dealer& peer, std::uint64_t number, std::chrono::milliseconds patience_for = patience);

// Runs the attack twice, then `wanted` times or as often as time allows. Reports what then remains of it in the broker:
// connections, descriptors, memory.
class steadiness {
 public:
  explicit steadiness(guarded_system& at) : at_(at), connections_(at.count("now", "connections")) {}

  template <class Attack> void tell(findings& to, const std::string& what, int wanted, const Attack& once) {
    for (int i = 0; i < 2; ++i) once();
    begin();
    const int rounds = to.rounds(wanted);
    for (int i = 0; i < rounds; ++i) once();
    end(to, what + " (" + std::to_string(rounds) + " rounds)");
  }
  void begin();
  // True if the broker has not grown beyond the allowance. Always true under a sanitizer, which keeps freed memory.
  bool is_steady();
  void end(findings& to, const std::string& what);

 private:
  void wait_until_gone();
  std::size_t grown_bytes() const;

  guarded_system& at_;
  std::uint64_t connections_;
  std::size_t resident_ = 0, descriptors_ = 0;
};

}  // namespace gate::test
