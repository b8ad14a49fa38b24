// The program that runs a broker: flags, configuration, log, signals.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <iostream>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <sys/resource.h>
#include <unistd.h>
#include <zmq.hpp>

#include <gate/loop.hpp>
#include <gate/run_broker.hpp>
#include <gate/version.hpp>

#include "broker/engine/address_check.hpp"
#include "broker/engine/endpoints.hpp"
#include "broker/gatekeeper/gatekeeper.hpp"
#include "broker/settings/config.hpp"
#include "common/base/allocator.hpp"
#include "common/base/exception_text.hpp"
#include "common/base/out_of_memory.hpp"
#include "common/base/output.hpp"
#include "common/credentials/curve_key.hpp"
#include "common/credentials/private_file.hpp"
#include "common/log/log.hpp"
#include "common/log/program_log.hpp"
#include "common/program/signals.hpp"

namespace gate::broker {
namespace {

enum exit_code : int { orderly = 0, failed = 1, bad_usage = 2, second_signal = 130 };

constexpr const char* footer = R"(
Examples:
  PROGRAM
      clients at tcp://127.0.0.1:5555, workers at tcp://127.0.0.1:5556
  PROGRAM --frontend 'tcp://127.0.0.1:*' --backend 'tcp://127.0.0.1:*'
      ports chosen by the system, told by the line `listening` on stdout
  PROGRAM --frontend ipc:///run/gate/clients --backend ipc:///run/gate/workers
  PROGRAM --frontend tcp://0.0.0.0:5555 --backend tcp://0.0.0.0:5556 \
      --auth curve --credentials users.toml --curve-key broker.key
      for other machines; gate keygen writes the files, docs/security.md says how
  PROGRAM --config gate.toml --check-config

Once ready, one line is written to stdout, and to the log on stderr:
  listening frontend=tcp://127.0.0.1:40123 backend=tcp://127.0.0.1:40124
Several addresses of a role are separated by commas.

SIGTERM or SIGINT drains: peers are told, calls in flight have drain_timeout to end. A second one exits at once.
SIGHUP reads the credential store again and opens the audit log again, where the configuration names one, and takes
log_level from the file of --config; other keys count from the next start, and so does a new key of the broker's own.

Exit codes: 0 left after a signal; calls that outlived drain_timeout were abandoned, and their callers told; 1 failed
while running; 2 bad flag, bad configuration, or an address that cannot be bound; 130 second signal.
)";

struct command_line {
  std::vector<std::string> frontend, backend;
  std::vector<std::string> arguments;
  std::string config, log_level, auth, credentials, curve_key;
  bool insecure = false, check_config = false, print_config = false;
};

std::string footer_for(const std::string& program) {
  std::string text = footer;
  for (std::size_t at = text.find("PROGRAM"); at != std::string::npos; at = text.find("PROGRAM", at + program.size())) {
    text.replace(at, 7, program);
  }
  return text;
}

// gate-broker prints its own version. Another program prints that of the library, since its own is not known here.
std::string version_of(const std::string& program) {
  const std::string number(gate::version);
  return program == "gate-broker" ? program + " " + number : program + " (gate " + number + ")";
}

void declare(CLI::App& app, bool takes_arguments, command_line& line) {
  app.footer(footer_for(app.get_name()));
  app.set_version_flag("--version", version_of(app.get_name()));
  if (takes_arguments) app.add_option("arguments", line.arguments, "What this broker works with");
  app.add_option("--frontend", line.frontend, "Address for clients; may be repeated")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  app.add_option("--backend", line.backend, "Address for workers; may be repeated")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  app.add_option("--config", line.config, "Configuration file (TOML); flags override it")->type_name("FILE");
  app.add_option("--auth", line.auth, "How peers prove who they are, where an address does not say it by ?auth=")
      ->check(CLI::IsMember({"none", "plain", "curve", "in-message"}));
  app.add_option("--credentials", line.credentials, "Credential store: who may come in, and what they may do")
      ->type_name("FILE");
  app.add_option("--curve-key", line.curve_key, "The broker's own key file, which gate keygen writes")
      ->type_name("FILE");
  app.add_option("--log-level", line.log_level, "How much to log")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}));
  app.add_flag("--insecure", line.insecure, "Admit anybody on addresses that other machines can reach");
  app.add_flag("--check-config", line.check_config,
               "Check flags, configuration, files and addresses, bind nothing, and exit");
  app.add_flag("--print-config", line.print_config, "Print every key with its value in force, and exit");
}

// Throws config_error or bind_error, or what check_files throws.
broker_options to_options(const command_line& line) {
  broker_options options;
  if (!line.config.empty()) read_config_file(line.config, options);
  if (!line.frontend.empty()) options.frontend = line.frontend;
  if (!line.backend.empty()) options.backend = line.backend;
  if (!line.log_level.empty()) options.log_level = line.log_level;
  if (!line.auth.empty()) options.auth = line.auth;
  if (!line.credentials.empty()) options.credentials = line.credentials;
  if (!line.curve_key.empty()) options.curve_key = line.curve_key;
  if (line.insecure) options.insecure = true;
  static_cast<void>(plan_bindings(options));
  security::check_files(options);
  return options;
}

void print_config(const broker_options& options) {
  for (const config_key& key : config_keys()) {
    std::cout << "# " << key.doc << "\n" << key.name << " = " << to_text(key, options) << "\n";
  }
}

// Each peer takes a descriptor, so the usual soft limit of 1024 would soon be reached.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

