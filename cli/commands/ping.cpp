#include <algorithm>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <gate/cross_loop.hpp>
#include <gate/error.hpp>

#include "cli/context/broker_connection.hpp"
#include "cli/context/duration.hpp"
#include "cli/context/json.hpp"
#include "cli/context/reports.hpp"
#include "cli/terminal/terminal.hpp"

namespace gate::cli {
namespace {

using microseconds = std::chrono::duration<double, std::micro>;

json figures(std::vector<double> trips) {
  std::sort(trips.begin(), trips.end());
  json j = json::object();
  j["count"] = trips.size();
  j["least_us"] = trips.front();
  j["median_us"] = trips[trips.size() / 2];
  j["most_us"] = trips.back();
  return j;
}

// Returns nothing if the broker does not tell: a gate-rpc broker cannot, and others tell it only to principals that may
// operate them. Everybody who can connect may ping.
std::optional<value> about_broker(const Client& client, const settings& common) {
  if (is_foreign(common)) return std::nullopt;
  try {
    return ask(client, common, "info");
  } catch (const Error& e) {
    if (e.code() != errc::permission_denied) throw;
    return std::nullopt;
  }
}

}  // namespace

int show_ping(const settings& common, unsigned count) {
  const Client client = connect(common);
  const std::optional<value> about = about_broker(client, common);
  std::vector<double> trips;
  for (unsigned i = 0; i < count; ++i) {
    trips.push_back(microseconds(start(client.where(), client.ping()).get()).count());
  }
  const json times = figures(std::move(trips));
  if (common.output == output_format::for_programs) {
    json all = json::object();
    if (about) all["broker"] = to_json(*about);
    all["round_trip"] = times;
    print(all);
    return succeeded;
  }
  if (is_foreign(common)) {
    std::cout << common.broker << " is up: a broker that speaks gate-rpc\n";
  } else if (!about) {
    std::cout << common.broker << " is up: a gate-broker, which tells more to principals that may operate it\n";
  } else {
    const auto broker = about->as<broker_line>();
    std::cout << fmt::format("{} is up: gate {} on {}, pid {}, since {}\n", common.broker,
                             printable_line(broker.version), printable_line(broker.host), broker.pid,
                             show_duration(std::chrono::milliseconds(broker.uptime_ms)));
  }
  std::cout << fmt::format("{} round trip{}: {:.0f} us at least, {:.0f} us in the median, {:.0f} us at most\n", count,
                           count == 1 ? "" : "s", times["least_us"].get<double>(), times["median_us"].get<double>(),
                           times["most_us"].get<double>());
  return succeeded;
}

}  // namespace gate::cli
