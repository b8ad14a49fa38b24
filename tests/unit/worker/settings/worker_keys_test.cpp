#include "worker/settings/worker_keys.hpp"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "tests/support/comment_marks.hpp"

namespace {

using namespace std::chrono_literals;
using namespace gate;
using worker::settings;
using worker::worker_keys;

settings read(std::string_view file) {
  given_settings given;
  given.read_text(file, "gate.toml");
  settings s;
  worker::read_worker_settings(given, s);
  return s;
}

std::string fault_of(std::string_view file) {
  try {
    read(file);
  } catch (const settings_error& e) {
    return e.what();
  }
  return "none";
}

// With one flag.
settings with_flag(std::string name, std::string text) {
  given_settings given;
  given.flags = {{std::move(name), std::move(text)}};
  settings s;
  worker::read_worker_settings(given, s);
  return s;
}

}  // namespace

TEST_CASE("every setting can be written as it is shown", "[worker]") {
  const settings defaults;
  for (const key<settings>& k : worker_keys().keys) {
    CAPTURE(k.name);
    const setting_value value = k.where.get(defaults).value();
    CHECK(k.where.get(read("[worker]\n" + std::string(k.name) + " = " + toml_text(k, value))) == value);
    CHECK(k.where.get(with_flag(std::string(k.name), plain_text(k, value))) == value);
    CHECK_FALSE(k.doc.empty());
    CHECK_FALSE(k.doc.ends_with('.'));
    CHECK(flag_of(k).find('_') == std::string::npos);
  }
}

TEST_CASE("the example of a worker's settings changes nothing, with its comments and without them", "[worker]") {
  const std::string example = worker::example_config();
  const settings defaults, commented = read(example), uncommented = read(test::without_comment_marks(example));
  for (const key<settings>& k : worker_keys().keys) {
    CAPTURE(k.name);
    CHECK(k.where.get(commented) == k.where.get(defaults));
    CHECK(k.where.get(uncommented) == k.where.get(defaults));
    CHECK(example.find("\n#" + std::string(k.name) + " = ") != std::string::npos);
  }
}

TEST_CASE("the table names each dialect of a broker and each compression", "[worker]") {
  for (const std::string_view name : worker_keys().find("dialect")->extras.choices) {
    CHECK(broker_dialect_of(name).has_value());
  }
  for (const std::string_view name : worker_keys().find("gaterpc_compression")->extras.choices) {
    CHECK(gaterpc_codec_of(name).has_value());
  }
}

TEST_CASE("the table worker of a file is read and others are left alone", "[worker]") {
  const settings s = read(
      "[broker]\nfrontend = 1\n[worker]\nbroker = \"tcp://h:1\"\ncapacity = 7\nstrict = true\ndrain_timeout = "
      "\"1.5s\"\n"
      "connect_timeout = 250\nlog_level = \"warn\"\n");
  CHECK(s.broker == "tcp://h:1");
  CHECK(s.capacity == 7);
  CHECK(s.strict);
  CHECK(s.drain_timeout == 1500ms);
  CHECK(s.connect_timeout == 250ms);
  CHECK(s.log_level == "warn");
}

TEST_CASE("a fault in the file is told with its line", "[worker]") {
  CHECK(fault_of("[worker]\ncapacity = 5\nfoo = 1\n") ==
        "gate.toml:3: unknown key 'foo' in [worker] (the keys of gate-broker belong at the top of the file)");
  CHECK(fault_of("[worker]\ncapasity = 5\n") ==
        "gate.toml:2: unknown key 'capasity' in [worker] (did you mean 'capacity'?)");
  CHECK(fault_of("[worker]\ncredentials = \"a\\u0000b\"\n") ==
        "gate.toml:2: 'credentials' must not contain a NUL character");
  CHECK(fault_of("[worker]\nstrict = 1\n") == "gate.toml:2: 'strict' must be true or false");
  CHECK(fault_of("[worker]\ncapacity = 0\n") == "gate.toml:2: 'capacity' must be from 1 to 65535");
  CHECK(fault_of("[worker]\ncapacity = -1\n") == "gate.toml:2: 'capacity' must be a whole number from 1 to 65535");
  CHECK(fault_of("[worker]\n\nthreads = \"many\"\n") == "gate.toml:3: 'threads' must be a whole number from 0 to 4096");
  CHECK(fault_of("[worker]\ndrain_timeout = \"5 parsecs\"\n") ==
        "gate.toml:2: 'drain_timeout' must be a duration such as \"5s\" or \"200ms\", or a whole number of "
        "milliseconds, from 0ms to 24h");
  CHECK(fault_of("[worker]\nlog_level = \"loud\"\n") ==
        "gate.toml:2: 'log_level' must be trace, debug, info, warn, error or off");
  CHECK(fault_of("worker = 3\n") == "gate.toml:1: [worker] must be a table");
  CHECK(fault_of("[worker\n").starts_with("gate.toml:1: "));
}