// Forbids core dumps. Passwords pass through the memory of the transport, which does not wipe it. A limit of one byte
// also stops dumps that the system passes to a program, which a limit of 0 does not. prlimit can raise the limit from
// outside.
void leave_no_core_dump() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_CORE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(1, limit.rlim_max);
  static_cast<void>(::setrlimit(RLIMIT_CORE, &limit));
}

std::string join(const std::vector<std::string>& endpoints) {
  std::string all;
  for (const std::string& endpoint : endpoints) all += (all.empty() ? "" : ",") + endpoint;
  return all;
}

void announce(const Broker& broker) {
  const std::string line =
      "listening frontend=" + join(broker.endpoints().frontend) + " backend=" + join(broker.endpoints().backend);
  log::info("{}", line);
  write_line(STDOUT_FILENO, line);
}

// The transport keeps the key of a listener while it listens. So a new key counts from the next start. A log line says
// so after SIGHUP.
class own_key {
 public:
  explicit own_key(const std::string& file) : file_(file) {
    if (!file_.empty()) public_key_ = read_curve_file(file_).public_key;
  }
  void compare() const {
    if (file_.empty()) return;
    try {
      if (read_curve_file(file_).public_key == public_key_) return;
      log::warn("SIGHUP: the key in {} has changed; this broker keeps its old key until it is started again", file_);
    } catch (const private_file_error& e) {
      log::error("SIGHUP: {}; this broker keeps its key, but would not start with that file", e.what());
    }
  }

 private:
  const std::string file_;
  curve_key public_key_{};
};

bool reads_again(const broker_options& options) {
  return !options.credentials.empty() || !options.zap_service.empty() || !options.audit_log.empty();
}

// The configuration file can change the level of the log while the broker runs, unless a flag sets it.
void reread_config(const command_line& line, program_log& log) {
  broker_options found;
  try {
    read_config_file(line.config, found);
  } catch (const config_error& e) {
    log::error("SIGHUP: {}; the configuration in force stays", e.what());
    return;
  }
  if (line.log_level.empty()) log.set_level(found.log_level);
  log::info("SIGHUP: {} read again: log_level is in force, other keys count from the next start", line.config);
}

void reread(Broker& broker, const command_line& line, program_log& log, const own_key& key) {
  const bool files = reads_again(broker.options());
  if (files) log::info("SIGHUP: reading the credential store again, and opening the audit log again");
  if (files) broker.reload();
  if (!line.config.empty()) reread_config(line, log);
  key.compare();
  if (!files && line.config.empty()) {
    log::info("SIGHUP: there is nothing to read again: no credential store, no audit log, no configuration file");
  }
}

int serve(gate::loop& loop, Broker& broker, const command_line& line, program_log& log) {
  broker.bind(loop);
  const own_key key(broker.options().curve_key);
  bool leaving = false;
  gate::signal_watch signals(loop, {SIGINT, SIGTERM, SIGHUP}, [&](int signal) {
    if (signal == SIGHUP) return reread(broker, line, log, key);
    if (std::exchange(leaving, true)) ::_exit(second_signal);
    log::info("draining: calls in flight have {} ms to end; a second signal exits at once",
              broker.options().drain_timeout.count());
    broker.drain();
  });
  announce(broker);
  loop.run(broker.run());
  log::info("drained");
  return orderly;
}

// The text of the exception that is being handled.
std::string failure_text() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return "out of memory";
  } catch (const zmq::error_t& e) {
    return e.num() == ENOMEM ? "out of memory" : e.what();
  } catch (...) {
    return describe_current_exception().text;
  }
}

std::string base_name(const char* path) {
  const std::string text = path == nullptr ? "gate-broker" : path;
  return text.substr(text.rfind('/') + 1);
}

}  // namespace

int run_program(int argc, char** argv, program what) {
  keep_freed_memory();
  const std::string name = base_name(argc > 0 ? argv[0] : nullptr);
  exit_when_memory_runs_out(name.c_str());
  CLI::App app(name + ": takes calls from clients to workers and their answers back", name);
  command_line line;
  std::optional<gate::program_log> log;
  std::optional<gate::loop> loop;  // outlives the broker, whatever is thrown
  std::unique_ptr<Broker> made;
  const auto fail = [&](int code, const std::string& text) {
    made.reset();  // it may still write log lines
    log.reset();   // its lines come before the message below
    write_line(STDERR_FILENO, name + ": " + text);
    return code;
  };
  try {
    declare(app, what.takes_arguments, line);
    app.parse(argc, argv);
    broker_options options = to_options(line);
    if (line.print_config) print_config(options);
    if (line.check_config) {
      for (const std::string& taken : check_addresses(options)) {
        write_line(STDERR_FILENO, name + ": " + taken + " is in use at the moment; a start would fail");
      }
      what.make(std::move(options), std::move(line.arguments))->check();
    }
    if (line.check_config || line.print_config) return orderly;
    gate::keep_signals({SIGINT, SIGTERM, SIGHUP});
    raise_descriptor_limit();
    if (!options.credentials.empty() || !options.zap_service.empty()) leave_no_core_dump();
    log.emplace(name, options.log_level);
    made = what.make(std::move(options), std::move(line.arguments));
    made->check();
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    return fail(bad_usage, e.what() + std::string(" (see --help)"));
  } catch (const std::bad_alloc&) {
    return fail(failed, "out of memory");
  } catch (...) {
    return fail(bad_usage, describe_current_exception().text);
  }
  try {
    return serve(loop.emplace(), *made, line, *log);
  } catch (const bind_error& e) {
    return fail(bad_usage, e.what());
  } catch (...) {
    return fail(failed, failure_text());
  }
}

}  // namespace gate::broker
