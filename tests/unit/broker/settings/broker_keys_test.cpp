#include "broker/settings/broker_keys.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "broker/security/endpoint_auth.hpp"
#include "tests/support/comment_marks.hpp"

using namespace gate;
using namespace gate::broker;
using namespace std::chrono_literals;

namespace {

broker_options read(std::string_view text) {
  given_settings given;
  given.read_text(text, "gate.toml");
  broker_options options;
  read_options(given, options);
  return options;
}

std::string error_of(std::string_view text) {
  try {
    read(text);
  } catch (const settings_error& e) {
    return e.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a configuration file sets what it names and leaves the rest", "[config]") {
  const broker_options options = read(R"(
frontend = ["tcp://127.0.0.1:7001", "ipc:///tmp/clients"]
backend = "tcp://127.0.0.1:7002"
insecure = true
queue_max = 1000
queue_bytes_max = "64MiB"
service_grace = "200ms"
drain_timeout = 1500
heartbeat_liveness = 5
log_level = "debug"
)");
  CHECK(options.frontend == std::vector<std::string>{"tcp://127.0.0.1:7001", "ipc:///tmp/clients"});
  CHECK(options.backend == std::vector<std::string>{"tcp://127.0.0.1:7002"});
  CHECK(options.insecure);
  CHECK(options.queue_max == 1000);
  CHECK(options.queue_bytes_max == 64u << 20);
  CHECK(options.service_grace == 200ms);
  CHECK(options.drain_timeout == 1500ms);
  CHECK(options.heartbeat_liveness == 5);
  CHECK(options.log_level == "debug");
  CHECK(options.queue_total_max == broker_options().queue_total_max);
}

TEST_CASE("durations and sizes are understood with their units", "[config]") {
  CHECK(read("idle_timeout = '5s'").idle_timeout == 5s);
  CHECK(read("idle_timeout = '1.5s'").idle_timeout == 1500ms);
  CHECK(read("idle_timeout = '2 min'").idle_timeout == 2min);
  CHECK(read("idle_timeout = '1h'").idle_timeout == 1h);
  CHECK(read("client_bytes_max = '1KiB'").client_bytes_max == 1024);
  CHECK(read("client_bytes_max = '2MB'").client_bytes_max == 2'000'000);
  CHECK(read("client_bytes_max = '512B'").client_bytes_max == 512);
}

TEST_CASE("an unknown key is refused with its line and a guess", "[config]") {
  CHECK(error_of("queue_max = 5\n\nqeue_max = 3\n") ==
        "gate.toml:3: unknown key 'qeue_max' (did you mean 'queue_max'?)");
  CHECK(error_of("zzz = 1") == "gate.toml:1: unknown key 'zzz' (the keys of a worker belong in [worker])");
  CHECK(error_of("[broker]\nqueue_max = 1") ==
        "gate.toml:1: unknown table [broker]: the broker's keys stand at the top of the file, without a table");
  CHECK(error_of("broker = 1") == "gate.toml:1: unknown key 'broker' (the keys of a worker belong in [worker])");
}

TEST_CASE("one file may hold the settings of workers too", "[config]") {
  CHECK(read("queue_max = 5\n[worker]\ncapacity = 3\n").queue_max == 5);
  CHECK(error_of("worker = 1") == "gate.toml:1: unknown key 'worker' (the keys of a worker belong in [worker])");
}

TEST_CASE("what is no address is refused with its line", "[config]") {
  CHECK(error_of("backend = 'tcp://*:5556?auth=curve'\nfrontend = ['ipc:///run/gate',\n'tcp://127.0.0.1:777777']") ==
        "gate.toml:3: 'tcp://127.0.0.1:777777' is no address to bind: the port must be a number up to 65535, or *");
}

TEST_CASE("a value of the wrong kind is refused with its line and what is expected", "[config]") {
  CHECK(error_of("\nqueue_max = 'many'") == "gate.toml:2: 'queue_max' must be a whole number from 0 to 1073741824");
  for (const char* const number : {"-1", "1.5", "1e3"}) {
    CHECK(error_of("queue_max = " + std::string(number)) ==
          "gate.toml:1: 'queue_max' must be a whole number from 0 to 1073741824");
  }
  CHECK(
      error_of("idle_timeout = '5 parsecs'") ==
      "gate.toml:1: 'idle_timeout' must be a duration such as \"5s\" or \"200ms\", or a whole number of milliseconds, "
      "from 1ms to 24h");
  CHECK(error_of("client_bytes_max = '5s'") ==
        "gate.toml:1: 'client_bytes_max' must be a size such as \"64MiB\", or a whole number of bytes, from 1B to "
        "1TiB");
  CHECK(error_of("insecure = 1") == "gate.toml:1: 'insecure' must be true or false");
  CHECK(error_of("name = ''") == "gate.toml:1: 'name' must not be empty");
  CHECK(error_of("name = 5") == "gate.toml:1: 'name' must be a text");
  for (const std::string key : {"audit_log", "credentials", "zap_service", "name"}) {
    CHECK(error_of("\n" + key + R"( = "\u0000")") == "gate.toml:2: '" + key + "' must not contain a NUL character");
    CHECK(error_of(key + R"( = "ipc:///tmp/a\u0000b")") ==
          "gate.toml:1: '" + key + "' must not contain a NUL character");
  }
  CHECK(error_of(R"(frontend = "ipc:///tmp/a\u0000b")") == "gate.toml:1: 'frontend' must not contain a NUL character");
  CHECK(error_of("zap_bind = ['ipc:///tmp/a',\n\"ipc:///tmp/a\\u0000b\"]") ==
        "gate.toml:2: 'zap_bind' must not contain a NUL character");
  CHECK(error_of("log_level = ''") == "gate.toml:1: 'log_level' must be trace, debug, info, warn, error or off");
  CHECK(error_of("log_level = 'loud'") == "gate.toml:1: 'log_level' must be trace, debug, info, warn, error or off");
  CHECK(error_of("frontend = [\n'tcp://127.0.0.1:1',\n5]") == "gate.toml:3: 'frontend' must be a list of texts");
  CHECK(error_of("frontend = []") == "gate.toml:1: 'frontend' must have at least one address");
  CHECK(error_of("frontend = 5") == "gate.toml:1: 'frontend' must be a text or a list of texts");
  CHECK(error_of("zap_bind = []") == "accepted");
}

TEST_CASE("a number out of its range is refused with the range", "[config]") {
  CHECK(error_of("heartbeat_liveness = 0") == "gate.toml:1: 'heartbeat_liveness' must be from 1 to 1000");
  CHECK(error_of("heartbeat_interval = '1ms'") == "gate.toml:1: 'heartbeat_interval' must be from 10ms to 24h");
  CHECK(error_of("frame_bytes_max = 5") == "gate.toml:1: 'frame_bytes_max' must be from 1KiB to 1TiB");
}

TEST_CASE("text that is no TOML is refused with its line", "[config]") {
  CHECK(error_of("queue_max = 1\nqueue_max 2").starts_with("gate.toml:2: "));
  std::string deep = "queue_max = 1\na";
  for (int i = 0; i < 50'000; ++i) deep += ".a";
  CHECK(error_of(deep + " = 1").starts_with("gate.toml:2: is nested deeper than 64 "));
}

TEST_CASE("a file with an error changes nothing", "[config]") {
  broker_options options;
  given_settings given;
  given.read_text("queue_max = 1\nnonsense = 2", "gate.toml");
  CHECK_THROWS_AS(read_options(given, options), settings_error);
  given.read_text("queue_max = 1\npayload_bytes_max = '128MiB'", "gate.toml");
  CHECK_THROWS_AS(read_options(given, options), settings_error);
  CHECK(options.queue_max == broker_options().queue_max);
}

TEST_CASE("a file that is not there is an error that names it", "[config]") {
  given_settings given;
  CHECK_THROWS_WITH(given.read_file("/nowhere/gate.toml"),
                    "/nowhere/gate.toml: cannot be read: No such file or directory");
}

TEST_CASE("every key's default, as it is printed, can be read back", "[config]") {
  const broker_options defaults;
  for (const key<broker_options>& k : broker_keys().keys) {
    const std::string line = std::string(k.name) + " = " + toml_text(k, k.where.get(defaults).value());
    CAPTURE(line);
    CHECK(k.where.get(read(line)) == k.where.get(defaults));
    CHECK_FALSE(k.doc.empty());
    CHECK_FALSE(k.doc.ends_with('.'));
  }
}

TEST_CASE("the example file changes nothing, with its comments and without them", "[config]") {
  const std::string example = example_config();
  const broker_options defaults, commented = read(example), uncommented = read(test::without_comment_marks(example));
  for (const key<broker_options>& k : broker_keys().keys) {
    CAPTURE(k.name);
    CHECK(k.where.get(commented) == k.where.get(defaults));
    CHECK(k.where.get(uncommented) == k.where.get(defaults));
    CHECK(example.find("\n#" + std::string(k.name) + " = ") != std::string::npos);
  }
}

TEST_CASE("each way to log in that the table names is one that the security knows", "[config]") {
  const key<broker_options>* const auth = broker_keys().find("auth");
  REQUIRE(auth != nullptr);
  for (const std::string_view way : auth->extras.choices) CHECK(security::parse_auth(way).has_value());
}

TEST_CASE("only the level of the log is taken from the file by SIGHUP", "[config]") {
  for (const key<broker_options>& k : broker_keys().keys) CHECK(k.extras.reloadable == (k.name == "log_level"));
}

TEST_CASE("flags and variables of the broker are read from the same table", "[config]") {
  given_settings given;
  given.read_text("queue_max = 1\npeers_max = 1\nname = 'file'", "gate.toml");
  given.variables = {{"GATE_QUEUE_MAX", "2"},
                     {"GATE_PEERS_MAX", "2"},
                     {"GATE_BROKER_CREDENTIALS", "a.toml"},
                     {"GATE_CREDENTIALS", "of a peer"},
                     {"GATE_FRONTEND", "tcp://127.0.0.1:1,ipc:///tmp/a"}};
  given.flags = {{"queue_max", "3"}};
  broker_options options;
  const found_settings found = read_options(given, options);
  CHECK(options.queue_max == 3);
  CHECK(options.peers_max == 2);
  CHECK(options.name == "file");
  CHECK(options.credentials == "a.toml");
  CHECK(options.frontend == std::vector<std::string>{"tcp://127.0.0.1:1", "ipc:///tmp/a"});
}

TEST_CASE("limits that contradict each other are refused with both values and the line of the later one", "[config]") {
  CHECK(error_of("\npayload_bytes_max = '128MiB'") ==
        "gate.toml:2: 'frame_bytes_max' (64MiB, its default) must not be less than 'payload_bytes_max' (128MiB): the "
        "transport would refuse what the broker allows");
  CHECK(error_of("frame_bytes_max = '1MiB'\n\npayload_bytes_max = '2MiB'\nqueue_max = 1")
            .starts_with("gate.toml:3: 'frame_bytes_max' (1MiB) must not be less than 'payload_bytes_max' (2MiB)"));
  CHECK(error_of("payload_bytes_max = '2MiB'\n\nframe_bytes_max = '1MiB'").starts_with("gate.toml:3: "));
  CHECK(error_of("transport_heartbeat_timeout = '20ms'") ==
        "gate.toml:1: 'transport_heartbeat_timeout' (20ms) must not be shorter than 'transport_heartbeat_interval' "
        "(1s, its default)");
  CHECK(error_of("login_pause = '10s'\nlogin_pause_max = '5s'") ==
        "gate.toml:2: 'login_pause_max' (5s) must not be shorter than 'login_pause' (10s)");
  CHECK(error_of("payload_bytes_max = '1MiB'\nframe_bytes_max = '1MiB'") == "accepted");
}
