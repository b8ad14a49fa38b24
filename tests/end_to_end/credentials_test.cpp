// Logins of broker, worker, client and command, started as programs.
#include <future>
#include <map>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include <gate/client.hpp>
#include <gate/credentials.hpp>
#include <gate/error.hpp>
#include <gate/value.hpp>

#include "tests/support/login_peer.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace gate;
using namespace gate::test;

namespace {

// The hash of "opensesame".
constexpr const char* hash =
    "$argon2id$v=19$m=19456,t=2,p=1$my2eH4YdEIzD5zHDm3uAEA$QuKvGvhFUot61OdceDvFHn2PGJFlvs7SZ+fpy7/k6FE";

constexpr const char* roles = R"(
[roles.caller]
call = ["test.*"]
[roles.worker]
offer = ["test"]
)";

struct answer {
  int code;
  std::string out, err;
};

answer run(const arguments& command) {
  process gate("gate", command);
  const program_end end = gate.wait();
  return {end.code, gate.text(process::stream::out), gate.text(process::stream::err)};
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// The files that an operator makes for a broker, a worker, and alice, who may call the worker.
class site {
 public:
  virtual ~site() = default;
  virtual arguments broker() const = 0;
  std::string file_of(const std::string& user) const { return folder_.file(user + ".toml"); }
  const scratch_folder& folder() const noexcept { return folder_; }

 protected:
  scratch_folder folder_;
};

struct plain_site final : site {
  plain_site() {
    std::string store = roles;
    for (const std::string user : {"worker", "alice"}) {
      store += "[principals." + user + "]\npassword = \"" + hash + "\"\n";
      store += user == "worker" ? "roles = [\"worker\"]\n" : "roles = [\"caller\"]\n";
      folder_.write(user + ".toml", "user = \"" + user + "\"\npassword = \"opensesame\"\n");
    }
    folder_.write("users.toml", store);
  }
  arguments broker() const override { return {"--auth", "plain", "--credentials", folder_.file("users.toml")}; }
};

struct curve_site final : site {
  curve_site() {
    const std::string server_key = key_of(run({"keygen", folder_.file("broker.key")}));
    std::string store = roles;
    for (const std::string user : {"worker", "alice"}) {
      const std::string key = key_of(run({"keygen", folder_.file(user + ".key")}));
      store += "[principals." + user + "]\ncurve = '" + key + "'\n";
      store += user == "worker" ? "roles = [\"worker\"]\n" : "roles = [\"caller\"]\n";
      folder_.write(user + ".toml", "key = \"" + user + ".key\"\nserver_key = '" + server_key + "'\n");
    }
    folder_.write("users.toml", store);
  }
  arguments broker() const override {
    return {"--auth", "curve", "--credentials", folder_.file("users.toml"), "--curve-key", folder_.file("broker.key")};
  }

 private:
  static std::string key_of(const answer& made) {
    REQUIRE(made.code == 0);
    return made.out.substr(0, made.out.find('\n'));
  }
};

client_options options_for(const broker_program& broker, const credentials& who) {
  client_options o(broker.frontend());
  o.credentials = who;
  o.connect_timeout = patience;  // so long that no call ends by it
  return o;
}

errc refusal_of(const broker_program& broker, const credentials& who) {
  const Client client(options_for(broker, who));
  return error_of([&] { client["test"]["echo"](1).get<int>(); }).code();
}

void serves_who_is_known(const site& made) {
  const broker_program broker(made.broker());
  const worker_program worker(broker, "test", {"--credentials", made.file_of("worker")});
  const Client client(options_for(broker, credentials::from_file(made.file_of("alice"))));
  CHECK(client["test"]["echo"](5).get<int>() == 5);
  const auto seen = client["test"]["whoami"]().get<std::map<std::string, value>>();
  CHECK(seen.at("caller").as<std::string>() == "alice");

  const arguments call{"call", "test.echo", "7", "--broker", broker.frontend(), "--credentials"};
  arguments as_alice = call;
  as_alice.push_back(made.file_of("alice"));
  const answer told = run(as_alice);
  CHECK(told.code == 0);
  CHECK(told.out == "7\n");

  CHECK(refusal_of(broker, credentials()) == errc::unauthenticated);
  const answer stranger = run({"ping", "--broker", broker.frontend()});
  CHECK(stranger.code == 5);
  CHECK(has(stranger.err, "asks for "));
  CHECK(has(stranger.err, "--credentials FILE"));
}

}  // namespace

