#include "broker/engine/outbox.hpp"

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "common/wire/gate2.hpp"

using namespace gate;
using namespace gate::broker;
using namespace std::chrono_literals;

namespace {

// Sockets that take as many messages for each peer as they are told.
class fake_sockets final : public outbox::transport {
 public:
  bool has_ended(const remote_peer& peer) override { return peer.ending; }
  delivery send(remote_peer& to, outgoing& what, lent_payloads&) override {
    ++attempts;
    if (is_unknown) return delivery::gone;
    if (room[to.id] == 0) return delivery::blocked;
    --room[to.id];
    sent.emplace_back(to.id, what.batch);
    return delivery::sent;
  }
  void gone(remote_peer& peer) override {
    peer.ending = true;
    gone_ones.push_back(peer.id);
  }
  void end_connection(remote_peer& peer) override { ended.push_back(peer.id); }

  std::map<peer_id, int> room;
  bool is_unknown = false;
  int attempts = 0;
  std::vector<std::pair<peer_id, std::string>> sent;
  std::vector<peer_id> gone_ones, ended;
};

// Keeps what it is told, in order. Told while messages are added, it fails the test.
class told_core final : public outbox::listener {
 public:
  void flushed(peer_id peer) override { tell("flushed", peer); }
  void unsent(peer_id worker, const message& request) override {
    tell("unsent " + std::to_string(static_cast<std::uint64_t>(request.call)), worker);
  }
  void too_slow(const remote_peer& peer, const std::string&) override { tell("too slow", peer.id); }
  void dropped(peer_id peer, const std::string&) override { tell("dropped", peer); }

  bool works = false;
  std::vector<std::string> told;

 private:
  void tell(const std::string& what, peer_id who) {
    CHECK_FALSE(works);
    told.push_back(what + " " + std::to_string(place_of(who)));
  }
};

message of_type(message_type type, std::uint64_t call, std::string_view payload = "\x90") {
  message m;
  m.type = type;
  m.call = call_id{call};
  if (type == message_type::request) {
    m.service = "s";
    m.method = "m";
  }
  m.payload = payload;
  return m;
}

struct desk {
  remote_peer& peer(std::string_view route, int room = 1000) {
    remote_peer& added = peers.add(0, route, spare, owed);
    sockets.room[added.id] = room;
    return added;
  }
  // As the core does: it must not be called meanwhile.
  void add(remote_peer& to, const message& m) {
    core.works = true;
    out.add(to, m, now);
    core.works = false;
  }
  void final(remote_peer& to, std::string_view payload = "\x90") { add(to, of_type(message_type::final, 1, payload)); }
  void turn() {
    out.retry(now);
    out.finish_cuts(now);
    while (out.has_work()) {
      out.flush(now);
      out.bound(now);
    }
    out.end_turn();
  }
  std::vector<std::string> told() { return std::exchange(core.told, {}); }

  using reports = std::vector<std::string>;

  instant now = instant(1000s);
  broker_options options;
  buffer_pool spare;
  byte_total owed{1u << 20};
  remote_peers peers;
  io_counters counted;
  told_core core;
  fake_sockets sockets;
  outbox out{options, peers, owed, counted, core, sockets};
};

}  // namespace

TEST_CASE("what is added in one turn leaves as one batch, which is reported to nobody", "[broker][outbox]") {
  desk d;
  remote_peer& p = d.peer("a");
  for (int i = 0; i < 3; ++i) d.final(p);
  CHECK(d.sockets.sent.empty());
  CHECK(d.out.has_work());
  d.turn();
  CHECK(d.sockets.sent.size() == 1);
  CHECK(d.counted.envelopes_sent == 3);
  CHECK(d.counted.messages_sent == 1);
  CHECK_FALSE(d.out.has_work());
  CHECK(d.out.all_taken());
  CHECK(d.told().empty());
}

TEST_CASE("a full batch leaves at once, and a failure is reported at the end of the turn", "[broker][outbox]") {
  desk d;
  remote_peer& p = d.peer("a", 1);
  const std::string large(limits::batch_bytes_target, 'x');
  d.final(p, large);
  CHECK(d.sockets.sent.size() == 1);
  d.sockets.is_unknown = true;
  d.final(p, large);
  CHECK(d.sockets.attempts == 2);
  CHECK(d.sockets.gone_ones.empty());
  d.turn();
  CHECK(d.sockets.gone_ones == std::vector{p.id});
}

