#include <iostream>
#include <string>
#include <vector>

#include <unistd.h>

#include "cli/connection.hpp"
#include "cli/duration.hpp"
#include "cli/json.hpp"
#include "cli/reports.hpp"
#include "cli/terminal.hpp"

namespace gate::cli {
namespace {

std::string state_of(const worker_line& w) {
  std::string state = w.draining ? "draining" : w.stalled ? "stalled" : "ready";
  if (w.slots_given_back != 0) state += ", owes " + std::to_string(w.slots_given_back) + " answers";
  return state;
}

void show_table(const std::vector<worker_line>& workers, const std::string& service) {
  using enum table::align;
  table lines({{"SERVICE"}, {"NAME"}, {"STATE"}, {"BUSY", right}, {"UP"}, {"HOST"}, {"PID", right}, {"VERSION"}});
  std::size_t count = 0;
  for (const worker_line& w : workers) {
    lines.add({w.service, w.name, state_of(w), std::to_string(w.in_flight) + "/" + std::to_string(w.capacity),
               show_duration(std::chrono::milliseconds(w.up_ms)), w.host, std::to_string(w.pid), w.version});
    ++count;
  }
  if (count != 0) {
    std::cout << lines.text(colours_on(STDOUT_FILENO));
  } else {
    std::cout << "No worker " << (service.empty() ? "is connected.\n" : "of '" + service + "' is connected.\n");
  }
}

}  // namespace

int show_workers(const settings& common, const std::string& service) {
  const Client client = connect(common);
  const value answer = ask(client, common, "workers");
  json shown = json::array();
  std::vector<worker_line> lines;
  for (std::size_t i = 0; i < answer.size(); ++i) {
    auto line = answer[i].as<worker_line>();
    if (!service.empty() && line.service != service) continue;
    shown.push_back(to_json(answer[i]));
    lines.push_back(std::move(line));
  }
  if (common.output == output_format::for_programs) {
    print(shown);
  } else {
    show_table(lines, service);
  }
  return succeeded;
}

}  // namespace gate::cli
