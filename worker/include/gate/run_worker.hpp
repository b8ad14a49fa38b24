// A worker process in one line:
//
//   int main(int argc, char** argv) { return gate::run_worker<Calculator>(argc, argv); }
//
// Flags (--help tells them), a configuration file, logging to stderr, signals, and orderly ends. Exit codes: 0 it left
// after a signal (calls that outlived the drain timeout were left to the broker, which answers for them); 1 the broker
// refuses the worker, or it failed; 2 a bad flag, configuration or class; 3 too many methods are stuck, or one is when
// it leaves: start it again; 5 the broker does not admit its credentials; 130 second signal.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <vector>

#include <gate/unique_function.hpp>
#include <gate/worker.hpp>

namespace gate {

namespace worker {

struct program {
  bool takes_arguments = false;
  unique_function<std::unique_ptr<Worker>(std::vector<std::string>)> make;
};

int run_program(int argc, char** argv, program what);

}  // namespace worker

// Runs a T until SIGTERM or SIGINT has drained it. The arguments that are not flags go to T's constructor if it takes a
// std::vector<std::string>; else there may be none.
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
