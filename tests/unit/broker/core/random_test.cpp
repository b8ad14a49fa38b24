// Random events. All invariants are checked after each one: this finds cases that nobody thought of.
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include <catch2/catch.hpp>

#include "tests/unit/broker/core/core_fixture.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;

namespace {

class chaos {
 public:
  explicit chaos(std::uint64_t seed) : random_(seed), b_(small_limits()) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
    settle();
  }

 private:
  static options small_limits() {
    options o;
    o.queue_max = 12;
    o.queue_bytes_max = 600;
    o.queue_total_max = 20;
    o.queue_total_bytes_max = 900;
    o.client_calls_max = 15;
    o.client_bytes_max = 500;
    o.services_max = 4;
    o.peers_max = 12;
    o.payload_bytes_max = 100;
    o.service_grace = 400ms;
    o.queue_age_max = 900ms;
    o.idle_timeout = 700ms;
    o.heartbeat_interval = 100ms;
    o.services["b"].balancer = "lru";
    o.services["c"].queue_max = 3;
    return o;
  }

  std::uint64_t pick(std::uint64_t below) { return random_() % below; }
  bool chance(unsigned percent) { return pick(100) < percent; }
  std::string service_name() { return std::string(1, static_cast<char>('a' + pick(5))); }
  const char* method_name() {
    static const char* const names[] = {"m", "n", "o", "p"};
    return names[pick(4)];
  }

  void step() {
    switch (pick(22)) {
      case 0:
        return add_client();
      case 1:
        return add_worker();
      case 2:
        return chance(40) ? lose_a_peer() : void();
      case 3:
        return pass(static_cast<int>(pick(120)));
      case 4:
        return heartbeats();
      case 5:
        return drain_a_worker();
      case 6:
        return with_worker_call([&](peer_id w, const sent& s) { hand_back(w, s); });
      case 7:
        return with_worker_call([&](peer_id w, const sent& s) { b_.credit(w, s.call, 2, 40); });
      case 8:
      case 9:
        return with_worker_call([&](peer_id w, const sent& s) { b_.part(w, s.call, text()); });
      case 10:
        return with_client_call([&](peer_id c, std::uint64_t call) { b_.credit(c, call, 1, 50); });
      case 11:
        return with_client_call([&](peer_id c, std::uint64_t call) {
          b_.part(c, call, text(), chance(30) ? message_flag::end_of_parts : std::uint8_t{0});
        });
      case 12:
        return with_client_call([&](peer_id c, std::uint64_t call) { b_.cancel(c, call); });
      case 13:
        return flush();
      case 14:
      case 15:
      case 16:
        return with_worker_call([&](peer_id w, const sent& s) { answer(w, s); });
      default:
        return send_request();
    }
  }

  std::string text() { return std::string(pick(chance(5) ? 130 : 60), 'x'); }

  void add_client() {
    peer_context about = bench::context();
    about.credit = chance(70);
    const peer_id id = b_.open(about);
    b_.receive(id, bench::hello(peer_role::client));
    if (!b_.was_cut(id)) clients_.insert(id);
  }
  void add_worker() {
    peer_context about = bench::context();
    about.credit = chance(70);
    about.heartbeats = chance(70);
    const peer_id id = b_.open(about);
    const auto capacity = static_cast<std::uint32_t>(1 + pick(3));
    const std::string name = service_name();
    switch (pick(3)) {
      case 0:
        b_.join(id, name, capacity);
        break;
      case 1:
        b_.join(id, name, capacity, {"m", "n"});
        break;
      default:
        b_.join(id, name, capacity, {"n", "o"});
        break;
    }
    if (!b_.was_cut(id)) workers_.insert(id);
  }
  void lose_a_peer() {
    collect();
    auto& from = chance(50) ? clients_ : workers_;
    if (from.empty()) return;
    auto at = std::next(from.begin(), static_cast<std::ptrdiff_t>(pick(from.size())));
    const peer_id id = *at;
    if (&from == &workers_ && chance(50)) unsent(id);
    switch (pick(4)) {
      case 0:
        b_.receive(id, bench::of(message_type::bye));
        break;
      case 1:
        b_.core.malformed(id, "noise", b_.now);
        b_.verify();
        break;
      case 2:
        if (&from == &workers_) {
          b_.join(id, service_name(), 2, {"m"});
          if (!b_.was_cut(id)) return;
          break;
        }
        [[fallthrough]];
      default:
        b_.close(id);
    }
    from.erase(at);
    held_.erase(id);
    open_.erase(id);
  }
  void unsent(peer_id id) {
    collect();
    for (const sent& s : held_[id]) {
      b_.core.unsent(id, b_.back(s), b_.now);
      b_.verify();
    }
  }
  void send_request() {
    if (clients_.empty()) return;
    const peer_id c = *std::next(clients_.begin(), static_cast<std::ptrdiff_t>(pick(clients_.size())));
    ask how;
    how.payload = text();
    how.method = method_name();
    how.flags = static_cast<std::uint8_t>(pick(16));
    if (chance(60)) how.budget = std::chrono::milliseconds(1 + pick(500));
    how.credit_items = static_cast<std::uint32_t>(pick(4));
    how.credit_bytes = static_cast<std::uint32_t>(pick(100));
    b_.request(c, ++last_call_, service_name(), how);
    if ((how.flags & message_flag::one_way) == 0)
      open_[c].insert(last_call_);
    else
      ++one_way_;
  }
  void answer(peer_id w, const sent& s) {
    if (chance(70))
      b_.final(w, s.call, text());
    else
      b_.error(w, s.call, errc::failed);
  }
  void hand_back(peer_id w, const sent& s) { b_.receive(w, b_.back(s)); }
  void heartbeats() {
    for (peer_id w : workers_) {
      if (chance(80)) b_.heartbeat(w);
    }
  }
  void drain_a_worker() {
    if (workers_.empty() || chance(70)) return;
    b_.receive(*workers_.begin(), bench::of(message_type::drain));
  }
  void flush() {
    for (peer_id c : clients_) b_.core.flushed(c, b_.now);
    for (peer_id w : workers_) b_.core.flushed(w, b_.now);
    b_.verify();
  }
  void pass(int ms) {
    b_.pass(std::chrono::milliseconds(ms));
    collect();
  }
  void forget_the_cut() {
    for (const auto& cut : b_.out.cuts) {
      clients_.erase(cut.peer);
      workers_.erase(cut.peer);
      held_.erase(cut.peer);
      open_.erase(cut.peer);
    }
    b_.out.cuts.clear();
  }

