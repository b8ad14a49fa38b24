#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/run_worker.hpp>
#include <gate/worker.hpp>

#include "worker/src/worker_runtime.hpp"

namespace {

class LogSearch : public gate::Worker {};
class Named : public gate::Worker {
 public:
  std::string service_name() const override { return "other"; }
};
template <class T> class Cell : public gate::Worker {};
class Nameless : public gate::Worker {
 public:
  std::string service_name() const override { return {}; }
};
class Fails : public gate::Worker {
 public:
  Fails() { throw std::runtime_error("no such folder"); }
};
class Contradicts : public gate::Worker {
 public:
  GATE_INTERFACE(one)
  GATE_INTERFACE_AS("one", two, void())
  void one() {}
  void two() {}
};

template <class T> int exit_code_of(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "program");
  std::vector<char*> raw;
  for (std::string& a : arguments) raw.push_back(a.data());
  return gate::run_worker<T>(static_cast<int>(raw.size()), raw.data());
}

}  // namespace

TEST_CASE("a service is called like its class, in small letters", "[worker]") {
  CHECK(LogSearch().service_name() == "log_search");
  CHECK(Cell<int>().service_name() == "cell");
  CHECK(Named().service_name() == "other");
  CHECK(gate::worker::service_name_of("shop::Calculator") == "calculator");
  CHECK(gate::worker::service_name_of("(anonymous namespace)::HTTPServer") == "http_server");
  CHECK(gate::worker::service_name_of("Log2Search") == "log2_search");
  CHECK(gate::worker::service_name_of("log_search") == "log_search");
  CHECK(gate::worker::service_name_of("A") == "a");
}

TEST_CASE("a worker without a name serves the default service", "[worker]") {
  gate::worker_options options;
  CHECK(gate::worker::service_of(Nameless(), options) == "GateRPC");
  CHECK(gate::worker::service_of(LogSearch(), options) == "log_search");
  options.service = "mine";
  CHECK(gate::worker::service_of(Nameless(), options) == "mine");
}

TEST_CASE("a worker program with a bad flag, class or file exits with 2 before it connects", "[worker]") {
  CHECK(exit_code_of<LogSearch>({"--nonsense"}) == 2);
  CHECK(exit_code_of<LogSearch>({"--capacity", "none"}) == 2);
  CHECK(exit_code_of<LogSearch>({"--config", "/nowhere/gate.toml"}) == 2);
  CHECK(exit_code_of<LogSearch>({"an argument that it does not take"}) == 2);
  CHECK(exit_code_of<Fails>({}) == 2);
  CHECK(exit_code_of<Contradicts>({}) == 2);
}

TEST_CASE("help and version are no failures", "[worker]") {
  CHECK(exit_code_of<LogSearch>({"--help"}) == 0);
  CHECK(exit_code_of<LogSearch>({"--version"}) == 0);
}
