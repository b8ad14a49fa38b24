#include "cli/src/command_line.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <iostream>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include <gate/version.hpp>

#include "cli/commands/call.hpp"
#include "cli/commands/credentials.hpp"
#include "cli/context/descriptors.hpp"
#include "cli/context/duration.hpp"
#include "cli/context/outcome.hpp"
#include "cli/context/reports.hpp"
#include "cli/src/help.hpp"
#include "cli/terminal/prompt.hpp"
#include "common/settings/did_you_mean.hpp"

namespace gate::cli {
namespace {

constexpr char mark = '\x1f';

// `timeout` is the text of its option.
void add_common_options(CLI::App& app, settings& common, std::string& timeout) {
  app.add_option("--broker", common.broker, "Address of the broker's frontend")
      ->envname("GATE_BROKER")
      ->type_name("ADDRESS")
      ->capture_default_str();
  const auto set_dialect = [&common](const std::string& name) { common.dialect = *broker_dialect_of(name); };
  app.add_option_function<std::string>("--dialect", set_dialect, "The broker's protocol: gate/2 or gate-rpc")
      ->envname("GATE_DIALECT")
      ->type_name("DIALECT")
      ->default_str("gate/2")
      ->check(CLI::IsMember({"gate/2", "gate-rpc"}));
  const auto set_codec = [&common](const std::string& name) { common.gaterpc_compression = *gaterpc_codec_of(name); };
  app.add_option_function<std::string>("--gaterpc-compression", set_codec,
                                       "How the peers of a gate-rpc broker compress HugeData: gzip, bz2 or lzma")
      ->envname("GATE_GATERPC_COMPRESSION")
      ->type_name("COMPRESSION")
      ->default_str("gzip")
      ->check(CLI::IsMember({"gzip", "bz2", "lzma"}));
  app.add_option("--service", common.service, "The service to call or describe if none is named")
      ->envname("GATE_SERVICE")
      ->type_name("SERVICE")
      ->capture_default_str();
  auto* const file = app.add_option("--credentials", common.login.file, "File with your credentials for the broker");
  file->type_name("FILE");
  app.add_option("--user", common.login.user, "Your user name at the broker; asks for the password")
      ->type_name("NAME")
      ->excludes(file);
  const auto set_output = [&common](const std::string& name) {
    common.output = name == "json" ? output_format::for_programs : output_format::for_people;
  };
  app.add_option_function<std::string>("-o,--output", set_output, "text, for people, or json, for programs")
      ->type_name("text|json")
      ->default_str("text")
      ->check(CLI::IsMember({"text", "json"}).description(""));  // it would repeat the line above
  app.add_option("--timeout", timeout, "How long to wait: 250ms, 5s, 2min")->type_name("TIME")->default_str("5s");
}

// Each function adds a subcommand to `app`. The subcommand sets `chosen` if the user chose it. `common` must outlive
// it.
void add_call(CLI::App& app, const settings& common, action& chosen) {
  CLI::App* const command = app.add_subcommand("call", "Calls a method");
  const auto line = std::make_shared<call_line>();
  command->add_option("method", line->target, "The method to call")->required()->type_name("[SERVICE.]METHOD");
  command->add_option("arguments", line->arguments, "The arguments of the call; see below")->type_name("ARGUMENT");
  command->add_flag("--stream", line->stream, "Print each item of a stream as it comes");
  auto* const one_way = command->add_flag("--one-way", line->one_way, "Send the call, and do not wait for its outcome");
  one_way->excludes(command->get_option("--stream"));
  auto* const save = command->add_option(
      "--save", line->save,
      "Write the result to a file, or to stdout (-): bytes or text of any size, other values as JSON");
  save->type_name("FILE")->excludes("--stream")->excludes(one_way);
  command->add_flag("--idempotent", line->idempotent, "The call may run twice: send it again if its worker is lost");
  command->footer(help::call);
  command->callback([&common, &chosen, line] {
    for (std::string& argument : line->arguments) argument = unmarked(argument);
    chosen = [&common, line] { return perform_call(common, *line); };
  });
}

void add_services(CLI::App& app, const settings& common, action& chosen) {
  CLI::App* const command = app.add_subcommand("services", "Lists the services");
  command->footer(help::services);
  command->callback([&common, &chosen] { chosen = [&common] { return show_services(common); }; });
}

void add_describe(CLI::App& app, const settings& common, action& chosen) {
  CLI::App* const command = app.add_subcommand("describe", "Shows the methods of a service");
  const auto service = std::make_shared<std::string>();
  command->add_option("service", *service, "Its name")->type_name("SERVICE");
  command->footer(help::describe);
  command->callback([&common, &chosen, service] {
    chosen = [&common, service] { return show_description(common, service->empty() ? common.service : *service); };
  });
}

void add_workers(CLI::App& app, const settings& common, action& chosen) {
  CLI::App* const command = app.add_subcommand("workers", "Lists the workers that are connected");
  const auto service = std::make_shared<std::string>();
  command->add_option("service", *service, "Only those of this service")->type_name("SERVICE");
  command->footer(help::workers);
  command->callback(
      [&common, &chosen, service] { chosen = [&common, service] { return show_workers(common, *service); }; });
}

void add_ping(CLI::App& app, const settings& common, action& chosen) {
  CLI::App* const command = app.add_subcommand("ping", "Checks that the broker answers, and measures the time");
  const auto count = std::make_shared<unsigned>(5);
  command->add_option("-c,--count", *count, "How many round trips")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->footer(help::ping);
  command->callback([&common, &chosen, count] { chosen = [&common, count] { return show_ping(common, *count); }; });
}

void add_passwd(CLI::App& app, action& chosen) {
  CLI::App* const command = app.add_subcommand("passwd", "Sets a user's password in a broker's credential store");
  const auto line = std::make_shared<passwd_line>();
  command->add_option("store", line->store, "The store's file")->required()->type_name("FILE");
  command->add_option("user", line->user, "The user; added if the store does not have it")
      ->required()
      ->type_name("USER");
  command->add_flag("--stdin", line->from_input, "Read the password from the first line of standard input");
  command->add_flag("--keep", line->keep, "The old password stays valid too, until the next change");
  command->footer(help::passwd);
  command->callback([&chosen, line] {
    for (std::string* const text : {&line->store, &line->user}) *text = unmarked(*text);
    chosen = [line] { return perform_passwd(*line); };
  });
}

void add_keygen(CLI::App& app, const settings& common, action& chosen) {
  CLI::App* const command = app.add_subcommand("keygen", "Makes a pair of CURVE keys");
  const auto line = std::make_shared<keygen_line>();
  command->add_option("file", line->file, "The new key file")->required()->type_name("FILE");
  auto* const store =
      command->add_option("--store", line->store, "A credential store to which the public key is added");
  auto* const user = command->add_option("--user", line->user, "The user who gets the key there");
  store->type_name("FILE")->needs(user);
  user->type_name("USER")->needs(store);
  command->add_flag("--keep", line->keep, "The user's old key stays valid too, until the next change")->needs(store);
  command->footer(help::keygen);
  command->callback([&common, &chosen, line] {
    for (std::string* const text : {&line->file, &line->store, &line->user}) *text = unmarked(*text);
    chosen = [&common, line] { return perform_keygen(common, *line); };
  });
}

int perform(const action& chosen, output_format format) {
  const auto tell = [&](int code, errc status, const std::string& text, const char* hint = "") {
    return complain(code, Error(status, text), text + hint, format);
  };
  try {
    const int code = chosen();
    errno = 0;
    // The disk is full, or a pipe is closed: the result was not written.
    if (std::cout.flush()) return code;
    const std::string why = errno == 0 ? "" : std::string(": ") + std::strerror(errno);
    return tell(call_failed, errc::failed, "cannot write to standard output" + why);
  } catch (const Error& e) {
    return fail(e, "", format);
  } catch (const broker_unreachable& e) {
    const bool leaves = std::string_view(e.what()).find("draining") != std::string_view::npos;
    return tell(no_broker, errc::unavailable, e.what(),
                leaves ? " (it takes no new calls: try again once it has restarted)"
                       : " (another address: --broker, or GATE_BROKER)");
  } catch (const usage_error& e) {
    return tell(bad_usage, errc::invalid_argument, e.what());
  } catch (const prompt_error& e) {
    return tell(bad_usage, errc::invalid_argument, e.what());
  } catch (const credentials_error& e) {
    return tell(bad_usage, errc::invalid_argument, e.what());
  } catch (const std::bad_alloc&) {
    return tell(call_failed, errc::failed, "out of memory");
  } catch (const std::exception& e) {
    return tell(call_failed, errc::failed, e.what());
  }
}

std::string no_subcommand(const std::string& typed, const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* const command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  return "there is no subcommand '" + typed + "'" + did_you_mean(typed, views);
}

// The text for a command line that CLI11 refuses.
std::string text_of(const CLI::ParseError& e, const CLI::App& app) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  const std::string see = " (see gate " + (chosen.empty() ? "" : chosen.front()->get_name() + " ") + "--help)";
  const std::vector<std::string> left = app.remaining(true);
  if (!left.empty()) {
    const std::string first = unmarked(left.front());
    if (first == "--within" || first.starts_with("--within=")) {
      return "there is no option '" + first + "': the time that a call may take is --timeout, such as --timeout 5s" +
             see;
    }
    if (first.starts_with('-')) return "there is no option '" + first + "'" + see;
    if (chosen.empty()) return no_subcommand(first, app) + see;
    return "'" + first + "' is one argument too many" + see;
  }
  if (chosen.empty() && dynamic_cast<const CLI::RequiredError*>(&e) != nullptr) {
    return "write what to do: gate call, services, describe, workers, ping, passwd or keygen" + see;
  }
  if (e.get_name() == "RequiredError" && !chosen.empty() && chosen.front()->get_name() == "call") {
    return "write SERVICE.METHOD, such as: gate call calculator.add 2 3" + see;
  }
  return std::string(e.what()) + " (see gate --help)";
}

// Turns `gate help call` into `gate call --help`.
std::vector<std::string> without_help_word(std::vector<std::string> arguments) {
  if (arguments.empty() || arguments.front() != "help") return arguments;
  arguments.erase(arguments.begin());
  if (!arguments.empty() && arguments.front() == "help") arguments.erase(arguments.begin());
  arguments.emplace_back("--help");
  return arguments;
}

}  // namespace

