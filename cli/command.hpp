// What the subcommands of `gate` share: the options common to all, the exit codes, how errors are told.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include <gate/client.hpp>
#include <gate/error.hpp>

#include "cli/json.hpp"
#include "cli/login.hpp"

namespace gate::cli {

enum exit_code : int {
  succeeded = 0,
  call_failed = 1,
  bad_usage = 2,
  no_broker = 3,
  out_of_time = 4,
  not_admitted = 5
};

// Arguments that make no sense; becomes exit code 2.
class usage_error final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// No connection to the broker; becomes exit code 3.
class broker_unreachable final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class output_format { for_people, for_programs };

struct settings {
  std::string broker = "tcp://127.0.0.1:5555";
  broker_dialect dialect = broker_dialect::gate2;
  gaterpc_codec gaterpc_compression = gaterpc_codec::gzip;
  login_line login;
  output_format output = output_format::for_people;
  std::chrono::milliseconds timeout{5'000};
  bool timeout_given = false;
};

// The options that every subcommand has. `timeout` is the text of its option; the two and `app` outlive the parsing.
void add_common_options(CLI::App& app, settings& common, std::string& timeout);
// How a client of those reaches its broker. Throws what credentials_of() throws.
client_options options_of(const settings& common);

// What a subcommand does once the command line is read: gives the exit code, or throws Error or one of those above.
using action = std::function<int()>;

// Each adds itself to `app`, and sets `chosen` when it is the one. All three outlive the parsing and the action.
void add_call(CLI::App& app, const settings& common, action& chosen);
void add_services(CLI::App& app, const settings& common, action& chosen);
void add_describe(CLI::App& app, const settings& common, action& chosen);
void add_workers(CLI::App& app, const settings& common, action& chosen);
void add_ping(CLI::App& app, const settings& common, action& chosen);

// A client whose broker has answered. Throws broker_unreachable; Error when the broker will not have us; and what
// credentials_of() throws.
Client connect(const settings& common);

// What a method of the broker's own service `gate` answers.
template <class... A> value ask(const Client& client, const settings& common, std::string_view method, A&&... args) {
  if (common.dialect == broker_dialect::gate_rpc) {
    throw usage_error("a gate-rpc broker has no such answer; see: gate call Gate.get_services --dialect gate-rpc");
  }
  return client["gate"][method](std::forward<A>(args)...).within(common.timeout).template get<value>();
}

// "250ms", "5s", "2min", "1h", or a number of seconds. Throws usage_error.
std::chrono::milliseconds parse_duration(const std::string& text);
// "1.5 s", "3 min 20 s": two units at the most.
std::string show_duration(std::chrono::milliseconds time);

// CLI11 takes an argument such as `[1,2]` apart, unless it is marked by an octet before it.
std::string marked(const std::string& argument);
std::string unmarked(const std::string& argument);

// What went wrong, for people, with what to do next: "no_method: ... (try: gate describe calculator)". `service` is the
// one that was asked, if any.
std::string explain(const Error& error, std::string_view service);

// Says it on stderr; the exit code for it.
int fail(const Error& error, std::string_view service);

// Prints JSON and a newline.
void print(const json& j, bool pretty = true);

int run(int argc, char** argv);

}  // namespace gate::cli
