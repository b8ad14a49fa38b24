// Runs the programs of this project for tests.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gate/client.hpp>

#include "tests/support/process.hpp"

namespace gate::test {

using arguments = std::vector<std::string>;

#ifdef GATE_TEST_SANITIZED
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

// A file that is removed with this object.
class temporary_file {
 public:
  explicit temporary_file(std::string_view content);
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  ~temporary_file();
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

struct addresses {
  std::string frontend, backend;
};

// A running gate-broker, or another broker program. Without endpoints, it listens on ports that the system chooses.
class broker_program {
 public:
  explicit broker_program(arguments more = {});
  // With given endpoints: to take the place of another broker, or to listen elsewhere.
  explicit broker_program(const addresses& where, arguments more = {}, std::string program = "gate-broker");

  const std::string& frontend() const noexcept { return frontend_; }
  const std::string& backend() const noexcept { return backend_; }
  process& program() noexcept { return *process_; }
  const process& program() const noexcept { return *process_; }
  // Starts again on the same endpoints, after the former process has ended.
  void start_again();

 private:
  void start(const std::string& frontend, const std::string& backend);

  arguments more_;
  std::string name_ = "gate-broker";
  std::string frontend_, backend_;
  std::optional<process> process_;
};

// A running gate-test-worker, registered as `test` by default. It has enough threads for tests that block some.
class worker_program {
 public:
  explicit worker_program(const broker_program& broker, std::string service = "test", arguments more = {});
  // Starts the worker and does not wait for its registration.
  static std::vector<std::string> command_line(const std::string& backend, const std::string& service,
                                               const arguments& more = {});

  process& program() noexcept { return process_; }
  const process& program() const noexcept { return process_; }

 private:
  process process_;
};

// A broker, a worker and a client.
struct test_system {
  explicit test_system(arguments broker_more = {}, arguments worker_more = {})
      : broker(std::move(broker_more)), worker(broker, "test", std::move(worker_more)) {}

  broker_program broker;
  worker_program worker;
  Client client{broker.frontend()};
  Service test = client["test"];
};

// Returns the Error that f() throws. Throws did_not_happen if it throws none.
template <class F> Error error_of(F&& f) {
  try {
    std::forward<F>(f)();
  } catch (const Error& e) {
    return e;
  }
  throw did_not_happen("no error was thrown");
}

// The broker's statistics by group and name: stats["transport"]["unrecognised"].
std::map<std::string, std::map<std::string, std::uint64_t>> stats_of(const Client& client);
std::uint64_t count_of(const Client& client, const std::string& group, const std::string& name);
// Asks again and again until the counter is at least that value. False if that does not happen.
bool rises_to(const Client& client, const std::string& group, const std::string& name, std::uint64_t least);
// The same until the figure is at most that value.
bool falls_to(const Client& client, const std::string& group, const std::string& name, std::uint64_t most);

}  // namespace gate::test
