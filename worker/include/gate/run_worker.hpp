// A whole worker program in one line:
//
//   int main(int argc, char** argv) { return gate::run_worker<Calculator>(argc, argv); }
//
// The program has flags (--help lists them) and a configuration file. It logs to stderr. SIGTERM or SIGINT drains it.
//
// Exit codes:
//     0  ended after a signal; the broker answers the calls that were not done within drain_timeout
//     1  the broker refuses the worker, or the worker failed
//     2  a bad flag, configuration or class
//     3  too many methods are stuck, or one is stuck at the end: start the program again
//     5  the broker does not accept the credentials: give it others, starting it again does not help
//   130  ended by a second signal
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <vector>

#include <gate/unique_function.hpp>
#include <gate/worker.hpp>

namespace gate {

namespace worker {

// For run_worker().
struct program {
  bool takes_arguments = false;
  unique_function<std::unique_ptr<Worker>(std::vector<std::string>)> make;
};

int run_program(int argc, char** argv, program what);

}  // namespace worker

// Runs a T until SIGTERM or SIGINT has drained it, and returns the exit code. T's constructor takes nothing, or a
// std::vector<std::string>: the arguments that are not flags. Without that parameter such an argument is an error.
template <class T> int run_worker(int argc, char** argv) {
  constexpr bool is_worker = std::derived_from<T, Worker>;
  constexpr bool takes_arguments = std::constructible_from<T, std::vector<std::string>>;
  constexpr bool can_be_made = takes_arguments || std::default_initializable<T>;
  static_assert(is_worker, "run_worker<T>(): T is no worker: write `class T : public gate::Worker`");
  static_assert(!is_worker || can_be_made,
                "run_worker<T>(): a worker is constructed from nothing, or from a std::vector<std::string>");
  worker::program what;
  if constexpr (is_worker && can_be_made) {
    what.takes_arguments = takes_arguments;
    what.make = [](std::vector<std::string> arguments) -> std::unique_ptr<Worker> {
      if constexpr (takes_arguments) {
        return std::make_unique<T>(std::move(arguments));
      } else {
        static_cast<void>(arguments);
        return std::make_unique<T>();
      }
    };
  }
  return worker::run_program(argc, argv, std::move(what));
}

}  // namespace gate
