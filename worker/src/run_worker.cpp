#include <csignal>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <utility>
#include <vector>

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
#include "common/settings/flags.hpp"
#include "worker/settings/worker_keys.hpp"
#include "worker/src/worker_command_line.hpp"

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

// What the program was started with. SIGHUP reads the file again, under the same flags and variables.
struct start {
  command_line line;
  settings chosen;
  std::string credentials_file;  // empty: the credentials came from variables, which do not change, or there are none
};

// Throws settings_error and credentials_error.
void read_settings_of(start& what) {
  const found_settings found = read_worker_settings(what.line.given, what.chosen);
  what.credentials_file = file_of_credentials(what.chosen, found);
  what.chosen.credentials = read_credentials(what.chosen, found);
  forget_password_in_environment();
  if (what.line.print_config) std::cout << print_config(what.chosen, found) << std::flush;
}

// A thread that does not end cannot be joined, and its objects cannot be destroyed: the process exits without
// destructors.
[[noreturn]] void leave_stuck() {
  log::error("exiting, to be started again");
  gate::flush_program_log();
  ::_exit(too_many_stuck);
}

// Only the log level can change while the worker runs, unless a flag or a variable sets it.
void reread_settings(const start& at_start, program_log& log) {
  const std::string& file = at_start.line.config;
  given_settings given = at_start.line.given;
  settings found;
  try {
    given.read_file(file);
    read_worker_settings(given, found);
  } catch (const settings_error& e) {
    log::error("SIGHUP: {}; the settings in force stay", e.what());
    return;
  }
  log.set_level(found.log_level);
  log::info("SIGHUP: {} read again: log_level is in force, other settings count from the next start{}", file,
            changed_text(changed_until_restart(worker_keys(), at_start.chosen, found)));
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

void reread(const start& at_start, Worker& what, program_log& log) {
  const std::string& file = at_start.line.config;
  if (!file.empty()) reread_settings(at_start, log);
  if (!at_start.credentials_file.empty()) reread_credentials(at_start.credentials_file, what);
  if (file.empty() && at_start.credentials_file.empty()) {
    log::info("SIGHUP: there is nothing to read again: no --config, and no file of credentials");
  }
}

int serve_until_drained(Worker& what, const start& at_start, program_log& log) {
  worker_options options = at_start.chosen;
  if (at_start.line.print_ready) options.on_registered = [] { write_line(STDOUT_FILENO, "READY"); };
  options.on_stuck = leave_stuck;

  gate::loop here;
  bool leaving = false;
  const auto on_signal = [&](int signal) {
    if (signal == SIGHUP) return reread(at_start, what, log);
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
  start at_start;
  command_line& line = at_start.line;
  std::unique_ptr<Worker> made;
  try {
    line = read_command_line(argc, argv, what.takes_arguments);
    if (line.help || line.version || line.print_example) {
      std::cout << (line.help      ? help_of(name, what.takes_arguments)
                    : line.version ? version_of(name) + "\n"
                                   : example_config())
                << std::flush;
      return orderly;
    }
    read_settings_of(at_start);
    if (line.print_config) return orderly;
    gate::keep_signals({SIGINT, SIGTERM, SIGHUP});
    made = what.make(std::move(line.arguments));
    made->check();
    const std::vector<std::string> warnings = misspelt_variables(worker_keys().infos(), line.given);
    for (const std::string& warning : warnings) write_line(STDERR_FILENO, name + ": " + warning);
    if (line.check_config) return orderly;
  } catch (const usage_error& e) {
    return fail(bad_usage, name + ": " + e.what() + " (see --help)");
  } catch (const std::bad_alloc&) {
    return fail(failed, name + ": out of memory");
  } catch (...) {
    return fail(bad_usage, name + ": " + describe_current_exception().text);
  }
  try {
    gate::program_log log(name, at_start.chosen.log_level);
    return serve_until_drained(*made, at_start, log);
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
