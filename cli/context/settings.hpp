// The options that every subcommand has.
#pragma once

#include <chrono>
#include <string>

#include <gate/client_options.hpp>
#include <gate/default_service.hpp>

#include "cli/context/own_credentials.hpp"

namespace gate::cli {

enum class output_format { for_people, for_programs };

struct settings {
  std::string broker = "tcp://127.0.0.1:5555";
  broker_dialect dialect = broker_dialect::gate2;
  gaterpc_codec gaterpc_compression = gaterpc_codec::gzip;
  std::string service{default_service};  // for a method without a service
  login_line login;
  output_format output = output_format::for_people;
  std::chrono::milliseconds timeout{5'000};
  bool timeout_given = false;
};

}  // namespace gate::cli
