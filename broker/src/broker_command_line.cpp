#include "broker/src/broker_command_line.hpp"

#include <algorithm>
#include <array>

#include <gate/version.hpp>

#include "broker/settings/broker_keys.hpp"
#include "broker/settings/service_keys.hpp"
#include "common/settings/flags.hpp"
#include "common/settings/settings_text.hpp"

namespace gate::broker {
namespace {

constexpr std::array flags{
    program_flag{"--config", "FILE", "Configuration file in TOML. Flags and variables override it"},
    program_flag{"--check-config", "",
                 "Check flags, variables, files and addresses, bind nothing, and exit with 0 if a start would succeed"},
    program_flag{"--print-config", "", "Print every key with its value in force, and exit"},
    program_flag{"--print-example-config", "",
                 "Print a configuration file with every key, its meaning and its default, and exit"},
    program_flag{"--version", "", "Print the version, and exit"},
    program_flag{"--help", "", "Print this text, and exit. -h is the same"},
};

constexpr const char* keys_heading =
    "Settings. Each one is a flag, as below; an environment variable, GATE_ and the name in capitals, such as "
    "GATE_QUEUE_MAX; and a key of the file, such as queue_max. A flag goes before a variable, a variable before the "
    "file. A variable separates the texts of a list by commas. TIME is 500ms, 30s, 5min or 1h; SIZE is 512KiB or "
    "64MiB. [service.NAME] and [service_defaults] in the file have the settings of services (docs/limits.md).";

constexpr const char* footer = R"(
Examples:
  PROGRAM
      listens for clients at tcp://127.0.0.1:5555, for workers at port 5556
  PROGRAM --frontend 'tcp://127.0.0.1:*' --backend 'tcp://127.0.0.1:*'
      the system chooses the ports; the line `listening` on stdout has them
  PROGRAM --frontend ipc:///run/gate/clients \
      --backend ipc:///run/gate/workers
  PROGRAM --frontend tcp://0.0.0.0:5555 --backend tcp://0.0.0.0:5556 \
      --auth curve --credentials users.toml --curve-key broker.key
      for other machines. gate keygen and gate passwd write the files; see
      docs/security.md
  GATE_LOG_LEVEL=debug PROGRAM --config gate.toml
  PROGRAM --config gate.toml --check-config

When the broker is ready, it writes one line to stdout and to the log on stderr:
  listening frontend=tcp://127.0.0.1:40123 backend=tcp://127.0.0.1:40124
If it has several addresses for clients or for workers, commas separate them.

Signals:
  SIGTERM, SIGINT   The broker tells its peers that it leaves, and accepts no
                    new calls. Calls in flight have drain_timeout to end. A
                    second signal ends the broker at once.
  SIGHUP            The broker reads the credential store again, opens the audit
                    log again, and takes log_level from the file of --config.
                    Other keys, and a new curve_key, need a restart.

Exit codes:
  0    left after a signal. Calls that were not done within drain_timeout ended
       with an error
  1    failed while running
  2    wrong flag, variable or configuration, or an address cannot be bound
  130  a second signal
)";

}  // namespace

command_line read_command_line(int argc, char** argv, bool takes_arguments) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const read_flags said = parse_flags(words, broker_keys().infos(), flags, takes_arguments);
  command_line line;
  line.help = said.has("--help");
  line.version = said.has("--version");
  line.check_config = said.has("--check-config");
  line.print_config = said.has("--print-config");
  line.print_example = said.has("--print-example-config");
  line.config = said.value_of("--config");
  line.arguments = said.arguments;
  if (line.help || line.version || line.print_example) return line;
  line.given.flags = said.keys;
  line.given.variables = gate_variables(broker_keys().infos());
  if (said.has("--config")) line.given.read_file(line.config);
  return line;
}

std::string help_of(const std::string& program, bool takes_arguments) {
  return help_text({.program = program,
                    .about = "gives the calls of clients to workers, and their answers back",
                    .arguments = takes_arguments ? "what this broker works with" : "",
                    .own = flags,
                    .keys_heading = keys_heading,
                    .keys = shown_keys(broker_keys()),
                    .footer = footer});
}

// gate-broker prints its own version. Another program prints that of the library, since its own is not known here.
std::string version_of(const std::string& program) {
  const std::string number(gate::version);
  return program == "gate-broker" ? program + " " + number : program + " (gate " + number + ")";
}

std::string print_config(const broker_options& options, const found_settings& found) {
  return config_text(shown_keys(broker_keys(), options), found) + services_text(options);
}

}  // namespace gate::broker