TEST_CASE("with passwords a broker serves whom it knows, and others are told at once", "[credentials]") {
  const plain_site made;
  serves_who_is_known(made);
}

TEST_CASE("with keys a broker serves whom it knows, and others are told at once", "[credentials]") {
  const curve_site made;
  serves_who_is_known(made);
}

TEST_CASE("a wrong password, an unknown key and a wrong key of the broker are told at once", "[credentials]") {
  {
    const plain_site made;
    const broker_program broker(made.broker());
    CHECK(refusal_of(broker, credentials::plain("alice", "opensesam")) == errc::unauthenticated);
    CHECK(refusal_of(broker, credentials::plain("nobody", "opensesame")) == errc::unauthenticated);
  }
  const curve_site made, other;
  const broker_program broker(made.broker());
  CHECK(refusal_of(broker, credentials::from_file(other.file_of("alice"))) == errc::unauthenticated);  // both are wrong
  const std::string file = scratch_folder::read(made.file_of("alice"));
  const std::string stranger = other.folder().write("stranger.toml", file);  // a key that the broker does not know
  CHECK(refusal_of(broker, credentials::from_file(stranger)) == errc::unauthenticated);
}

TEST_CASE("a worker program that is not admitted says why and exits with 5", "[credentials]") {
  const plain_site made;
  const broker_program broker(made.broker());
  const std::string wrong = made.folder().write("wrong.toml", "user = \"worker\"\npassword = \"opensesam\"\n");
  process refused("gate-test-worker", worker_program::command_line(broker.backend(), "test", {"--credentials", wrong}));
  CHECK(refused.wait() == program_end{5, 0});
  const std::string said = refused.text(process::stream::err);
  CHECK(has(said, "does not admit user 'worker'"));
  CHECK(has(said, "--credentials FILE"));
  CHECK_FALSE(has(said, "opensesam"));

  process unreadable("gate-test-worker", {"--credentials", made.folder().write("open.toml", "", 0644)});
  CHECK(unreadable.wait() == program_end{2, 0});
  CHECK(has(unreadable.text(process::stream::err), "chmod 600"));
}

TEST_CASE("a worker comes back with its credentials when its broker is restarted", "[credentials]") {
  const plain_site made;
  broker_program broker(made.broker());
  worker_program worker(broker, "test", {"--credentials", made.file_of("worker")});
  broker.program().kill();
  broker.start_again();
  worker.program().wait_for_line("READY", process::stream::out, 2);
}

TEST_CASE("the end of the ZAP handler is the end of the broker, and its peers are told", "[credentials]") {
  const plain_site made;
  broker_program broker({"tcp://127.0.0.1:*", "tcp://127.0.0.1:*"}, made.broker(), "gate-test-failing-broker");
  const worker_program worker(broker, "test", {"--credentials", made.file_of("worker")});
  const Client client(options_for(broker, credentials::from_file(made.file_of("alice"))));
  CHECK(client["test"]["echo"](5).get<int>() == 5);
  auto under_way =
      std::async(std::launch::async, [&] { return error_of([&] { client["test"]["hang"]().get<value>(); }).code(); });
  while (client["test"]["tally"]("hang.started").get<int>() == 0) {
  }
  CHECK_FALSE(comes_in(broker.frontend(), plain("the-end", "opensesame")));
  CHECK(broker.program().wait() == program_end{1, 0});
  CHECK(has(broker.program().text(process::stream::err), "the ZAP handler ended, so nobody could come in"));
  CHECK(under_way.get() == errc::worker_lost);
}