TEST_CASE("a key of very many parts is refused with its line", "[worker]") {
  std::string deep = "[worker]\na";
  for (int i = 0; i < 50'000; ++i) deep += ".a";
  CHECK(fault_of(deep + " = 1").starts_with("gate.toml:2: is nested deeper than 64 "));
}

TEST_CASE("a file that is faulty changes no setting of the worker", "[worker]") {
  given_settings given;
  given.read_text("[worker]\ncapacity = 5\nfoo = 1\n", "gate.toml");
  settings s;
  CHECK_THROWS_AS(worker::read_worker_settings(given, s), settings_error);
  CHECK(s.capacity == limits::worker_capacity);
}

TEST_CASE("flags and variables of a worker are read with their units", "[worker]") {
  const auto drain = [](std::string text) { return with_flag("drain_timeout", std::move(text)).drain_timeout; };
  CHECK(drain("0ms") == 0ms);
  CHECK(drain("1500") == 1500ms);
  CHECK(drain("2min") == 120s);
  CHECK(drain("1h") == 1h);
  CHECK_THROWS_WITH(drain("1d"),
                    "--drain-timeout must be a duration such as \"5s\" or \"200ms\", or a whole number of "
                    "milliseconds, from 0ms to 24h");
  CHECK_THROWS_AS(drain("-1s"), settings_error);
  CHECK_THROWS_WITH(drain("25h"), "--drain-timeout must be from 0ms to 24h");
  CHECK_THROWS_AS(drain(""), settings_error);
  CHECK(with_flag("out_queue_bytes_max", "8MiB").out_queue_bytes_max == 8u << 20);
  CHECK(with_flag("huge_threshold", "5000").huge_threshold == 5000);
  CHECK(with_flag("strict", "true").strict);
  CHECK_THROWS_AS(with_flag("huge_threshold", "8 parsecs"), settings_error);
  CHECK_THROWS_WITH(with_flag("capacity", "8KiB"), "--capacity must be a whole number from 1 to 65535");
  CHECK_THROWS_AS(with_flag("broker", ""), settings_error);
}

TEST_CASE("a file without the table worker is a mistake", "[worker]") {
  CHECK(fault_of("capacity = 5\n") == "gate.toml:1: there is no table [worker] in this file");
  CHECK(fault_of("") == "none");
}

TEST_CASE("the dialect is one of two", "[worker]") {
  CHECK(read("[worker]\ndialect = \"gate-rpc\"\n").dialect == broker_dialect::gate_rpc);
  CHECK(fault_of("[worker]\ndialect = \"mdp\"\n") == "gate.toml:2: 'dialect' must be gate/2 or gate-rpc");
  CHECK(fault_of("[worker]\nbroker = \"tcp://h\"\n").starts_with("gate.toml:2: 'tcp://h' is no address of a broker: "));
}

TEST_CASE("credentials are named by their file, and have no other key", "[worker]") {
  CHECK(read("[worker]\ncredentials = \"me.toml\"\n").credentials_file == "me.toml");
  for (const key<settings>& k : worker_keys().keys) {
    CHECK(k.name.find("password") == std::string_view::npos);
    CHECK(k.name.find("user") == std::string_view::npos);
  }
}

TEST_CASE("a variable of the command gate does not rename a worker's service", "[worker]") {
  given_settings given;
  given.variables = {{"GATE_SERVICE", "calculator"}, {"GATE_WORKER_SERVICE", "search"}, {"GATE_CAPACITY", "7"}};
  settings s;
  worker::read_worker_settings(given, s);
  CHECK(s.service == "search");
  CHECK(s.capacity == 7);
}

TEST_CASE("durations that a program sets are brought within bounds", "[worker]") {
  worker_options o;
  o.drain_timeout = std::chrono::milliseconds::max();
  o.stuck_after = -1s;
  o.heartbeat_liveness = 0;
  o.service = "kept";
  const worker_options bounded = worker::within_bounds(o);
  CHECK(bounded.drain_timeout == std::chrono::hours(24 * 365 * 100));
  CHECK(bounded.stuck_after == 0s);
  CHECK(bounded.heartbeat_liveness == 1);
  CHECK(bounded.service == "kept");
}
