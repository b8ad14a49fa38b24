#include "worker/settings/worker_config.hpp"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

namespace {

using namespace std::chrono_literals;
using gate::worker::config_error;
using gate::worker::config_key;
using gate::worker::settings;

const config_key& key(std::string_view name) {
  for (const config_key& k : gate::worker::config_keys()) {
    if (k.name == name) return k;
  }
  throw std::logic_error("no such key");
}

std::string fault_of(std::string_view file) {
  settings s;
  try {
    gate::worker::read_config(file, "gate.toml", s);
  } catch (const config_error& e) {
    return e.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("every setting can be written as it is shown", "[worker]") {
  for (const config_key& k : gate::worker::config_keys()) {
    settings s;
    const std::string shown = gate::worker::to_text(k, s);
    if (shown.empty()) continue;
    gate::worker::set(k, shown, s);
    CHECK(gate::worker::to_text(k, s) == shown);
    CHECK_FALSE(k.doc.empty());
    CHECK(gate::worker::flag_of(k).find('_') == std::string::npos);
  }
}

TEST_CASE("the table worker of a file is read and others are left alone", "[worker]") {
  settings s;
  gate::worker::read_config(
      "[broker]\nfrontend = 1\n[worker]\nbroker = \"tcp://h:1\"\ncapacity = 7\nstrict = true\ndrain_timeout = "
      "\"1.5s\"\n"
      "connect_timeout = 250\nlog_level = \"warn\"\n",
      "gate.toml", s);
  CHECK(s.options.broker == "tcp://h:1");
  CHECK(s.options.capacity == 7);
  CHECK(s.options.strict);
  CHECK(s.options.drain_timeout == 1500ms);
  CHECK(s.options.connect_timeout == 250ms);
  CHECK(s.log_level == "warn");
}

TEST_CASE("a fault in the file is told with its line", "[worker]") {
  CHECK(fault_of("[worker]\ncapacity = 5\nfoo = 1\n") == "gate.toml:3: unknown key 'foo' in [worker]");
  CHECK(fault_of("[worker]\ncapasity = 5\n") ==
        "gate.toml:2: unknown key 'capasity' in [worker] (did you mean 'capacity'?)");
  CHECK(fault_of("[worker]\ncredentials = \"a\\u0000b\"\n") ==
        "gate.toml:2: 'credentials' must be a text without a NUL character");
  CHECK(fault_of("[worker]\nstrict = 1\n") == "gate.toml:2: 'strict' must be true or false");
  CHECK(fault_of("[worker]\ncapacity = 0\n") == "gate.toml:2: 'capacity' must be from 1 to 65535");
  CHECK(fault_of("[worker]\ncapacity = -1\n") == "gate.toml:2: 'capacity' must be a whole number from 1 to 65535");
  CHECK(fault_of("[worker]\n\nthreads = \"many\"\n") == "gate.toml:3: 'threads' must be a whole number from 0 to 4096");
  CHECK(fault_of("[worker]\ndrain_timeout = \"5 parsecs\"\n") ==
        "gate.toml:2: 'drain_timeout' must be a duration such as \"5s\" or \"200ms\", from 0ms to 24h");
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

TEST_CASE("a file that is faulty changes nothing", "[worker]") {
  settings s;
  CHECK_THROWS_AS(gate::worker::read_config("[worker]\ncapacity = 5\nfoo = 1\n", "gate.toml", s), config_error);
  CHECK(s.options.capacity == gate::limits::worker_capacity);
  CHECK_THROWS_AS(gate::worker::read_config_file("/nowhere/gate.toml", s), config_error);
}

TEST_CASE("durations are read with their units", "[worker]") {
  const auto drain = [](std::string_view text) {
    settings s;
    gate::worker::set(key("drain_timeout"), text, s);
    return s.options.drain_timeout;
  };
  CHECK(drain("0ms") == 0ms);
  CHECK(drain("1500") == 1500ms);
  CHECK(drain("2min") == 120s);
  CHECK(drain("1h") == 1h);
  CHECK_THROWS_AS(drain("1d"), config_error);
  CHECK_THROWS_AS(drain("-1s"), config_error);
  CHECK_THROWS_AS(drain("25h"), config_error);
  CHECK_THROWS_AS(drain(""), config_error);
}

TEST_CASE("sizes are read with their units, and shown with them", "[worker]") {
  settings s;
  gate::worker::set(key("out_queue_bytes_max"), "8MiB", s);
  CHECK(s.options.out_queue_bytes_max == 8u << 20);
  CHECK(gate::worker::to_text(key("out_queue_bytes_max"), s) == "8MiB");
  gate::worker::set(key("huge_threshold"), "5000", s);
  CHECK(s.options.huge_threshold == 5000);
  CHECK_THROWS_AS(gate::worker::set(key("huge_threshold"), "8 parsecs", s), config_error);
  CHECK_THROWS_AS(gate::worker::set(key("capacity"), "8KiB", s), config_error);
}

TEST_CASE("a file without the table worker is a mistake", "[worker]") {
  CHECK(fault_of("capacity = 5\n") == "gate.toml:1: there is no table [worker] in this file");
  CHECK(fault_of("") == "none");
}

TEST_CASE("the dialect is one of two", "[worker]") {
  settings s;
  gate::worker::read_config("[worker]\ndialect = \"gate-rpc\"\n", "gate.toml", s);
  CHECK(s.options.dialect == gate::broker_dialect::gate_rpc);
  CHECK(fault_of("[worker]\ndialect = \"mdp\"\n") == "gate.toml:2: 'dialect' must be gate/2 or gate-rpc");
}

TEST_CASE("credentials are named by their file, and have no other key", "[worker]") {
  settings s;
  gate::worker::read_config("[worker]\ncredentials = \"me.toml\"\n", "gate.toml", s);
  CHECK(s.credentials_file == "me.toml");
  for (const config_key& k : gate::worker::config_keys()) {
    CHECK(k.name.find("password") == std::string_view::npos);
    CHECK(k.name.find("user") == std::string_view::npos);
  }
}
