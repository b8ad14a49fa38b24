#include <iostream>
#include <string>
#include <vector>

#include <unistd.h>

#include "cli/context/broker_connection.hpp"
#include "cli/context/foreign.hpp"
#include "cli/context/json.hpp"
#include "cli/context/own_credentials.hpp"
#include "cli/context/reports.hpp"
#include "cli/terminal/terminal.hpp"

namespace gate::cli {
namespace {

int show_foreign(const settings& common, const std::vector<service_line>& all) {
  if (common.output == output_format::for_programs) {
    json shown = json::array();
    for (const service_line& s : all) shown.push_back({{"name", s.name}, {"description", s.description}});
    print(shown);
    return succeeded;
  }
  table services({{"SERVICE"}, {"DESCRIPTION"}});
  for (const service_line& s : all) services.add({s.name, in_one_line(s.description)});
  std::cout << services.text(colours_on(STDOUT_FILENO));
  return succeeded;
}

}  // namespace

int show_services(const settings& common) {
  const bool knows_who = says_who(common.login);  // before connect(), which erases a password in the environment
  const Client client = connect(common);
  if (is_foreign(common)) return show_foreign(common, foreign_services(client, common));
  const value answer = ask(client, common, "services");
  if (common.output == output_format::for_programs) {
    print(to_json(answer));
    return succeeded;
  }
  using enum table::align;
  table services({{"SERVICE"}, {"WORKERS", right}, {"BUSY", right}, {"QUEUED", right}, {"DESCRIPTION"}});
  bool any = false;
  for (const auto& s : answer.as<std::vector<service_line>>()) {
    std::string workers = std::to_string(s.workers);
    if (s.stalled != 0) workers += " (" + std::to_string(s.stalled) + " stalled)";
    services.add({s.name, workers, std::to_string(s.in_flight) + "/" + std::to_string(s.capacity),
                  std::to_string(s.queued), in_one_line(s.description)});
    any = any || s.name != "gate";
  }
  std::cout << services.text(colours_on(STDOUT_FILENO));
  if (!any) {
    std::cout << (knows_who ? "No service that you may call: no worker is connected, or none of your roles names its "
                              "service under `call`.\n"
                            : "No worker is connected: start one with --broker and the broker's backend address.\n");
  }
  return succeeded;
}

}  // namespace gate::cli
