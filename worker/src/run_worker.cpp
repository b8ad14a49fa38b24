#include <csignal>
#include <cstdlib>
#include <exception>
#include <new>
#include <utility>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include <gate/credentials.hpp>
#include <gate/error.hpp>
#include <gate/loop.hpp>
#include <gate/run_worker.hpp>
#include <gate/version.hpp>

#include "common/base/allocator.hpp"
#include "common/base/exception_text.hpp"
#include "common/base/out_of_memory.hpp"
#include "common/base/output.hpp"
#include "common/credentials/material.hpp"
#include "common/log/log.hpp"
#include "common/log/program_log.hpp"
#include "common/program/signals.hpp"
#include "worker/settings/worker_config.hpp"

namespace gate::worker {

namespace {

enum exit_code : int {
  orderly = 0,
  failed = 1,
  bad_usage = 2,
  too_many_stuck = 3,
  not_admitted = 5,
  second_signal = 130
};

constexpr const char* footer = R"(
Times are written as 500ms, 30s, 5min or 1h, sizes as 512KiB or 64MiB. The file of --config holds the same settings in a
table [worker], with _ in place of - in their names; flags override it.

Examples:
  PROGRAM
      registers at a broker on this machine, with the default ports
  PROGRAM --broker tcp://10.0.0.5:5556 --capacity 64 --threads 8
  PROGRAM --config gate.toml --log-level debug
  PROGRAM --broker tcp://10.0.0.5:5556 --credentials /etc/gate/worker-7.toml
  PROGRAM --dialect gate-rpc --broker ipc:///tmp/gate-rpc/w1
      works under a broker of the Python project gate-rpc

Who the worker is to a broker that asks stands in the file of --credentials: user and password, or key (a file that
`gate keygen` made) and server_key (the broker's public key), with mode 0600. Or in the environment: GATE_CREDENTIALS is
such a file; GATE_USER and GATE_PASSWORD, or GATE_KEY and GATE_SERVER_KEY, are what stands in it. A password is never an
argument, since everybody can see those.

SIGTERM or SIGINT drains: no new calls are taken, those in hand have the time of --drain-timeout to end. A second one
exits at once. SIGHUP reads the file of --config again: the level of the log counts at once, other settings from the
next start. It reads the file of --credentials again: they are used at the next connection to the broker.

Exit codes: 0 left after a signal; calls that outlived the drain timeout were left to the broker, which answers for
them; 1 refused by the broker, or failed; 2 bad flag or configuration; 3 too many methods are stuck, or one is when it
leaves, start it again; 5 the broker does not admit the worker's credentials, so starting it again does not help;
130 second signal.
)";

struct command_line {
  settings chosen;
  bool print_ready = false;
  bool check_config = false;
  std::string file;
  bool log_level_given = false;
  std::vector<std::string> arguments;
};

std::string footer_for(const std::string& program) {
  std::string text = footer;
  for (std::size_t at = text.find("PROGRAM"); at != std::string::npos; at = text.find("PROGRAM", at + program.size())) {
    text.replace(at, 7, program);
  }
  return text;
}

credentials read_credentials(const std::string& file) {
  credentials found = file.empty() ? credentials::from_environment() : credentials::from_file(file);
  forget_password_in_environment();
  return found;
}

// Throws CLI::ParseError (also for --help and --version), config_error and credentials_error.
void parse(CLI::App& app, int argc, char** argv, bool takes_arguments, command_line& line) {
  std::vector<std::pair<const config_key*, std::string>> given;
  given.reserve(config_keys().size());
  for (const config_key& key : config_keys()) {
    given.emplace_back(&key, std::string());
    auto* const option = app.add_option(flag_of(key), given.back().second, std::string(key.doc));
    option->type_name(key.is_text() ? "TEXT" : key.is_duration() ? "TIME" : key.is_size() ? "SIZE" : "N");
    option->default_str(to_text(key, line.chosen));
  }
  app.add_option("--config", line.file, "Configuration file (TOML)")->type_name("FILE");
  app.add_flag("--print-ready", line.print_ready, "Print a line READY on stdout at each registration");
  app.add_flag("--check-config", line.check_config, "Check flags, configuration, credentials and interface, and exit");
  app.set_version_flag("--version", app.get_name() + " (gate " + std::string(gate::version) + ")");
  if (takes_arguments) app.add_option("arguments", line.arguments, "What this worker works on");
  app.parse(argc, argv);

  if (!line.file.empty()) read_config_file(line.file, line.chosen);
  line.log_level_given = app.count("--log-level") != 0;
  for (const auto& [key, text] : given) {
    if (app.count(flag_of(*key)) == 0) continue;
    try {
      set(*key, text, line.chosen);
    } catch (const config_error& e) {
      throw config_error(flag_of(*key) + ": " + e.what());
    }
  }
  line.chosen.options.credentials = read_credentials(line.chosen.credentials_file);
}

// A thread that does not end cannot be joined, and its objects cannot be destroyed: the process exits without
// destructors.
[[noreturn]] void leave_stuck() {
  log::error("exiting, to be started again");
  gate::flush_program_log();
  ::_exit(too_many_stuck);
}

// Only the log level can change while the worker runs, and only if it comes from the file and no flag sets it.
void reread_settings(const command_line& line, program_log& log) {
  settings found;
  try {
    read_config_file(line.file, found);
  } catch (const config_error& e) {
    log::error("SIGHUP: {}; the settings in force stay", e.what());
    return;
  }
  if (!line.log_level_given) log.set_level(found.log_level);
  log::info("SIGHUP: {} read again: log_level is in force, other settings count from the next start", line.file);
}

// Returns the file that the credentials came from. Empty if they came from variables: variables do not change.
std::string file_of_credentials(const command_line& line) {
  if (!line.chosen.credentials_file.empty()) return line.chosen.credentials_file;
  const char* const file = std::getenv("GATE_CREDENTIALS");
  return file != nullptr ? file : std::string();
}

void reread_credentials(const std::string& file, Worker& what) {
  try {
    if (what.use_credentials(credentials::from_file(file))) {
      log::info("SIGHUP: {} read again: these credentials are used at the next connection", file);
    } else {
      log::info("SIGHUP: credentials count from the next start, since the broker's dialect is gate-rpc");
    }
  } catch (const credentials_error& e) {
    log::error("SIGHUP: {}; the credentials in force stay", e.what());
  }
}

void reread(const command_line& line, Worker& what, program_log& log) {
  const std::string credentials_file = file_of_credentials(line);
  if (!line.file.empty()) reread_settings(line, log);
  if (!credentials_file.empty()) reread_credentials(credentials_file, what);
  if (line.file.empty() && credentials_file.empty()) {
    log::info("SIGHUP: there is nothing to read again: no --config, and no file of credentials");
  }
}

int serve_until_drained(Worker& what, command_line line, program_log& log) {
  worker_options options = std::move(line.chosen.options);
  if (line.print_ready) options.on_registered = [] { write_line(STDOUT_FILENO, "READY"); };
  options.on_stuck = leave_stuck;

  gate::loop here;
  bool leaving = false;
  const auto on_signal = [&](int signal) {
    if (signal == SIGHUP) return reread(line, what, log);
    if (std::exchange(leaving, true)) ::_exit(second_signal);
    what.drain();
  };
  gate::signal_watch signals(here, {SIGINT, SIGTERM, SIGHUP}, on_signal);
  here.run(serve(here, what, std::move(options)));
  return orderly;
}

int fail(int code, const std::string& text) {
  write_line(STDERR_FILENO, text);
  return code;
}

std::string base_name(const char* path) {
  const std::string text = path == nullptr ? "worker" : path;
  return text.substr(text.rfind('/') + 1);
}

}  // namespace

int run_program(int argc, char** argv, program what) {
  keep_freed_memory();
  const std::string name = base_name(argc > 0 ? argv[0] : nullptr);
  exit_when_memory_runs_out(name.c_str());
  CLI::App app(name + ": a worker that serves calls which a gate-broker gives it", name);
  app.footer(footer_for(name));
  command_line line;
  std::unique_ptr<Worker> made;
  try {
    parse(app, argc, argv, what.takes_arguments, line);
    gate::keep_signals({SIGINT, SIGTERM, SIGHUP});
    made = what.make(std::move(line.arguments));
    made->check();
    if (line.check_config) return orderly;
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    return fail(bad_usage, name + ": " + e.what() + " (see --help)");
  } catch (const std::bad_alloc&) {
    return fail(failed, name + ": out of memory");
  } catch (...) {
    return fail(bad_usage, name + ": " + describe_current_exception().text);
  }
  try {
    gate::program_log log(name, line.chosen.log_level);
    return serve_until_drained(*made, std::move(line), log);
  } catch (const Error& e) {
    if (e.code() != errc::unauthenticated) return fail(failed, name + ": " + e.what());
    return fail(not_admitted, name + ": " + e.what() + " (credentials: --credentials FILE, see --help)");
  } catch (const std::bad_alloc&) {
    return fail(failed, name + ": out of memory");
  } catch (...) {
    return fail(failed, name + ": " + describe_current_exception().text);
  }
}

}  // namespace gate::worker
