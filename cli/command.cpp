#include "cli/command.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

#include <gate/cross_loop.hpp>
#include <gate/version.hpp>

#include "cli/credentials.hpp"
#include "cli/terminal.hpp"

namespace gate::cli {
namespace {

using std::chrono::milliseconds;

constexpr char mark = '\x1f';

struct unit {
  std::string_view name;
  double milliseconds;
};
constexpr std::array<unit, 6> units{{{"ms", 1}, {"s", 1e3}, {"min", 60e3}, {"m", 60e3}, {"h", 3600e3}, {"", 1e3}}};

constexpr const char* footer = R"(
Examples:
  gate services                                   what there is
  gate describe calculator                        its methods, their parameters and results
  gate call calculator.add 2 3
  gate call calculator.divide dividend=1 divisor=3
  gate call log_search.find GPL --stream          one line an item, as they come
  gate --broker tcp://10.0.0.5:5555 workers -o json
  gate --dialect gate-rpc call Gate.get_services  of a Python gate-rpc broker
  gate --user alice --broker tcp://10.0.0.5:5555 services   asks for the password
  gate --credentials ~/.config/gate/me.toml call calculator.add 2 3
  gate passwd users.toml alice                    who may log in; see also gate keygen --help

Who you are to a broker that asks stands in the file of --credentials: user and password, or key (a file that gate
keygen made) and server_key (the broker's public key), with mode 0600.

Environment: GATE_BROKER is the broker's address where --broker is not given, GATE_DIALECT what it speaks, and
GATE_GATERPC_COMPRESSION how its peers compress HugeData where that is gate-rpc.
GATE_CREDENTIALS is a file as above; GATE_USER and GATE_PASSWORD, or GATE_KEY and GATE_SERVER_KEY, are what would stand
in it. NO_COLOR turns colours off.

Exit codes: 0 done; 1 the call failed (stderr says how); 2 bad usage; 3 no broker there; 4 timed out; 5 the broker does
not admit these credentials.
)";

int complain(int code, const std::string& text) {
  std::cout.flush();
  std::cerr << red("gate:", colours_on(STDERR_FILENO)) << " " << printable(text) << std::endl;
  return code;
}

std::string hint_for(const Error& error, std::string_view service) {
  const std::string name(service);
  switch (error.code()) {
    case errc::no_method:
    case errc::invalid_argument:
      return name.empty() ? "" : "try: gate describe " + name;
    case errc::unavailable:
      return error.where() == origin::local ? "is a gate-broker running there?" : "try: gate services";
    case errc::timed_out:
      return "more time: --timeout 30s";
    case errc::busy:
      return "a limit was reached; try again later, or see: gate services";
    case errc::unauthenticated:
      return "who you are: --credentials FILE or --user NAME, see gate --help";
    case errc::worker_lost:
      return "it may or may not have run; more workers: gate workers";
    default:
      return "";
  }
}

int perform(const action& chosen) {
  try {
    const int code = chosen();
    std::cout.flush();
    // A full disk or a closed pipe: what was asked for did not arrive.
    return std::cout ? code : complain(call_failed, "cannot write to standard output");
  } catch (const Error& e) {
    return fail(e, "");
  } catch (const broker_unreachable& e) {
    return complain(no_broker, e.what());
  } catch (const usage_error& e) {
    return complain(bad_usage, e.what());
  } catch (const credentials_error& e) {
    return complain(bad_usage, e.what());
  } catch (const std::exception& e) {
    return complain(call_failed, e.what());
  }
}

}  // namespace

void add_common_options(CLI::App& app, settings& common, std::string& timeout) {
  app.add_option("--broker", common.broker, "Address of the broker's frontend")
      ->envname("GATE_BROKER")
      ->type_name("ADDRESS")
      ->capture_default_str();
  const auto set_dialect = [&common](const std::string& name) { common.dialect = *broker_dialect_of(name); };
  app.add_option_function<std::string>("--dialect", set_dialect, "What the broker speaks: gate/2 or gate-rpc")
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
  auto* const file = app.add_option("--credentials", common.login.file, "File that says who you are to the broker");
  file->type_name("FILE");
  app.add_option("--user", common.login.user, "Who you are to the broker; the password is asked for")
      ->type_name("NAME")
      ->excludes(file);
  app.add_option("-o,--output", common.output, "text, for people, or json, for programs")
      ->type_name("FORMAT")
      ->default_str("text")
      ->transform(CLI::CheckedTransformer(std::map<std::string, output_format>{{"text", output_format::for_people},
                                                                               {"json", output_format::for_programs}}));
  app.add_option("--timeout", timeout, "How long to wait: 250ms, 5s, 2min")->type_name("TIME")->default_str("5s");
}

client_options options_of(const settings& common) {
  client_options options(common.broker);
  options.name = "gate command";
  options.dialect = common.dialect;
  options.gaterpc_compression = common.gaterpc_compression;
  options.credentials = credentials_of(common.login);
  options.connect_timeout = std::min(common.timeout, milliseconds(3'000));
  return options;
}

Client connect(const settings& common) {
  const client_options options = options_of(common);
  try {
    Client client(options);
    start(client.where(), client.ready()).get();
    return client;
  } catch (const Error& e) {
    if (e.code() != errc::unavailable) throw;
    throw broker_unreachable(std::string(e.what()) + " (another address: --broker, or GATE_BROKER)");
  } catch (const std::exception& e) {
    throw broker_unreachable(std::string(e.what()) + " (another address: --broker, or GATE_BROKER)");
  }
}

milliseconds parse_duration(const std::string& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  for (const unit& u : units) {
    if (error != std::errc() || name != u.name) continue;
    const double total = std::ceil(number * u.milliseconds);
    if (!(total >= 1 && total <= 86'400e3 * 365)) break;
    return milliseconds(static_cast<std::int64_t>(total));
  }
  throw usage_error("'" + text + "' is no time: write 250ms, 5s, 2min or 1h");
}

std::string show_duration(milliseconds time) {
  const std::int64_t ms = time.count();
  if (ms < 1'000) return std::to_string(ms) + " ms";
  const std::int64_t s = ms / 1'000;
  if (s < 60) return std::to_string(s) + " s";
  if (s < 3'600) return std::to_string(s / 60) + " min " + std::to_string(s % 60) + " s";
  if (s < 86'400) return std::to_string(s / 3'600) + " h " + std::to_string(s / 60 % 60) + " min";
  return std::to_string(s / 86'400) + " d " + std::to_string(s / 3'600 % 24) + " h";
}

std::string explain(const Error& error, std::string_view service) {
  std::string text(to_string(error.code()));
  text += ": ";
  if (!error.remote_type().empty()) text += error.remote_type() + ": ";
  std::string what = error.what();
  const std::string hint = hint_for(error, service);
  // What an API's user should do stands after the semicolon; here it is said as a command.
  const bool hint_says_it = error.where() != origin::local && hint.starts_with("try:");
  if (hint_says_it) what = what.substr(0, what.find("; "));
  text += what;
  if (!hint.empty()) text += " (" + hint + ")";
  return text;
}

std::string marked(const std::string& argument) {
  return argument.starts_with('[') || argument.starts_with(mark) ? mark + argument : argument;
}

std::string unmarked(const std::string& argument) { return argument.starts_with(mark) ? argument.substr(1) : argument; }

int fail(const Error& error, std::string_view service) {
  const int code = error.code() == errc::timed_out         ? out_of_time
                   : error.code() == errc::unauthenticated ? not_admitted
                                                           : call_failed;
  return complain(code, explain(error, service));
}

void print(const json& j, bool pretty) { std::cout << to_text(j, pretty) << '\n'; }

int run(int argc, char** argv) {
  CLI::App app("gate: talks to the services behind a gate-broker", "gate");
  settings common;
  std::string timeout;
  action chosen;
  app.footer(footer);
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
    std::vector<std::string> arguments;
    for (int i = argc - 1; i > 0; --i) arguments.push_back(marked(argv[i]));  // CLI11 wants the last one first
    app.parse(arguments);
    if (!timeout.empty()) {
      common.timeout = parse_duration(timeout);
      common.timeout_given = true;
    }
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    if (app.get_subcommands().empty() && !app.remaining().empty()) {
      return complain(bad_usage, "there is no subcommand '" + app.remaining().front() + "' (see gate --help)");
    }
    return complain(bad_usage, std::string(e.what()) + " (see gate --help)");
  } catch (const usage_error& e) {
    return complain(bad_usage, e.what());
  }
  return perform(chosen);
}

}  // namespace gate::cli
