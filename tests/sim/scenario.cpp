#include "tests/sim/scenario.hpp"

#include <utility>

namespace gate::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {
constexpr auto healed_at = seconds(80);
constexpr auto load_until = seconds(92);
constexpr auto probed_at = seconds(105);
constexpr instant beginning{std::chrono::hours(1)};
}  // namespace

// --- the world ------------------------------------------------------------------------------------------------------

// Limits that are small enough to be reached, and times that are short enough to end within the run.
scenario::choices scenario::choose(random_source& r) {
  const auto ms = [&r](std::uint64_t low, std::uint64_t high) { return milliseconds(r.between(low, high)); };
  choices c;
  c.core.heartbeat_interval = ms(500, 1000);
  c.core.heartbeat_liveness = 3;
  c.core.hello_timeout = ms(1000, 3000);
  c.core.queue_max = r.between(4, 60);
  c.core.queue_bytes_max = r.between(500, 20'000);
  c.core.queue_total_max = r.between(8, 100);
  c.core.queue_total_bytes_max = r.between(2'000, 40'000);
  c.core.queue_age_max = ms(1500, 8000);
  c.core.client_calls_max = r.between(8, 80);
  c.core.client_bytes_max = r.between(1'000, 20'000);
  c.core.idle_timeout = ms(2000, 6000);
  c.core.budget_max = ms(8000, 20'000);
  c.core.service_grace = ms(500, 3000);
  c.core.peers_max = 64;
  c.core.payload_bytes_max = 2'000;
  c.core.attempts_max = static_cast<std::uint32_t>(r.between(1, 4));

  c.worker.heartbeat_interval = c.core.heartbeat_interval;
  c.worker.heartbeat_liveness = c.core.heartbeat_liveness;
  c.worker.connect_timeout = ms(1000, 3000);
  c.worker.pause_min = milliseconds(20);
  c.worker.pause_max = milliseconds(500);

  c.client.heartbeat_interval = c.core.heartbeat_interval;
  c.client.heartbeat_liveness = c.core.heartbeat_liveness;
  c.client.connect_timeout = ms(1000, 3000);
  c.client.pause_min = milliseconds(20);
  c.client.pause_max = milliseconds(500);
  c.client.idle_timeout = c.core.idle_timeout;
  c.client.attempts_max = static_cast<std::uint32_t>(r.between(1, 4));
  c.client.kept_bytes_max = r.between(1'000, 20'000);

  c.workers = r.between(2, 5);
  c.clients = r.between(1, 4);
  c.call_gap = ms(150, 500);
  c.fault_gap = ms(700, 4000);
  return c;
}

// Every fourth seed has services with a policy of their own. Chosen apart from all else, so that the other seeds stay
// as they are.
service_policies scenario::choose_policies(std::uint64_t seed) {
  service_policies p;
  if (seed % 4 != 2) return p;
  random_source r(~seed);
  service_policy& alpha = p.services["alpha"];
  if (r.percent(50)) alpha.queue_max = r.between(4, 20);  // each client has a probe
  if (r.percent(50)) alpha.queue_bytes_max = r.between(500, 5'000);
  if (r.percent(50)) alpha.queue_age_max = milliseconds(r.between(500, 3000));
  if (r.percent(50)) {
    method_policy& echo = alpha.methods["echo"];
    echo.requests_per_second_max = r.between(1, 5);
    echo.requests_burst_max = r.between(5, 10);  // each client's probe passes
  }
  if (r.percent(50)) alpha.methods["count"].idempotent = false;
  if (r.percent(50)) p.service_defaults.balancer = "lru";
  return p;
}

scenario::scenario(std::uint64_t seed, bool readable)
    : world_(seed, readable),
      chosen_(choose(world_.random)),
      policies_(choose_policies(seed)),
      broker_(world_, chosen_.core, policies_),
      net_(world_, broker_),
      judge_(world_) {
  broker_.attach(net_);
  net_.latency_mean = world_.random.between(milliseconds(1), milliseconds(10));
  make_processes();
}

void scenario::make_processes() {
  random_source& r = world_.random;
  for (std::size_t i = 0; i < chosen_.workers; ++i) {
    worker_habits habits;
    habits.service = services[i % services.size()];
    habits.capacity = static_cast<std::uint32_t>(r.between(1, 8));
    habits.chats = i < services.size() || r.percent(70);
    habits.reckless_percent = r.percent(30) ? 20 : 0;
    habits.service_time = r.between(milliseconds(2), milliseconds(80));
    if (r.percent(60)) habits.threads = static_cast<std::uint32_t>(r.between(1, 4));
    // So quick that it gets more calls than it has threads, and sometimes wrongly so.
    if (r.percent(30)) habits.service_time = r.between(std::chrono::microseconds(50), std::chrono::microseconds(500));
    workers_.push_back(std::make_unique<worker_process>(world_, 'W' + std::to_string(i), net_, broker_, judge_, habits,
                                                        chosen_.worker));
  }
  for (std::size_t i = 0; i < chosen_.clients; ++i) {
    client_habits habits;
    habits.reckless_percent = r.percent(20) ? 20 : 0;
    habits.payload_bytes_max = chosen_.core.payload_bytes_max;
    clients_.push_back(std::make_unique<client_process>(world_, 'C' + std::to_string(i), net_, broker_, judge_, habits,
                                                        chosen_.client));
  }
}

report scenario::run() {
  if (world_.random.percent(80)) broker_.start();  // else the peers start first
  for (auto& w : workers_) w->start();
  for (auto& c : clients_) c->start();
  supervise();
  load();
  trouble();
  world_.at(beginning + healed_at, [this] { heal(); });
  world_.at(beginning + probed_at, [this] { send_probes(); });
  world_.run_until(beginning + length);
  if (!world_.failed()) expect_all_well();

  report result;
  result.failure = world_.failure();
  result.failed_at = world_.now();
  if (broker_.core() != nullptr) broker_.crash();  // adds up its counters
  result.hash = world_.hash();
  result.events = world_.events();
  result.calls = judge_.begun();
  result.outcomes = judge_.outcomes();
  result.counted = broker_.counted();
  return result;
}

// --- load -----------------------------------------------------------------------------------------------------------

void scenario::load() {
  if (world_.now() > beginning + load_until) return;
  random_source& r = world_.random;
  client_process& from = *clients_[r.below(clients_.size())];
  const std::string_view service = r.percent(2) ? std::string_view("nobody") : services[r.below(services.size())];
  // Sometimes far more than the limits allow.
  const std::uint64_t burst = faults_ && r.permille(8) ? r.between(20, 90) : 1;
  for (std::uint64_t i = 0; i < burst; ++i) from.call(service);
  world_.after(r.about(chosen_.call_gap), [this] { load(); });
}

// --- faults ---------------------------------------------------------------------------------------------------------

void scenario::trouble() {
  world_.after(world_.random.about(chosen_.fault_gap), [this] {
    if (!faults_) return;
    one_fault();
    trouble();
  });
}

peer_process& scenario::any_peer() {
  const std::uint64_t which = world_.random.below(workers_.size() + clients_.size());
  if (which < workers_.size()) return *workers_[which];
  return *clients_[which - workers_.size()];
}

void scenario::process_fault(process& p) {
  random_source& r = world_.random;
  if (r.percent(30)) return p.jump_clock(r.between(milliseconds(10), milliseconds(12'000)));
  p.freeze();
  world_.after(r.about(milliseconds(2500)), [&p] { p.thaw(); });
}

void scenario::one_fault() {
  random_source& r = world_.random;
  const std::uint64_t dice = r.below(100);
  if (dice < 18) {
    any_peer().crash();
  } else if (dice < 40) {
    process_fault(any_peer());
  } else if (dice < 46) {
    process_fault(broker_);
  } else if (dice < 66) {
    any_peer().break_connection(r.percent(30));
  } else if (dice < 71) {
    broker_.crash();
  } else if (dice < 74) {
    if (broker_.alive()) broker_.drain(r.between(milliseconds(100), milliseconds(5000)));
  } else if (dice < 84) {
    workers_[r.below(workers_.size())]->drain();
  } else if (dice < 87) {
    clients_[r.below(clients_.size())]->leave();
  } else if (dice < 93) {
    workers_[r.below(workers_.size())]->say_hello_again();
  } else {
    any_peer().inject(rogue_bytes());
  }
}

// Noise, or an envelope that is nearly right.
std::string scenario::rogue_bytes() {
  random_source& r = world_.random;
  std::string raw;
  if (r.percent(20)) {
    raw.resize(r.between(1, 200));
    for (char& c : raw) c = static_cast<char>(r.below(256));
    return raw;
  }
  message m;
  m.type = static_cast<message_type>(r.between(1, message_type_max));
  m.flags = static_cast<std::uint8_t>(r.below(256) & ~std::uint64_t{message_flag::external | message_flag::no_payload});
  m.call = call_id{r.next() | std::uint64_t{1} << 63};  // no call has this number
  m.payload = bytes_view(rogue_payload);
  m.service = r.percent(80) ? services[r.below(services.size())] : std::string_view("nobody");
  m.method = "echo";
  if (r.percent(50)) m.budget = milliseconds(r.below(3000));
  m.credit_items = static_cast<std::uint32_t>(r.below(5));
  m.credit_bytes = static_cast<std::uint32_t>(r.below(500));
  m.status = errc::failed;
  m.origin = origin::worker;
  m.role = r.percent(50) ? peer_role::worker : peer_role::client;
  m.version_min = static_cast<std::uint16_t>(r.below(3));
  m.version_max = static_cast<std::uint16_t>(m.version_min + r.below(3));
  m.capacity = static_cast<std::uint32_t>(r.below(10));
  m.heartbeat_interval = milliseconds(r.between(1, 2000));
  m.liveness = 3;
  wire::gate2::append(raw, m);
  for (std::uint64_t flips = r.percent(50) ? 0 : r.between(1, 3); flips > 0; --flips) {
    const std::uint64_t at = r.below(raw.size() - rogue_payload.size());
    const bool moves_payload = at < 4 || at == 6 || at == 7;  // the sizes: it must still be seen to be rogue
    if (!moves_payload) raw[at] = static_cast<char>(static_cast<unsigned char>(raw[at]) ^ (1u << r.below(8)));
  }
  return raw;
}

// Starts processes again some time after they have ended.
void scenario::supervise() {
  random_source& r = world_.random;
  const auto due = [&](const process& p) { return !p.alive() && (!faults_ || r.percent(35)); };
  if (due(broker_)) broker_.start();
  for (auto& w : workers_) {
    if (due(*w)) w->start();
  }
  for (auto& c : clients_) {
    if (due(*c)) c->start();
  }
  world_.after(r.between(milliseconds(100), milliseconds(900)), [this] { supervise(); });
}

// --- and all is well ------------------------------------------------------------------------------------------------

void scenario::heal() {
  world_.say("---", "no faults from here on");
  faults_ = net_.faults = false;
  broker_.thaw();
  for (auto& w : workers_) {
    w->thaw();
    w->heal();
  }
  for (auto& c : clients_) {
    c->thaw();
    c->heal();
  }
}

void scenario::send_probes() {
  for (auto& c : clients_) {
    expect(c->alive() && c->ready(), c->name() + " has not come back");
    for (const std::string_view service : services) {
      if (c->ready()) probes_.push_back(c->probe(service));
    }
  }
}

void scenario::expect(bool condition, const std::string& otherwise) {
  if (!condition) world_.fail("in the end, " + otherwise);
}

void scenario::expect_all_well() {
  for (const auto& w : workers_) {
    expect(w->alive() && w->serving(), w->name() + " does not serve");
    expect(w->jobs() == 0, w->name() + " has calls left");
  }
  for (const auto& c : clients_) {
    expect(c->alive() && c->ready(), c->name() + " is not connected");
    expect(c->open_calls() == 0, c->name() + " has calls left");
  }
  for (call_number n = 1; n <= judge_.begun(); ++n) {
    const tracked_call& c = judge_.at(n);
    expect(c.ended || c.forgotten, "call " + std::to_string(n) + " has not ended");
  }
  for (const call_number n : probes_) {
    expect(judge_.at(n).outcome == errc::ok, "call " + std::to_string(n) + " failed though all was well: " +
                                                 std::string(to_string(judge_.at(n).outcome)));
  }
  expect(broker_.core() != nullptr, "there is no broker");
  if (broker_.core() == nullptr) return;
  const broker::core& core = *broker_.core();
  const broker::totals now = core.measure();
  expect(
      now.workers == workers_.size() && now.clients == clients_.size(),
      "the broker knows " + std::to_string(now.workers) + " workers and " + std::to_string(now.clients) + " clients");
  expect(now.queued == 0 && now.queued_bytes == 0 && now.in_flight == 0 && now.kept_bytes == 0,
         "the broker has calls left");
  expect(broker_.connections() == workers_.size() + clients_.size(), "the broker has connections of nobody");
  for (const broker::worker_view& w : core.workers())
    expect(!w.stalled && !w.draining, w.name + " is not ready at the broker");
  std::uint64_t ended = 0;
  for (const std::uint64_t n : core.counted().ended) ended += n;
  expect(ended == core.counted().accepted, "the broker accepted more or fewer calls than it ended");
}

}  // namespace gate::sim
