#include "broker/settings/config.hpp"

#include <fstream>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>

using namespace gate;
using namespace gate::broker;
using namespace std::chrono_literals;

namespace {

broker_options read(std::string_view text) {
  broker_options options;
  read_config(text, "gate.toml", options);
  return options;
}

std::string error_of(std::string_view text) {
  try {
    read(text);
  } catch (const config_error& e) {
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
  CHECK(error_of("zzz = 1") == "gate.toml:1: unknown key 'zzz'");
  CHECK(error_of("[broker]\nqueue_max = 1") ==
        "gate.toml:1: unknown table [broker]: the broker's keys stand at the top of the file, without a table");
  CHECK(error_of("broker = 1") == "gate.toml:1: unknown key 'broker'");
}

TEST_CASE("one file may hold the settings of workers too", "[config]") {
  CHECK(read("queue_max = 5\n[worker]\ncapacity = 3\n").queue_max == 5);
  CHECK(error_of("worker = 1") == "gate.toml:1: unknown key 'worker'");
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
  CHECK_THROWS_AS(read_config("queue_max = 1\nnonsense = 2", "gate.toml", options), config_error);
  CHECK(options.queue_max == broker_options().queue_max);
}

TEST_CASE("a file that is not there is an error that names it", "[config]") {
  broker_options options;
  CHECK_THROWS_WITH(read_config_file("/nowhere/gate.toml", options),
                    "/nowhere/gate.toml: cannot be read: No such file or directory");
}

TEST_CASE("every key's default, as it is printed, can be read back", "[config]") {
  const broker_options defaults;
  for (const config_key& key : config_keys()) {
    const std::string line = std::string(key.name) + " = " + to_text(key, defaults);
    CAPTURE(line);
    const broker_options again = read(line);
    CHECK(to_text(key, again) == to_text(key, defaults));
  }
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

TEST_CASE("the page about limits lists exactly the keys that there are, with their defaults", "[config]") {
  std::ifstream file(GATE_TEST_DOCS "/limits.md");
  REQUIRE(file);
  std::set<std::string> listed, wanted;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    const std::size_t first = line.find('|', 1), second = line.find('|', first + 1);
    listed.insert(line.substr(0, line.find('|', second + 1)));
  }
  const broker_options defaults;
  for (const config_key& key : config_keys()) {
    wanted.insert("| `" + std::string(key.name) + "` | " + std::string(unit_of(key)) + " | `" + to_text(key, defaults) +
                  "` ");
  }
  CHECK(listed == wanted);
}