  // Reads all that was sent; each client's call may end only once.
  void collect() {
    for (const sent& s : b_.out.all) {
      if (s.type == message_type::request) held_[s.to].push_back(s);
      if (s.type == message_type::final || s.type == message_type::error) {
        INFO("a client was told the end of a call that it does not have open");
        REQUIRE(open_[s.to].erase(s.call) == 1);
      }
    }
    b_.out.all.clear();
    forget_the_cut();
  }
  template <class F> void with_worker_call(F&& act) {
    collect();
    if (workers_.empty()) return;
    const peer_id w = *std::next(workers_.begin(), static_cast<std::ptrdiff_t>(pick(workers_.size())));
    auto& mine = held_[w];
    if (mine.empty()) return;
    const std::size_t i = pick(mine.size());
    const sent s = mine[i];
    act(w, s);
    if (chance(50)) mine.erase(mine.begin() + static_cast<std::ptrdiff_t>(i));  // else it may answer this call again
  }
  template <class F> void with_client_call(F&& act) {
    collect();
    if (clients_.empty()) return;
    const peer_id c = *std::next(clients_.begin(), static_cast<std::ptrdiff_t>(pick(clients_.size())));
    if (open_[c].empty()) return;
    act(c, *open_[c].begin());
  }

  // Without further events, every call of a connected client ends by its own deadline.
  void settle() {
    for (int i = 0; i < 100; ++i) {
      for (peer_id c : clients_) {
        for (std::uint64_t call : std::set<std::uint64_t>(open_[c])) b_.credit(c, call, 5, 5000);
      }
      pass(100);
      collect();
    }
    for (const auto& [c, calls] : open_) {
      INFO("calls were left without an outcome");
      CHECK(calls.empty());
    }
    CHECK(b_.core.measure().in_flight == 0);
    CHECK(b_.core.measure().queued == 0);
    for (peer_id c : std::set<peer_id>(clients_)) b_.close(c);
    for (peer_id w : std::set<peer_id>(workers_)) b_.close(w);
    b_.pass(1s);
    CHECK(b_.core.measure().services == 0);
    CHECK(b_.core.measure().kept_bytes == 0);
    CHECK(b_.core.next_deadline() == instant::max());
  }

  std::mt19937_64 random_;
  bench b_;
  std::set<peer_id> clients_, workers_;
  std::map<peer_id, std::vector<sent>> held_;
  std::map<peer_id, std::set<std::uint64_t>> open_;
  std::uint64_t last_call_ = 0, one_way_ = 0;
};

}  // namespace

TEST_CASE("whatever the events, the invariants hold and every call ends once", "[broker]") {
  std::uint64_t first = 1, count = 60;
  if (const char* given = std::getenv("GATE_TEST_SEED")) {
    first = std::strtoull(given, nullptr, 10);
    count = 1;
  }
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    INFO("GATE_TEST_SEED=" << seed);
    chaos(seed).run(1500);
  }
}
