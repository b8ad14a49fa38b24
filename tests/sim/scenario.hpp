// Runs one seed: a broker, some workers and clients, 80 s of load and faults, then 40 s in which everything must
// recover.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/broker_process.hpp"
#include "tests/sim/client_process.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/oracle.hpp"
#include "tests/sim/worker_process.hpp"

namespace gate::sim {

struct report {
  std::string failure;  // empty if all promises were kept
  instant failed_at{};
  std::uint64_t hash = 0, events = 0;
  std::uint64_t calls = 0;
  std::array<std::uint64_t, errc_max + 1> outcomes{};
  broker::counters counted;
};

class scenario {
 public:
  static constexpr auto length = std::chrono::seconds(120);

  scenario(std::uint64_t seed, bool readable);
  report run();

 private:
  static constexpr std::array<std::string_view, 2> services{"alpha", "beta"};

  struct choices {
    broker_limits core;
    worker::session_options worker;
    client::session_options client;
    std::size_t workers = 0, clients = 0;
    duration call_gap{}, fault_gap{};
  };
  static choices choose(random_source& r);
  static service_policies choose_policies(std::uint64_t seed);

  void make_processes();
  void load();
  void trouble();
  void one_fault();
  std::string rogue_bytes();
  void process_fault(process& p);
  void supervise();
  void heal();
  void send_probes();
  void expect_all_well();
  void expect(bool condition, const std::string& otherwise);
  peer_process& any_peer();

  world world_;
  choices chosen_;
  service_policies policies_;
  broker_process broker_;
  network net_;
  oracle judge_;
  std::vector<std::unique_ptr<worker_process>> workers_;
  std::vector<std::unique_ptr<client_process>> clients_;
  std::vector<call_number> probes_;
  bool faults_ = true;
};

}  // namespace gate::sim
