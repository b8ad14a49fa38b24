// The program gate-broker: its flags, its file, its ports, and how it ends.
#include <csignal>
#include <cstdio>
#include <stdexcept>

#include <catch2/catch.hpp>

#include "tests/support/programs.hpp"
#include "tests/support/raw_peer.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace gate;
using namespace gate::test;

namespace {

struct outcome {
  program_end end;
  std::string out, err;
};

outcome run_broker(const arguments& given) {
  process broker("gate-broker", given);
  outcome o;
  o.end = broker.wait();
  o.out = broker.text(process::stream::out);
  o.err = broker.text(process::stream::err);
  return o;
}

bool is_one_line(const std::string& text) { return !text.empty() && text.find('\n') == text.size() - 1; }

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const arguments wildcard{"--frontend", "tcp://127.0.0.1:*", "--backend", "tcp://127.0.0.1:*"};

arguments with(arguments more) {
  arguments all = wildcard;
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

TEST_CASE("the broker refuses a bad flag in one line, with exit code 2", "[broker]") {
  const auto flag = GENERATE(arguments{"--no-such-flag"}, arguments{"--log-level", "loud"}, arguments{"--frontend"},
                             arguments{"--config"});
  const outcome o = run_broker(with(flag));
  CHECK(o.end == program_end{2, 0});
  CHECK(is_one_line(o.err));
  CHECK(contains(o.err, flag[0]));
  CHECK(o.out.empty());
}

TEST_CASE("the broker names the line of the configuration that is wrong", "[broker]") {
  struct fault {
    std::string content, says;
  };
  const auto given =
      GENERATE(fault{"queue_max = 10\n\nqeue_max = 10\n", ":3: unknown key 'qeue_max'"},
               fault{"insecure = false\nqueue_max = \"many\"\n", ":2:"}, fault{"queue_max = -1\n", ":1:"},
               fault{"service_grace = \"5 parsecs\"\n", ":1:"}, fault{"queue_max = 10\nqueue_max = = 3\n", ":2:"});
  const temporary_file file(given.content);
  const outcome o = run_broker(with({"--config", file.path()}));
  CHECK(o.end == program_end{2, 0});
  CHECK(is_one_line(o.err));
  CHECK(contains(o.err, file.path() + given.says));
}

TEST_CASE("the broker refuses a configuration file that it cannot read", "[broker]") {
  const outcome o = run_broker(with({"--config", "no-such-folder/gate.toml"}));
  CHECK(o.end == program_end{2, 0});
  CHECK(is_one_line(o.err));
  CHECK(contains(o.err, "no-such-folder/gate.toml"));
}

TEST_CASE("flags go before the configuration file", "[broker]") {
  const temporary_file file("frontend = [\"tcp://127.0.0.1:1\"]\nlog_level = \"error\"\n");
  broker_program broker(arguments{"--config", file.path()});
  CHECK_FALSE(contains(broker.frontend(), ":1\n"));
  CHECK(broker.program().count_lines("listening") == 0);  // in the log, whose level is `error`
}

TEST_CASE("the broker does not start when a port is in use, and leaves the other one free", "[broker]") {
  broker_program first;
  const outcome o = run_broker({"--frontend", "tcp://127.0.0.1:*", "--backend", first.backend()});
  CHECK(o.end == program_end{2, 0});
  CHECK(is_one_line(o.err));
  CHECK(contains(o.err, "cannot bind backend " + first.backend() + ": Address already in use"));
  CHECK(o.out.empty());
}

TEST_CASE("the broker does not take a path over from another one that is there, and leaves it alone", "[broker]") {
  const scratch_folder folder;
  const addresses where{"ipc://" + folder.file("frontend"), "ipc://" + folder.file("backend")};
  broker_program first(where);
  for (const std::string& backend : {where.backend, std::string("tcp://127.0.0.1:*")}) {
    const outcome o = run_broker({"--frontend", where.frontend, "--backend", backend});
    CHECK(o.end == program_end{2, 0});
    CHECK(is_one_line(o.err));
    CHECK(contains(o.err, "cannot bind frontend " + where.frontend + ": Address already in use"));
  }
  raw_dealer peer(where.frontend);
  peer.hello_as_client();
  peer.wait_for(message_type::welcome);
  first.program().kill();
  broker_program heir(where);  // what the killed broker left behind does not disturb it
}

TEST_CASE("the broker refuses an address that other machines can reach, unless told insecure", "[broker]") {
  const std::string address = GENERATE("tcp://0.0.0.0:*", "tcp://*:*", "tcp://[::]:*");
  const outcome refused = run_broker({"--frontend", "tcp://127.0.0.1:*", "--backend", address});
  CHECK(refused.end == program_end{2, 0});
  CHECK(is_one_line(refused.err));
  CHECK(contains(refused.err, "insecure"));
}

TEST_CASE("an insecure broker binds all addresses of the machine", "[broker]") {
  const addresses where{"tcp://0.0.0.0:*", "tcp://127.0.0.1:*"};
  broker_program broker(where, {"--insecure"});
  CHECK(contains(broker.frontend(), "tcp://0.0.0.0:"));
}

TEST_CASE("the flags --check-config and --version bind nothing and end at once", "[broker]") {
  broker_program other;
  const outcome checked =
      run_broker({"--frontend", other.frontend(), "--backend", "tcp://127.0.0.1:*", "--check-config"});
  CHECK(checked.end == program_end{0, 0});
  const outcome version = run_broker({"--version"});
  CHECK(version.end == program_end{0, 0});
  CHECK(contains(version.out, "gate-broker "));
}

TEST_CASE("the broker listens on several addresses of a role, and tells them all", "[broker]") {
  process broker("gate-broker", with({"--frontend", "tcp://127.0.0.1:*"}));
  const std::string line = broker.wait_for_line("listening ");
  const std::size_t comma = line.find(",tcp://127.0.0.1:");
  CHECK(comma != std::string::npos);
  raw_dealer client(line.substr(comma + 1, line.find(' ', comma) - comma - 1));
  client.hello_as_client();
  CHECK(client.wait_for(message_type::welcome) == errc::ok);
}

TEST_CASE("an idle broker that is told to leave ends at once, in order", "[broker]") {
  const int signal = GENERATE(SIGTERM, SIGINT);
  broker_program broker;
  raw_dealer client(broker.frontend());
  client.hello_as_client();
  client.wait_for(message_type::welcome);
  broker.program().signal(signal);
  CHECK(client.wait_for(message_type::drain) == errc::ok);
  CHECK(client.wait_for(message_type::bye) == errc::ok);
  CHECK(broker.program().wait() == program_end{0, 0});
}

TEST_CASE("a second signal ends a broker that drains at once, with exit code 130", "[broker]") {
  broker_program broker;
  raw_dealer worker(broker.backend());
  worker.hello_as_worker("slow", 1);
  worker.wait_for(message_type::welcome);
  raw_dealer client(broker.frontend());
  client.hello_as_client();
  message call;
  call.type = message_type::request;
  call.call = call_id{1};
  call.service = "slow";
  call.method = "echo";
  call.payload = payload_view("\x90");
  client.send(call);
  worker.wait_for(message_type::request);

  broker.program().signal(SIGTERM);
  broker.program().wait_for_line("draining", process::stream::err);
  client.wait_for(message_type::drain);
  CHECK(broker.program().running());  // since there is no answer to the call yet
  broker.program().signal(SIGTERM);
  CHECK(broker.program().wait() == program_end{130, 0});
}

TEST_CASE("a drain ends when its time is over, and the call that is left is answered", "[broker]") {
  const temporary_file file("drain_timeout = \"100ms\"\n");
  broker_program broker(arguments{"--config", file.path()});
  raw_dealer worker(broker.backend());
  worker.hello_as_worker("slow", 1);
  raw_dealer client(broker.frontend());
  client.hello_as_client();
  worker.wait_for(message_type::welcome);
  message call;
  call.type = message_type::request;
  call.call = call_id{1};
  call.service = "slow";
  call.method = "echo";
  call.payload = payload_view("\x90");
  client.send(call);
  worker.wait_for(message_type::request);

  broker.program().signal(SIGTERM);
  CHECK(client.wait_for(message_type::error) == errc::worker_lost);  // the worker may have executed it
  CHECK(broker.program().wait() == program_end{0, 0});
}

namespace {

// As an editor does: writes a new file and moves it into place.
void replace(const temporary_file& file, const std::string& content) {
  const temporary_file next(content);
  if (std::rename(next.path().c_str(), file.path().c_str()) != 0) throw std::runtime_error("cannot move a file");
}

}  // namespace

TEST_CASE("SIGHUP makes the broker read its store again, and a broken one changes nothing", "[broker]") {
  const temporary_file store("[principals.alice]\n"), config("credentials = '" + store.path() + "'\n");
  broker_program broker(arguments{"--config", config.path()});
  process& program = broker.program();
  program.wait_for_line("in force, principals: 1", process::stream::err);
  replace(store, "\n[principals\n");
  program.signal(SIGHUP);
  program.wait_for_line("stays as it was: " + store.path() + ":2", process::stream::err);
  replace(store, "[principals.alice]\n[principals.bob]\n");
  program.signal(SIGHUP);
  program.wait_for_line("in force, principals: 2", process::stream::err);
  program.signal(SIGTERM);
  CHECK(program.wait() == program_end{0, 0});
}

TEST_CASE("SIGHUP does not end a broker that has nothing to read again", "[broker]") {
  broker_program broker;
  broker.program().signal(SIGHUP);
  broker.program().wait_for_line("there is nothing to read again", process::stream::err);
  broker.program().signal(SIGTERM);
  CHECK(broker.program().wait() == program_end{0, 0});
}

TEST_CASE("the broker does not start without the store or the key that it is told of", "[broker]") {
  const temporary_file store("[principals.alice]\n"), broken("[principals\n");
  const struct {
    std::string content, says;
  } faults[] = {{"credentials = '/nowhere/users.toml'\n", "/nowhere/users.toml"},
                {"credentials = '" + broken.path() + "'\n", broken.path() + ":1"},
                {"auth = 'plain'\n", "needs a credential store"},
                {"auth = 'curve'\ncredentials = '" + store.path() + "'\n", "needs curve_key"},
                {"auth = 'magic'\n", "must be none, plain, curve or in-message"}};
  for (const auto& fault : faults) {
    CAPTURE(fault.content);
    const temporary_file config(fault.content);
    for (const bool check : {true, false}) {
      arguments flags{"--config", config.path()};
      if (check) flags.push_back("--check-config");
      const outcome o = run_broker(with(flags));
      CHECK(o.end == program_end{2, 0});
      CHECK(contains(o.err, fault.says));
      CHECK(is_one_line(o.err));
    }
  }
}

TEST_CASE("what could not be bound is told by --check-config too, but for what is in use at the moment", "[broker]") {
  const struct {
    std::string frontend, says;
  } faults[] = {{"tcp://192.0.2.1:*", "this machine has no such address"},
                {"tcp://broker.example:5555", "not a name"},
                {"ipc:///nowhere/at/all", "the folder /nowhere/at cannot be used"},
                {"ipc:///" + std::string(120, 'x'), "longer than the 107 bytes"},
                {"tcp://[::1:5555", "no IPv6 address"}};
  for (const auto& fault : faults) {
    CAPTURE(fault.frontend);
    const outcome o =
        run_broker({"--frontend", fault.frontend, "--backend", "tcp://127.0.0.1:*", "--insecure", "--check-config"});
    CHECK(o.end == program_end{2, 0});
    CHECK(contains(o.err, fault.says));
  }
  broker_program other;
  const outcome taken =
      run_broker({"--frontend", other.frontend(), "--backend", "tcp://127.0.0.1:*", "--check-config"});
  CHECK(taken.end == program_end{0, 0});
  CHECK(contains(taken.err, other.frontend() + " is in use at the moment"));
}