std::string marked(const std::string& argument) {
  return argument.starts_with('[') || argument.starts_with(mark) ? mark + argument : argument;
}

std::string unmarked(const std::string& argument) { return argument.starts_with(mark) ? argument.substr(1) : argument; }

std::optional<int> read_command_line(const std::vector<std::string>& typed, settings& common, action& chosen) {
  const std::vector<std::string> arguments = without_help_word(typed);
  CLI::App app("gate: talks to the services behind a gate-broker", "gate");
  std::string timeout;
  app.footer(help::program);
  app.set_version_flag("--version", "gate " + std::string(version));
  app.require_subcommand(1);
  app.fallthrough();
  add_common_options(app, common, timeout);
  add_call(app, common, chosen);
  add_services(app, common, chosen);
  add_describe(app, common, chosen);
  add_workers(app, common, chosen);
  add_ping(app, common, chosen);
  add_passwd(app, chosen);
  add_keygen(app, common, chosen);
  try {
    std::vector<std::string> reversed;  // CLI11 wants the last one first
    std::transform(arguments.rbegin(), arguments.rend(), std::back_inserter(reversed), marked);
    app.parse(std::move(reversed));
    if (!timeout.empty()) {
      common.timeout = parse_duration(timeout);
      common.timeout_given = true;
    }
    return std::nullopt;
  } catch (const CLI::ParseError& e) {
    const bool help_of_nothing = typed.size() > 1 && typed[0] == "help" && typed[1] != "help" &&
                                 !typed[1].starts_with('-') && app.get_subcommands().empty();
    if (help_of_nothing) return complain(bad_usage, no_subcommand(typed[1], app) + " (see gate --help)");
    if (e.get_exit_code() == 0) return app.exit(e);
    return complain(bad_usage, text_of(e, app));
  } catch (const usage_error& e) {
    return complain(bad_usage, Error(errc::invalid_argument, e.what()), e.what(), common.output);
  }
}

int run(int argc, char** argv) {
  hold_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);  // instead, write() fails, and the error says that nobody reads
  settings common;
  action chosen;
  const std::vector<std::string> arguments(argv + 1, argv + std::max(argc, 1));
  if (const std::optional<int> code = read_command_line(arguments, common, chosen)) return *code;
  return perform(chosen, common.output);
}

}  // namespace gate::cli