TEST_CASE("a batch that is not taken is tried again after pauses that grow, and then reported", "[broker][outbox]") {
  desk d;
  remote_peer& p = d.peer("a", 0);
  d.final(p);
  d.turn();
  CHECK(d.counted.parked == 1);
  duration pause = outbox::retry_pause_min;
  for (int i = 0; i < 8; ++i) {
    CHECK(d.out.next_deadline(d.now) == d.now + pause);
    d.now += pause - 1us;
    const int attempts = d.sockets.attempts;
    d.turn();
    CHECK(d.sockets.attempts == attempts);
    d.now += 1us;
    d.turn();
    CHECK(d.sockets.attempts == attempts + 1);
    pause = std::min(pause * 2, outbox::retry_pause_max);
  }
  CHECK_FALSE(d.out.all_taken());
  CHECK(d.told().empty());
  d.sockets.room[p.id] = 1;
  d.now += pause;
  d.turn();
  CHECK(d.told() == desk::reports{"flushed 1"});
  CHECK(d.out.next_deadline(d.now) == instant::max());
  CHECK(d.out.all_taken());
  CHECK(d.counted.parked == 1);
}

TEST_CASE("a peer that takes nothing for out_queue_age_max is cut, and its requests are handed back",
          "[broker][outbox]") {
  desk d;
  remote_peer& p = d.peer("a", 0);
  d.add(p, of_type(message_type::request, 7));
  d.final(p);
  d.add(p, of_type(message_type::request, 8));
  d.turn();
  d.now += d.options.out_queue_age_max;
  d.turn();
  CHECK(d.told().empty());
  d.now += 1s;
  d.turn();
  CHECK(d.told() == desk::reports{"too slow 1", "unsent 7 1", "unsent 8 1", "dropped 1"});
  CHECK(p.cut);
  CHECK(p.owed_bytes() == 0);
  CHECK(d.counted.too_slow_age == 1);
  d.turn();
  CHECK(d.sockets.ended == std::vector{p.id});
}

TEST_CASE("of what is composed for a peer that does not read, only requests are kept beyond the bound",
          "[broker][outbox]") {
  desk d;
  d.options.out_queue_bytes_max = 100'000;
  remote_peer& p = d.peer("a", 0);
  d.final(p, std::string(90'000, 'x'));
  d.turn();
  d.final(p, std::string(20'000, 'x'));
  const std::size_t kept = p.owed_bytes();
  for (int i = 0; i < 5; ++i) d.final(p, std::string(20'000, 'x'));
  CHECK(p.owed_bytes() == kept);
  d.add(p, of_type(message_type::request, 7));
  CHECK(p.owed_bytes() > kept);
  d.turn();
  CHECK(d.told() == desk::reports{"too slow 1", "unsent 7 1", "dropped 1"});
  CHECK(d.counted.too_slow_bytes == 1);
}

TEST_CASE("a connection is cut once the bye has had its time to leave", "[broker][outbox]") {
  desk d;
  remote_peer& p = d.peer("a");
  d.add(p, of_type(message_type::bye, 0));
  d.out.cut_after_bye(p);
  CHECK(p.cut);
  d.turn();
  CHECK(d.sockets.sent.size() == 1);
  d.now += 10s;  // that turn took long: the time begins with the next
  d.turn();
  CHECK(d.sockets.ended.empty());
  CHECK(d.out.next_deadline(d.now) == d.now + outbox::bye_time);
  d.now += outbox::bye_time;
  d.turn();
  CHECK(d.sockets.ended == std::vector{p.id});
  CHECK(d.told().empty());
}

TEST_CASE("if too much waits for all peers, the one with the most is cut", "[broker][outbox]") {
  desk d;
  d.options.out_queue_bytes_max = 10u << 20;
  remote_peer& small = d.peer("a", 0);
  remote_peer& large = d.peer("b", 0);
  for (int i = 0; i < 4; ++i) d.final(small, std::string(60'000, 'x'));
  for (int i = 0; i < 16; ++i) d.final(large, std::string(60'000, 'x'));
  d.turn();
  CHECK(d.told() == desk::reports{"too slow 2", "dropped 2"});
  CHECK(d.counted.owed_too_much == 1);
  CHECK_FALSE(small.cut);
  CHECK(large.cut);
}

TEST_CASE("requests that have not left are handed back when the connection has ended", "[broker][outbox]") {
  desk d;
  remote_peer& p = d.peer("a", 0);
  d.add(p, of_type(message_type::request, 7));
  d.out.take_unsent(p);
  CHECK(d.told() == desk::reports{"unsent 7 1"});
  CHECK(p.owed_bytes() == 0);
}
