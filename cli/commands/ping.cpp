#include <algorithm>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <gate/cross_loop.hpp>
#include <gate/error.hpp>

#include "cli/context/broker_connection.hpp"
#include "cli/context/duration.hpp"
#include "cli/context/json_text.hpp"
#include "cli/context/operator_commands.hpp"
#include "cli/terminal/terminal.hpp"

namespace gate::cli {
namespace {

using microseconds = std::chrono::duration<double, std::micro>;

struct round_trips {
  std::uint64_t count = 0;
  double least_us = 0, median_us = 0, most_us = 0;
  MSGPACK_DEFINE_MAP(count, least_us, median_us, most_us)
};

// What -o json shows; the same without the broker, which not everybody may ask.
struct ping_report {
  value broker;
  round_trips round_trip;
  MSGPACK_DEFINE_MAP(broker, round_trip)
};
struct ping_report_of_stranger {
  round_trips round_trip;
  MSGPACK_DEFINE_MAP(round_trip)
};

round_trips figures(std::vector<double> trips) {
  std::sort(trips.begin(), trips.end());
  return {trips.size(), trips.front(), trips[trips.size() / 2], trips.back()};
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
  const round_trips times = figures(std::move(trips));
  if (common.output == output_format::for_programs) {
    print(about ? value::of(ping_report{*about, times}) : value::of(ping_report_of_stranger{times}));
    return succeeded;
  }
  if (is_foreign(common)) {
    std::cout << common.broker << " is up: a broker that speaks gate-rpc\n";
  } else if (!about) {
    std::cout << common.broker << " is up: a gate-broker, which tells more to principals that may operate it\n";
  } else {
    const auto broker = about->as<broker_info>();
    std::cout << fmt::format("{} is up: gate {} on {}, pid {}, since {}\n", common.broker,
                             printable_line(broker.version), printable_line(broker.host), broker.pid,
                             show_duration(std::chrono::milliseconds(broker.uptime_ms)));
  }
  std::cout << fmt::format("{} round trip{}: {:.0f} us at least, {:.0f} us in the median, {:.0f} us at most\n", count,
                           count == 1 ? "" : "s", times.least_us, times.median_us, times.most_us);
  return succeeded;
}

}  // namespace gate::cli
