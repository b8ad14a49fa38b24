#include "broker/foreign_peers/foreign_peers.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace gate;
using namespace gate::broker;
using namespace std::chrono_literals;

namespace {

using texts = std::vector<std::string>;

constexpr peer_id worker = make_peer_id(1, 1);
constexpr peer_id client = make_peer_id(2, 2);
constexpr peer_id modern = make_peer_id(3, 3);  // speaks gate/2

const texts ready{"", "MDPW01", "\x01", "echo"};

// A core with Majordomo peers around it, without sockets.
struct majordomo final : output, foreign_peers::host {
  struct known {
    std::unique_ptr<foreign_link> link;
    bool cut = false, ended = false;
    std::vector<texts> sent;
  };

  // The first message of a peer.
  void comes(peer_id id, const texts& first) {
    const std::vector<bytes_view> frames(first.begin(), first.end());
    const wire::recognised who = recognise(frames, dialect::unknown);
    all[id].link = std::make_unique<foreign_link>(who, options, owed, owed);
    guarded->opened(id, context_of(who), now);
    says(id, first);
  }
  void says(peer_id id, const texts& what) {
    const std::vector<bytes_view> frames(what.begin(), what.end());
    foreign.received(id, *all[id].link, frames, now);
  }
  texts last(peer_id id) { return all[id].sent.empty() ? texts() : all[id].sent.back(); }

  // output
  void send(peer_id to, const message& m) override {
    if (to == modern) {
      errors.push_back(m.type == message_type::error ? m.status : errc::ok);
    } else if (link_of(to) != nullptr) {
      foreign.send(to, *all[to].link, m, now);
    }
  }
  void cut(peer_id who, errc, std::string_view) override { all[who].cut = true; }

  // host
  foreign_link* link_of(peer_id id) override { return all[id].cut ? nullptr : all[id].link.get(); }
  bool has_ended(peer_id id) override { return all[id].ended; }
  std::string_view principal_of(peer_id) override { return anonymous; }
  void send(peer_id to, const wire::frame_list& messages, const message*) override {
    for (std::size_t i = 0; i < messages.messages(); ++i) {
      texts& one = all[to].sent.emplace_back();
      for (std::size_t k = 0; k < messages.frames(i); ++k) one.emplace_back(messages.frame(i, k));
    }
  }
  void touch(peer_id id) override { touched.push_back(id); }
  void not_understood(peer_id, std::string_view why) override { misunderstandings.emplace_back(why); }

  static broker_options settings() {
    broker_options o;
    o.heartbeat_interval = 10s;  // not shorter than what foreign peers are set to
    return o;
  }

  instant now = instant(1000s);
  broker_options options = settings();
  byte_total owed;
  gate::broker_limits core_limits;
  core state{core_limits, {}, nullptr, nullptr, nullptr, *this, now};
  guarded_core guarded{state};
  foreign_counters counted;
  foreign_peers foreign{guarded, nullptr, *this, counted};
  std::map<peer_id, known> all;
  std::vector<errc> errors;
  std::vector<peer_id> touched;
  texts misunderstandings;
};

}  // namespace

TEST_CASE("a call passes from one Majordomo peer through the core to another, and its answer back", "[broker][mdp]") {
  majordomo m;
  m.comes(worker, ready);
  m.comes(client, {"", "MDPC01", "echo", "question"});
  const texts given = m.last(worker);
  REQUIRE(given.size() == 6);
  CHECK(given[2] == "\x02");
  CHECK(given[5] == "question");
  m.says(worker, {"", "MDPW01", "\x03", given[3], "", "answer"});
  CHECK(m.last(client) == texts{"", "MDPC01", "echo", "answer"});
  CHECK(m.counted.envelopes_received == 4);  // two hellos, the request, the final
}

TEST_CASE("the broker's own services of Majordomo are answered without the core", "[broker][mdp]") {
  majordomo m;
  m.comes(worker, ready);
  m.comes(client, {"", "MDPC01", "mmi.service", "echo"});
  CHECK(m.last(client) == texts{"", "MDPC01", "mmi.service", "200"});
  CHECK(m.state.counted().accepted == 0);
}

TEST_CASE("what a dialect cannot express goes back to the core, once that has ended its work", "[broker][mdp]") {
  majordomo m;
  m.comes(worker, ready);
  message hello;
  hello.type = message_type::hello;
  hello.version_min = hello.version_max = gate2_version;
  m.guarded->opened(modern, {}, m.now);
  m.guarded->received(modern, hello, nullptr, m.now);
  message request;
  request.type = message_type::request;
  request.call = call_id{1};
  request.service = "echo";
  request.method = "m";
  request.flags = message_flag::client_stream;
  m.errors.clear();
  m.guarded->received(modern, request, nullptr, m.now);
  CHECK(m.errors.empty());
  CHECK(m.foreign.has_work());
  m.foreign.after_core(m.now);
  CHECK(m.errors == std::vector{errc::unsupported});
  CHECK_FALSE(m.foreign.has_work());
}

TEST_CASE("an idle Majordomo worker gets heartbeats, and is turned away if it stays silent", "[broker][mdp]") {
  majordomo m;
  m.comes(worker, ready);
  const instant began = m.now;
  std::size_t beats = 0;
  while (!m.all[worker].cut && m.now < began + 60s) {
    REQUIRE(m.foreign.next_deadline() > m.now);
    m.now = m.foreign.next_deadline();
    const std::size_t before = m.all[worker].sent.size();
    m.foreign.tick(m.now);
    if (m.all[worker].sent.size() > before && m.last(worker)[2] == "\x04") ++beats;
  }
  CHECK(beats >= 2);
  CHECK(m.all[worker].cut);
  CHECK(m.counted.silent_workers == 1);
  CHECK(m.foreign.next_deadline() == instant::max());
}

TEST_CASE("a worker whose connection has ended is not looked after any more", "[broker][mdp]") {
  majordomo m;
  m.comes(worker, ready);
  m.all[worker].ended = true;
  const std::size_t before = m.all[worker].sent.size();
  m.now += 60s;
  m.foreign.tick(m.now);
  CHECK(m.all[worker].sent.size() == before);
  CHECK(m.foreign.next_deadline() == instant::max());
}

TEST_CASE("a message that makes no sense is counted and told", "[broker][mdp]") {
  majordomo m;
  m.comes(client, {"", "MDPC01", "echo", "question"});
  m.says(client, {"", "MDPC01"});
  CHECK(m.counted.not_understood + (m.all[client].cut ? 1u : 0u) == 1);
  CHECK(m.misunderstandings.size() == m.counted.not_understood);
}
