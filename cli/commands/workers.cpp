#include <iostream>
#include <string>
#include <vector>

#include <unistd.h>

#include "cli/context/broker_connection.hpp"
#include "cli/context/duration.hpp"
#include "cli/context/foreign.hpp"
#include "cli/context/json.hpp"
#include "cli/context/reports.hpp"
#include "cli/terminal/terminal.hpp"

namespace gate::cli {
namespace {

std::string state_of(const worker_line& w) {
  std::string state = w.draining ? "draining" : w.stalled ? "stalled" : "ready";
  if (w.slots_given_back != 0) state += ", owes " + std::to_string(w.slots_given_back) + " answers";
  return state;
}

void say_none(const std::string& service) {
  std::cout << "No worker "
            << (service.empty() ? "is connected.\n" : "of '" + printable_line(service) + "' is connected.\n");
}

void show_table(const std::vector<worker_line>& workers, const std::string& service) {
  if (workers.empty()) return say_none(service);
  using enum table::align;
  table lines({{"SERVICE"},
               {"NAME"},
               {"STATE"},
               {"BUSY", right},
               {"UP"},
               {"DIALECT"},
               {"ADDRESS"},
               {"HOST"},
               {"PID", right},
               {"VERSION"}});
  for (const worker_line& w : workers) {
    lines.add({w.service, w.name, state_of(w), std::to_string(w.in_flight) + "/" + std::to_string(w.capacity),
               show_duration(std::chrono::milliseconds(w.up_ms)), w.dialect, w.address, w.host,
               w.pid == 0 ? "" : std::to_string(w.pid), w.version});
  }
  std::cout << lines.text(colours_on(STDOUT_FILENO));
}

// A gate-rpc broker tells which services have workers, but nothing about the workers.
int show_foreign(const settings& common, const std::vector<service_line>& all, const std::string& service) {
  json shown = json::array();
  table lines({{"SERVICE"}});
  for (const service_line& s : all) {
    if (!service.empty() && s.name != service) continue;
    shown.push_back({{"service", s.name}});
    lines.add({s.name});
  }
  if (common.output == output_format::for_programs) {
    print(shown);
  } else if (shown.empty()) {
    say_none(service);
  } else {
    std::cout << lines.text(colours_on(STDOUT_FILENO))
              << "A gate-rpc broker tells which services have workers, and nothing more about the workers.\n";
  }
  return succeeded;
}

}  // namespace

int show_workers(const settings& common, const std::string& service) {
  const Client client = connect(common);
  if (is_foreign(common)) return show_foreign(common, foreign_services(client, common), service);
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
