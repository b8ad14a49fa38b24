#include "cli/command_line.hpp"

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/client_options.hpp>

#include "cli/connection.hpp"

namespace {

void clear_environment() {
  for (const char* const name : {"GATE_BROKER", "GATE_DIALECT", "GATE_GATERPC_COMPRESSION", "GATE_CREDENTIALS",
                                 "GATE_USER", "GATE_PASSWORD", "GATE_KEY", "GATE_SERVER_KEY"}) {
    ::unsetenv(name);
  }
}

// How a client of that command line reaches its broker; nothing if there is something wrong with it.
std::optional<gate::client_options> options_of(std::vector<std::string> arguments) {
  gate::cli::settings common;
  gate::cli::action chosen;
  arguments.insert(arguments.begin(), "services");
  if (gate::cli::read_command_line(arguments, common, chosen)) return std::nullopt;
  return gate::cli::options_of(common);
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

TEST_CASE("a list among the arguments is one argument", "[cli]") {
  for (const char* const argument : {"[1,2]", "[]", "5", "", "\x1f[", "text"}) {
    CHECK(gate::cli::unmarked(gate::cli::marked(argument)) == argument);
  }
  CHECK_FALSE(gate::cli::marked("[1,2]").starts_with('['));
}
