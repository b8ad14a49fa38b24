#include "cli/src/command_line.hpp"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <unistd.h>

#include <gate/client_options.hpp>

#include "cli/context/broker_connection.hpp"
#include "cli/context/descriptors.hpp"

namespace {

void clear_environment() {
  for (const char* const name : {"GATE_BROKER", "GATE_DIALECT", "GATE_GATERPC_COMPRESSION", "GATE_CREDENTIALS",
                                 "GATE_USER", "GATE_PASSWORD", "GATE_KEY", "GATE_SERVER_KEY", "GATE_SERVICE"}) {
    ::unsetenv(name);
  }
}

// The client options of that command line; nothing if it is wrong.
std::optional<gate::client_options> options_of(std::vector<std::string> arguments) {
  gate::cli::settings common;
  gate::cli::action chosen;
  arguments.insert(arguments.begin(), "services");
  if (gate::cli::read_command_line(arguments, common, chosen)) return std::nullopt;
  return gate::cli::options_of(common);
}

// Returns the bytes that `write` writes to that descriptor, with or without a stream.
template <class F> std::string written_to(int descriptor, F&& write) {
  std::cout.flush();
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  REQUIRE(file != nullptr);
  const gate::cli::owned_descriptor before(::dup(descriptor));
  REQUIRE(::dup2(::fileno(file.get()), descriptor) == descriptor);
  write();
  std::cout.flush();
  ::dup2(before.number(), descriptor);
  std::string text(static_cast<std::size_t>(::lseek(::fileno(file.get()), 0, SEEK_END)), '\0');
  REQUIRE(::pread(::fileno(file.get()), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  return text;
}

// The output format of that command line; nothing if it is wrong.
std::optional<gate::cli::output_format> output_of(std::vector<std::string> arguments, std::string* said = nullptr) {
  gate::cli::settings common;
  gate::cli::action chosen;
  arguments.insert(arguments.begin(), "services");
  std::optional<int> code;
  const std::string text =
      written_to(STDERR_FILENO, [&] { code = gate::cli::read_command_line(arguments, common, chosen); });
  if (said != nullptr) *said = text;
  if (code) return std::nullopt;
  return common.output;
}

struct outcome {
  int code = 0;
  std::string err;
  bool operator==(const outcome&) const = default;
};

outcome told_by(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "gate");
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  outcome result;
  result.err = written_to(STDERR_FILENO,
                          [&] { result.code = gate::cli::run(static_cast<int>(pointers.size()), pointers.data()); });
  return result;
}

}  // namespace

TEST_CASE("a gate-rpc broker's dialect and compression are said by flags, or by the environment", "[cli]") {
  clear_environment();
  CHECK(options_of({})->dialect == gate::broker_dialect::gate2);
  CHECK(options_of({})->gaterpc_compression == gate::gaterpc_codec::gzip);
  const auto flags = options_of({"--dialect", "gate-rpc", "--gaterpc-compression", "bz2"});
  CHECK(flags->dialect == gate::broker_dialect::gate_rpc);
  CHECK(flags->gaterpc_compression == gate::gaterpc_codec::bz2);
  CHECK(options_of({"--gaterpc-compression", "gzip"})->gaterpc_compression == gate::gaterpc_codec::gzip);

  ::setenv("GATE_DIALECT", "gate-rpc", 1);
  ::setenv("GATE_GATERPC_COMPRESSION", "lzma", 1);
  CHECK(options_of({})->dialect == gate::broker_dialect::gate_rpc);
  CHECK(options_of({})->gaterpc_compression == gate::gaterpc_codec::lzma);
  CHECK(options_of({"--gaterpc-compression", "bz2"})->gaterpc_compression == gate::gaterpc_codec::bz2);
  clear_environment();
}

TEST_CASE("a compression that gate-rpc does not have is refused on the command line", "[cli]") {
  clear_environment();
  for (const char* const wrong : {"zstd", "GZIP", "xz", "none", ""}) {
    CHECK_FALSE(options_of({"--gaterpc-compression", wrong}));
  }
  CHECK_FALSE(options_of({"--gaterpc-compression"}));
}

TEST_CASE("the form of the output is text or json, and nothing else", "[cli]") {
  clear_environment();
  CHECK(output_of({}) == gate::cli::output_format::for_people);
  CHECK(output_of({"-o", "text"}) == gate::cli::output_format::for_people);
  CHECK(output_of({"--output", "json"}) == gate::cli::output_format::for_programs);
  for (const char* const wrong : {"yaml", "1", "0", "JSON"}) {
    std::string said;
    CHECK_FALSE(output_of({"-o", wrong}, &said));
    CHECK(said == "gate: --output: " + std::string(wrong) + " not in {text,json} (see gate --help)\n");
  }
}

TEST_CASE("the service of a method that names none is an option, or in the environment", "[cli]") {
  clear_environment();
  CHECK(options_of({})->service == "GateRPC");
  CHECK(options_of({"--service", "calculator"})->service == "calculator");
  ::setenv("GATE_SERVICE", "billing", 1);
  CHECK(options_of({})->service == "billing");
  CHECK(options_of({"--service", "calculator"})->service == "calculator");
  clear_environment();
}

TEST_CASE("with -o json what goes wrong after the command line was read is told as JSON", "[cli]") {
  clear_environment();
  CHECK(told_by({"call", "calculator."}).err.starts_with("gate: 'calculator.' names no method"));
  CHECK(told_by({"-o", "json", "call", "calculator."}) ==
        outcome{2, R"({"error":{"status":"invalid_argument","retry":"never","origin":"local","message":)"
                   "\"'calculator.' names no method: write SERVICE.METHOD, such as calculator.add\"}}\n"});
  const outcome too_long = told_by({"-o", "json", "--timeout", "10000h", "services"});
  CHECK(too_long.code == 2);
  CHECK(too_long.err.starts_with(R"({"error":{"status":"invalid_argument","retry":"never","origin":"local",)"));
  const outcome no_file = told_by({"-o", "json", "--credentials", "/no/such/file", "services"});
  CHECK(no_file.code == 2);
  CHECK(no_file.err.starts_with(R"({"error":{"status":"invalid_argument","retry":"never","origin":"local",)"));
  const outcome nobody = told_by({"-o", "json", "--broker", "ipc:///no/such/broker", "--timeout", "50ms", "ping"});
  CHECK(nobody.code == 3);
  CHECK(nobody.err.starts_with(R"({"error":{"status":"unavailable","retry":"safe","origin":"local",)"));
}

TEST_CASE("gate help CALL is what gate call --help is", "[cli]") {
  clear_environment();
  const auto shown = [](std::vector<std::string> arguments) {
    gate::cli::settings common;
    gate::cli::action chosen;
    std::optional<int> code;
    const std::string text =
        written_to(STDOUT_FILENO, [&] { code = gate::cli::read_command_line(arguments, common, chosen); });
    return std::pair(code, text);
  };
  for (const char* const each : {"call", "services", "describe", "workers", "ping", "passwd", "keygen"}) {
    const auto help = shown({each, "--help"});
    CHECK(help.first == 0);
    CHECK(help.second.find("Examples:") != std::string::npos);
    const auto same = shown({"help", each});
    CHECK(same.first == help.first);
    const auto footer = [](const std::string& text) { return text.substr(text.find("Examples:")); };
    CHECK(footer(same.second) == footer(help.second));  // CLI11 writes "Excludes" in varying order
  }
  CHECK(shown({"help"}).first == 0);
  CHECK(shown({"help", "help"}).second.find("Exit codes:") != std::string::npos);
  CHECK(told_by({"help", "nothing"}).code == 2);
}

TEST_CASE("a subcommand that does not exist is told with the one that is meant", "[cli]") {
  clear_environment();
  CHECK(told_by({"wrokers"}) ==
        outcome{2, "gate: there is no subcommand 'wrokers' (did you mean 'workers'?) (see gate --help)\n"});
  CHECK(told_by({"help", "descrbe"}) ==
        outcome{2, "gate: there is no subcommand 'descrbe' (did you mean 'describe'?) (see gate --help)\n"});
  CHECK(told_by({"xyzxyz"}) == outcome{2, "gate: there is no subcommand 'xyzxyz' (see gate --help)\n"});
}

TEST_CASE("a call without a method, and --within, are told what to write", "[cli]") {
  clear_environment();
  CHECK(told_by({"call"}) ==
        outcome{2, "gate: write SERVICE.METHOD, such as: gate call calculator.add 2 3 (see gate call --help)\n"});
  const std::string time = ": the time that a call may take is --timeout, such as --timeout 5s (see gate ";
  CHECK(told_by({"services", "--within", "5s"}) ==
        outcome{2, "gate: there is no option '--within'" + time + "services --help)\n"});
  CHECK(told_by({"--within=5s", "services"}).err.starts_with("gate: there is no option '--within=5s'" + time));
}

TEST_CASE("a list among the arguments is one argument", "[cli]") {
  for (const char* const argument : {"[1,2]", "[]", "5", "", "\x1f[", "text"}) {
    CHECK(gate::cli::unmarked(gate::cli::marked(argument)) == argument);
  }
  CHECK_FALSE(gate::cli::marked("[1,2]").starts_with('['));
}
