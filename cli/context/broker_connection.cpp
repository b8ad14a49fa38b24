#include "cli/context/broker_connection.hpp"

#include <algorithm>
#include <chrono>
#include <exception>

#include <gate/cross_loop.hpp>

namespace gate::cli {

using std::chrono::milliseconds;

client_options options_of(const settings& common) {
  client_options options(common.broker);
  options.name = "gate command";
  options.service = common.service;
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
    if (e.code() == errc::invalid_argument) throw usage_error(std::string(e.what()) + " (--broker, or GATE_BROKER)");
    if (e.code() != errc::unavailable) throw;
    throw broker_unreachable(e.what());
  } catch (const std::exception& e) {
    throw broker_unreachable(e.what());
  }
}

}  // namespace gate::cli
