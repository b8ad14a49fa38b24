#include "broker/engine/backlog.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace gate;
using namespace gate::broker;

namespace {

using texts = std::vector<std::string>;

// Handles one byte of a batch after the other, each of which uses up the turn.
struct slow_reader final : backlog::listener {
  // A message comes whose first byte has been handled already, or which has to wait behind others.
  void comes(remote_peer& from, const std::string& batch, std::size_t frames = 2) {
    multipart received;
    received.add(std::string_view("route"));
    received.add(std::string_view(batch));
    while (received.size() < frames) received.add(std::string_view("payload"));
    if (from.unread) {
      line.put_behind(at, received, from);
    } else {
      line.set_aside(at, received, from, batch.size() - 1);
    }
  }
  void turn() { line.go_on(budget); }

  std::size_t handle(remote_peer& sender, unread_batch& waiting) override {
    budget.spend_all();
    const std::string batch = waiting.batch.to_string();
    handled.push_back(sender.routing_id + batch.substr(waiting.handled_bytes, 1));
    return batch.size() - waiting.handled_bytes - 1;
  }
  void too_much(remote_peer& sender, const std::string&) override {
    sender.cut = true;
    turned_away.push_back(sender.routing_id);
  }
  void read_to_end(remote_peer& gone) override { ended.push_back(gone.routing_id); }

  buffer_pool spare;
  byte_total owed;
  remote_peers peers;
  io_counters counted;
  turn_budget budget;
  port_backlog at;
  backlog line{peers, counted, 1u << 20, *this};
  remote_peer& a = peers.add(0, "a", spare, owed);
  remote_peer& b = peers.add(0, "b", spare, owed);
  texts handled, turned_away, ended;
};

}  // namespace

TEST_CASE("peers with long batches take turns, and each batch goes on where it stopped", "[broker][backlog]") {
  slow_reader r;
  r.comes(r.a, "012");
  r.comes(r.b, "012");
  r.comes(r.a, "x");
  for (int i = 0; i < 5; ++i) {
    CHECK(r.line.has_work());
    r.turn();
  }
  CHECK(r.handled == texts{"a1", "b1", "a2", "b2", "ax"});
  CHECK_FALSE(r.line.has_work());
  CHECK(r.line.bytes() == 0);
  CHECK(r.at.unread_bytes == 0);
  CHECK_FALSE(r.a.unread);
}

TEST_CASE("a peer whose connection has ended is reported once all of its batches are handled", "[broker][backlog]") {
  slow_reader r;
  r.comes(r.a, "012");
  r.a.ends_when_read = true;
  r.turn();
  CHECK(r.ended.empty());
  r.turn();
  CHECK(r.ended == texts{"a"});
}

TEST_CASE("a peer for which too much waits is turned away, and its batches are discarded", "[broker][backlog]") {
  slow_reader r;
  r.comes(r.b, "012");
  r.comes(r.a, std::string(1u << 20, 'x'));
  int more = 0;
  while (r.turned_away.empty() && more < 100) {
    r.comes(r.a, std::string(1u << 20, 'x'));
    ++more;
  }
  CHECK(more == 15);  // 16 MiB may wait of one peer
  CHECK(r.turned_away == texts{"a"});
  CHECK(r.counted.discarded == 16);
  CHECK(r.line.bytes() < 1000);
  CHECK(r.line.bytes() == r.at.unread_bytes);
  for (int i = 0; i < 3; ++i) r.turn();
  CHECK(r.handled == texts{"b1", "b2"});
  CHECK_FALSE(r.line.has_work());
}

TEST_CASE("a message of too many frames waits in line as such, without its bytes", "[broker][backlog]") {
  slow_reader r;
  r.comes(r.a, "01");
  r.comes(r.a, std::string(100'000, 'x'), 4);
  CHECK(r.a.unread->waiting.back().has_too_many_frames == false);
  CHECK(r.a.unread->waiting.back().has_bad_frames);
  CHECK(r.line.bytes() < 1000);
}

TEST_CASE("a second message of one peer that is set aside shows that each peer has been asked", "[broker][backlog]") {
  slow_reader r;
  r.at.begin_reading();
  r.comes(r.a, "01");
  r.comes(r.b, "01");
  CHECK_FALSE(r.at.came_round);
  r.comes(r.a, "01");
  CHECK(r.at.came_round);
}
