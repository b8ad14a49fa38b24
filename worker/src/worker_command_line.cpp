#include "worker/src/worker_command_line.hpp"

#include <algorithm>
#include <array>

#include <gate/version.hpp>

#include "common/credentials/material.hpp"
#include "common/settings/flags.hpp"
#include "common/settings/settings_text.hpp"

namespace gate::worker {
namespace {

constexpr std::array flags{
    program_flag{"--config", "FILE", "Configuration file in TOML. Flags and variables override it"},
    program_flag{"--check-config", "",
                 "Check flags, variables, file, credentials and interface, connect nowhere, and exit with 0 if a start "
                 "would get as far as connecting"},
    program_flag{"--print-config", "", "Print every key with its value in force, and exit"},
    program_flag{"--print-example-config", "",
                 "Print the section [worker] of a configuration file with every key, its meaning and its default, and "
                 "exit"},
    program_flag{"--print-ready", "", "Print a line READY on stdout at each registration"},
    program_flag{"--version", "", "Print the version of gate, and exit"},
    program_flag{"--help", "", "Print this text, and exit. -h is the same"},
};

constexpr const char* keys_heading =
    "Settings. Each one is a flag, as below; an environment variable, GATE_ and the name in capitals, such as "
    "GATE_DRAIN_TIMEOUT; and a key in [worker] of the file, such as drain_timeout. A flag goes before a variable, a "
    "variable before the file. TIME is 500ms, 30s, 5min or 1h; SIZE is 512KiB or 64MiB.";

constexpr const char* footer = R"(
Examples:
  PROGRAM
      registers at a broker on this machine, with the default ports
  PROGRAM --broker tcp://10.0.0.5:5556 --capacity 64 --threads 8
  PROGRAM --config gate.toml --log-level debug
  GATE_BROKER=tcp://10.0.0.5:5556 PROGRAM
  PROGRAM --broker tcp://10.0.0.5:5556 \
      --credentials /etc/gate/worker-7.toml
  PROGRAM --dialect gate-rpc --broker ipc:///tmp/gate-rpc/w1
      works under a broker of the Python project gate-rpc

Credentials: if the broker asks for a login, the worker needs user and password,
or key (a file that gate keygen wrote) and server_key (the broker's public key).
They are in the file of --credentials, which has the mode 0600. Or they are in
the environment: GATE_CREDENTIALS names such a file; GATE_USER and
GATE_PASSWORD, or GATE_KEY and GATE_SERVER_KEY, are the values themselves. A
password is never an argument, because everybody can see arguments.

Signals:
  SIGTERM, SIGINT   The worker takes no new calls. Calls in hand have the time
                    of --drain-timeout to end. A second signal ends it at once.
  SIGHUP            The worker takes log_level from the file of --config; other
                    keys need a restart. It reads the file of --credentials
                    again, and uses it at the next connection to the broker.

Exit codes:
  0    left after a signal. Calls that were not done within the drain timeout
       were left to the broker, which answers for them
  1    the broker refused the worker, or the worker failed
  2    wrong flag, variable or configuration
  3    too many methods are stuck, or one is stuck while the worker leaves:
       start it again
  5    the broker does not admit the worker's credentials. Starting it again
       does not help
  130  a second signal
)";

setting_source source_of_credentials(const found_settings& found) {
  const auto keys = worker_keys().keys;
  const auto at = std::find_if(keys.begin(), keys.end(), [](const auto& k) { return k.name == "credentials"; });
  const auto& value = found.at(static_cast<std::size_t>(at - keys.begin()));
  return value ? value->source : setting_source::by_default;
}

}  // namespace

command_line read_command_line(int argc, char** argv, bool takes_arguments) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const read_flags said = parse_flags(words, worker_keys().infos(), flags, takes_arguments);
  command_line line;
  line.help = said.has("--help");
  line.version = said.has("--version");
  line.check_config = said.has("--check-config");
  line.print_config = said.has("--print-config");
  line.print_example = said.has("--print-example-config");
  line.print_ready = said.has("--print-ready");
  line.config = said.value_of("--config");
  line.arguments = said.arguments;
  if (line.help || line.version || line.print_example) return line;
  line.given.flags = said.keys;
  line.given.variables = gate_variables(worker_keys().infos());
  if (said.has("--config")) line.given.read_file(line.config);
  return line;
}

std::string help_of(const std::string& program, bool takes_arguments) {
  return help_text({.program = program,
                    .about = "a worker that serves calls which a gate-broker gives it",
                    .arguments = takes_arguments ? "what this worker works on" : "",
                    .own = flags,
                    .keys_heading = keys_heading,
                    .keys = shown_keys(worker_keys()),
                    .footer = footer});
}

std::string version_of(const std::string& program) { return program + " (gate " + std::string(gate::version) + ")"; }

std::string print_config(const settings& chosen, const found_settings& found) {
  return "[worker]\n" + config_text(shown_keys(worker_keys(), chosen), found);
}

std::string file_of_credentials(const settings& chosen, const found_settings& found) {
  const setting_source source = source_of_credentials(found);
  if (source == setting_source::file && environment_has_credentials()) return {};
  return chosen.credentials_file;
}

credentials read_credentials(const settings& chosen, const found_settings& found) {
  const bool from_variables = source_of_credentials(found) == setting_source::variable;  // these exclude each other
  const std::string file = from_variables ? std::string() : file_of_credentials(chosen, found);
  return file.empty() ? credentials::from_environment() : credentials::from_file(file);
}

}  // namespace gate::worker
