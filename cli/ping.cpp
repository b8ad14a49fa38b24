#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <gate/cross_loop.hpp>

#include "cli/command.hpp"
#include "cli/reports.hpp"

namespace gate::cli {
namespace {

constexpr const char* footer = R"(
Examples:
  gate ping
  gate ping --count 100 -o json
  gate ping --broker tcp://10.0.0.5:5555 && echo up

--broker, --timeout and -o may stand anywhere; see gate --help, also for the exit codes.
)";

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

int show_ping(const settings& common, unsigned count) {
  const Client client = connect(common);
  const value about = ask(client, common, "info");
  std::vector<double> trips;
  for (unsigned i = 0; i < count; ++i) {
    trips.push_back(microseconds(start(client.where(), client.ping()).get()).count());
  }
  const json times = figures(std::move(trips));
  if (common.output == output_format::for_programs) {
    json all = json::object();
    all["broker"] = to_json(about);
    all["round_trip"] = times;
    print(all);
    return succeeded;
  }
  const auto broker = about.as<broker_line>();
  std::cout << fmt::format("{} is up: gate {} on {}, pid {}, since {}\n", common.broker, broker.version, broker.host,
                           broker.pid, show_duration(std::chrono::milliseconds(broker.uptime_ms)));
  std::cout << fmt::format("{} round trip{}: {:.0f} us at least, {:.0f} us in the median, {:.0f} us at most\n", count,
                           count == 1 ? "" : "s", times["least_us"].get<double>(), times["median_us"].get<double>(),
                           times["most_us"].get<double>());
  return succeeded;
}

}  // namespace

void add_ping(CLI::App& app, const settings& common, action& chosen) {
  CLI::App* const command = app.add_subcommand("ping", "Tells whether the broker is there, and how far away");
  const auto count = std::make_shared<unsigned>(5);
  command->add_option("-c,--count", *count, "How many round trips")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->footer(footer);
  command->callback([&common, &chosen, count] { chosen = [&common, count] { return show_ping(common, *count); }; });
}

}  // namespace gate::cli
