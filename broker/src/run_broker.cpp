// The program that runs a broker: flags, configuration, log, signals.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <iostream>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>
#include <zmq.hpp>

#include <gate/curve_key.hpp>
#include <gate/loop.hpp>
#include <gate/run_broker.hpp>
#include <gate/version.hpp>
#include <gate/write_line.hpp>

#include "broker/engine/address_check.hpp"
#include "broker/engine/endpoints.hpp"
#include "broker/gatekeeper/gatekeeper.hpp"
#include "broker/settings/broker_keys.hpp"
#include "broker/settings/service_keys.hpp"
#include "broker/src/broker_command_line.hpp"
#include "common/base/allocator.hpp"
#include "common/base/exception_text.hpp"
#include "common/base/out_of_memory.hpp"
#include "common/credentials/private_file.hpp"
#include "common/log/log.hpp"
#include "common/log/program_log.hpp"
#include "common/program/signals.hpp"
#include "common/settings/flags.hpp"

namespace gate::broker {
namespace {

enum exit_code : int { orderly = 0, failed = 1, bad_usage = 2, second_signal = 130 };

// What the program was started with. SIGHUP reads the file again, under the same flags and variables.
struct start {
  command_line line;
  broker_options options;
  found_settings found;
};

// Throws settings_error or bind_error, or what check_files throws.
void read_options_of(start& what) {
  what.found = read_options(what.line.given, what.options);
  static_cast<void>(plan_bindings(what.options));
  security::check_files(what.options);
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

// The configuration file can change the level of the log while the broker runs, unless a flag or a variable sets it.
void reread_config(const start& at_start, program_log& log) {
  const std::string& file = at_start.line.config;
  given_settings given = at_start.line.given;
  broker_options found;
  try {
    given.read_file(file);
    read_options(given, found);
  } catch (const settings_error& e) {
    log::error("SIGHUP: {}; the configuration in force stays", e.what());
    return;
  }
  log.set_level(found.log_level);
  std::vector<std::string_view> changed = changed_until_restart(broker_keys(), at_start.options, found);
  for (const std::string_view section : service_sections) {
    const toml_value* const before = at_start.line.given.content.find(section);
    const toml_value* const after = given.content.find(section);
    const bool same = before == nullptr || after == nullptr ? before == after : same_content(*before, *after);
    if (!same) changed.push_back(section);
  }
  log::info("SIGHUP: {} read again: log_level is in force, other keys count from the next start{}", file,
            changed_text(changed));
}

void reread(Broker& broker, const start& at_start, program_log& log, const own_key& key) {
  const bool files = reads_again(broker.options());
  if (files) log::info("SIGHUP: reading the credential store again, and opening the audit log again");
  if (files) broker.reload();
  if (!at_start.line.config.empty()) reread_config(at_start, log);
  key.compare();
  if (!files && at_start.line.config.empty()) {
    log::info("SIGHUP: there is nothing to read again: no credential store, no audit log, no configuration file");
  }
}

int serve(gate::loop& loop, Broker& broker, const start& at_start, program_log& log) {
  broker.bind(loop);
  const own_key key(broker.options().curve_key);
  bool leaving = false;
  gate::signal_watch signals(loop, {SIGINT, SIGTERM, SIGHUP}, [&](int signal) {
    if (signal == SIGHUP) return reread(broker, at_start, log, key);
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
  start at_start;
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
    command_line& line = at_start.line;
    line = read_command_line(argc, argv, what.takes_arguments);
    if (line.help || line.version || line.print_example) {
      std::cout << (line.help      ? help_of(name, what.takes_arguments)
                    : line.version ? version_of(name) + "\n"
                                   : example_config())
                << std::flush;
      return orderly;
    }
    read_options_of(at_start);
    broker_options options = at_start.options;
    if (line.print_config) std::cout << print_config(options, at_start.found) << std::flush;
    if (line.check_config) {
      for (const std::string& warning : misspelt_variables(broker_keys().infos(), line.given)) {
        write_line(STDERR_FILENO, name + ": " + warning);
      }
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
    for (const std::string& warning : misspelt_variables(broker_keys().infos(), line.given)) log::warn("{}", warning);
    made = what.make(std::move(options), std::move(line.arguments));
    made->check();
  } catch (const usage_error& e) {
    return fail(bad_usage, e.what() + std::string(" (see --help)"));
  } catch (const std::bad_alloc&) {
    return fail(failed, "out of memory");
  } catch (...) {
    return fail(bad_usage, describe_current_exception().text);
  }
  try {
    return serve(loop.emplace(), *made, at_start, *log);
  } catch (const bind_error& e) {
    return fail(bad_usage, e.what());
  } catch (...) {
    return fail(failed, failure_text());
  }
}

}  // namespace gate::broker
