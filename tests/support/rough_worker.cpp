// A worker that is rough with its process: it throws exceptions of every kind from every place, and starts programs.
//
//   gate-test-rough-worker [flags of a worker] [start | stop | registered]: where it throws, apart from its methods
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gate/async_generator.hpp>
#include <gate/generator.hpp>
#include <gate/run_worker.hpp>
#include <gate/sleep.hpp>
#include <gate/task.hpp>
#include <gate/worker.hpp>

namespace {

using namespace std::chrono_literals;

struct null_text final : std::exception {
  const char* what() const noexcept override { return nullptr; }
};

struct odd_text final : std::exception {
  const char* what() const noexcept override { return "\xff\xfe\n\x1b[2J"; }
};

struct no_exception {
  std::string text = "held";
};

struct throwing_end {
  throwing_end() = default;
  throwing_end(const throwing_end&) = default;
  throwing_end& operator=(const throwing_end&) = default;
  ~throwing_end() noexcept(false) {
    if (std::uncaught_exceptions() == 0) throw std::runtime_error("thrown by a destructor");
  }
};

// An argument whose destructor throws.
struct rough_argument {
  int n = 0;
  std::shared_ptr<bool> armed = std::make_shared<bool>(false);
  rough_argument() = default;
  rough_argument(rough_argument&& other) noexcept : n(other.n), armed(std::move(other.armed)) {}
  rough_argument& operator=(rough_argument&&) = delete;
  ~rough_argument() noexcept(false) {
    if (armed && *armed) throw std::runtime_error("thrown by an argument's destructor");
  }
  template <class Packer> void msgpack_pack(Packer& to) const { to.pack(n); }
  void msgpack_unpack(const msgpack::object& from) {
    n = from.as<int>();
    *armed = n == 1;
    if (n == 2) throw 2;
    if (n == 3) throw null_text();
  }
};

struct rough_result {
  template <class Packer> void msgpack_pack(Packer&) const { throw 'x'; }
  void msgpack_unpack(const msgpack::object&) {}
};

[[noreturn]] void throw_some(const std::string& kind) {
  if (kind == "null") throw null_text();
  if (kind == "bytes") throw odd_text();
  if (kind == "int") throw 42;
  if (kind == "pointer") throw "a literal";
  if (kind == "struct") throw no_exception();
  if (kind == "destructor") throw throwing_end();
  if (kind == "memory") throw std::bad_alloc();
  if (kind == "long") throw std::runtime_error(std::string(1'000'000, 'x'));
  if (kind == "status") throw gate::Error(static_cast<gate::errc>(200), "no such status");
  if (kind == "nested") {
    try {
      throw null_text();
    } catch (...) {
      std::throw_with_nested(std::runtime_error("outer"));
    }
  }
  throw std::runtime_error("plain");
}

std::string read_all(std::FILE* from) {
  std::string text;
  std::array<char, 4096> piece{};
  while (const std::size_t got = std::fread(piece.data(), 1, piece.size(), from)) text.append(piece.data(), got);
  return text;
}

std::string place;

class RoughWorker : public gate::Worker {
 public:
  std::string service_name() const override { return "rough"; }
  GATE_INTERFACE(pid, plain, later, items, later_items, argument, later_argument, argument_items, result, end_thread)
  GATE_INTERFACE(piped, spawned, later_piped)
  GATE_INTERFACE_ON(gate::run_on::loop, here)

  int pid() const { return ::getpid(); }
  int plain(std::string kind) { throw_some(kind); }
  int here(std::string kind) { throw_some(kind); }
  gate::task<int> later(std::string kind) {
    co_await gate::sleep_for(1ms);
    throw_some(kind);
  }
  gate::generator<int> items(std::string kind) {
    co_yield 1;
    throw_some(kind);
  }
  gate::async_generator<int> later_items(std::string kind) {
    co_yield 1;
    throw_some(kind);
  }
  int argument(const rough_argument& given) { return given.n; }
  gate::task<int> later_argument(rough_argument given) {
    co_await gate::sleep_for(1ms);
    co_return given.n;
  }
  gate::generator<int> argument_items(const rough_argument& given) { co_yield given.n; }
  rough_result result() { return {}; }
  void end_thread() { ::pthread_exit(nullptr); }

  // Reports the state of signals in a program that this one starts.
  std::string piped() { return started_by_popen(); }
  gate::task<std::string> later_piped() {
    co_await gate::sleep_for(1ms);
    co_return started_by_popen();
  }
  std::string spawned() {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("pipe");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string words[] = {"grep", "Sig[BIC]", "/proc/self/status"};
    char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    pid_t child = 0;
    const int failed = ::posix_spawnp(&child, "grep", &actions, nullptr, arguments, environ);
    ::close(ends[1]);
    std::FILE* const from = ::fdopen(ends[0], "r");
    const std::string text = read_all(from);
    std::fclose(from);
    if (failed == 0) ::waitpid(child, nullptr, 0);
    return text;
  }

  gate::task<void> on_start() override {
    if (place == "start") throw_some("null");
    co_return;
  }
  gate::task<void> on_stop() override {
    if (place == "stop") throw_some("int");
    co_return;
  }

 private:
  static std::string started_by_popen() {
    std::FILE* const from = ::popen("grep 'Sig[BIC]' /proc/self/status", "r");
    const std::string text = read_all(from);
    ::pclose(from);
    return text;
  }
};

std::unique_ptr<gate::Worker> make(const std::vector<std::string>& arguments) {
  if (!arguments.empty()) place = arguments[0];
  if (place == "constructor") throw 42;
  return std::make_unique<RoughWorker>();
}

}  // namespace

int main(int argc, char** argv) {
  return gate::worker::run_program(argc, argv, {.takes_arguments = true, .make = make});
}
