// A whole broker program in one line:
//
//   int main(int argc, char** argv) { return gate::run_broker<MyBroker>(argc, argv); }
//
// gate-broker itself is run_broker<gate::Broker>. The program has flags (--help lists them) and a configuration file.
// It logs to stderr and prints the line `listening` on stdout. SIGTERM or SIGINT drains it.
//
// Exit codes:
//     0  ended after a signal; a call that was not done within drain_timeout ended with an error
//     1  failed while running
//     2  a bad flag, configuration or class, or an address that cannot be bound
//   130  ended by a second signal
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gate/broker.hpp>
#include <gate/unique_function.hpp>

namespace gate {

namespace broker {

// For run_broker().
struct program {
  bool takes_arguments = false;
  unique_function<std::unique_ptr<Broker>(broker_options, std::vector<std::string>)> make;
};

int run_program(int argc, char** argv, program what);

}  // namespace broker

// Runs a T until SIGTERM or SIGINT has drained it, and returns the exit code. T's constructor takes the broker_options.
// It may take a std::vector<std::string> after them: the arguments that are not flags. Without that parameter such an
// argument is an error. If the constructor throws, the program prints the exception and exits with 2.
template <std::derived_from<Broker> T = Broker> int run_broker(int argc, char** argv) {
  constexpr bool takes_arguments = std::constructible_from<T, broker_options, std::vector<std::string>>;
  static_assert(takes_arguments || std::constructible_from<T, broker_options>,
                "a broker is constructed from broker_options (`using Broker::Broker;`), or from broker_options and a "
                "std::vector<std::string>");
  broker::program what;
  what.takes_arguments = takes_arguments;
  what.make = [](broker_options options, std::vector<std::string> arguments) -> std::unique_ptr<Broker> {
    if constexpr (takes_arguments) {
      return std::make_unique<T>(std::move(options), std::move(arguments));
    } else {
      static_cast<void>(arguments);
      return std::make_unique<T>(std::move(options));
    }
  };
  return broker::run_program(argc, argv, std::move(what));
}

}  // namespace gate
