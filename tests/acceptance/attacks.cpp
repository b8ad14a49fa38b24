// Peers that send invalid messages: nothing crashes, nothing grows, and everything is counted.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/acceptance/report.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/raw_peer.hpp"

namespace gate::acceptance {

using namespace gate::test;
using namespace std::chrono_literals;

namespace {

constexpr double growth_bytes_max = 4 << 20;
constexpr int peers_at_once = 20;

class random_bytes {
 public:
  std::string operator()(std::size_t size_max) {
    std::string raw(below(size_max) + 1, '\0');
    for (char& each : raw) each = static_cast<char>(engine_());
    return raw;
  }
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(engine_()) % limit; }

 private:
  std::mt19937 engine_{std::random_device{}()};
};

void wait_until_gone(test_system& system, std::uint64_t own) {
  if (!falls_to(system.client, "now", "connections", own)) throw did_not_happen("the broker keeps connections");
}

struct counts {
  std::uint64_t unrecognised = 0, malformed = 0, handshakes_failed = 0, cut = 0, silent = 0;
};

counts look(test_system& system) {
  auto all = stats_of(system.client);
  counts c;
  c.unrecognised = all["transport"]["unrecognised"];
  c.malformed = all["calls"]["malformed"];
  c.handshakes_failed = all["transport"]["handshakes_failed"];
  c.silent = all["transport"]["silent"];
  c.cut = all["calls"]["cut"];
  return c;
}

using dealer_attack = std::function<void(raw_dealer&, bool front)>;

// Sends from groups of peers, so that the time in which each reads its bye passes for all at once. Returns the number
// of peers.
std::uint64_t attack(test_system& system, int groups, const dealer_attack& say) {
  for (int g = 0; g < groups; ++g) {
    const bool front = g % 2 == 0;
    std::vector<std::unique_ptr<raw_dealer>> peers;
    for (int i = 0; i < peers_at_once; ++i) {
      peers.push_back(std::make_unique<raw_dealer>(front ? system.broker.frontend() : system.broker.backend()));
      say(*peers.back(), front);
    }
    for (const auto& each : peers) {
      if (!each->disconnected()) throw did_not_happen("a peer was not cut");
    }
  }
  return static_cast<std::uint64_t>(groups) * peers_at_once;
}

void welcome(raw_dealer& peer, bool front) {
  if (front) {
    peer.hello_as_client();
  } else {
    peer.hello_as_worker("spoiled", 4);
  }
  peer.wait_for(message_type::welcome);
}

std::string ratio(std::uint64_t counted, std::uint64_t sent) {
  return std::to_string(counted) + " of " + std::to_string(sent) + " counted";
}

// One connection each, with a frame header that claims more than the limit.
std::uint64_t send_oversized(test_system& system, int times) {
  for (int i = 0; i < times; ++i) {
    raw_tcp peer(i % 2 == 0 ? system.broker.frontend() : system.broker.backend());
    if (!peer.shake_hands()) throw did_not_happen("no handshake");
    peer.send(raw_tcp::frame(std::string(1000, 'x'), false, std::uint64_t{65} << 20));
    if (!peer.closed()) throw did_not_happen("an oversized frame did not end its connection");
  }
  return static_cast<std::uint64_t>(times);
}

message strange_hello() {
  message m;
  m.type = message_type::hello;
  m.role = peer_role::client;
  m.version_min = 700;
  m.version_max = 701;
  return m;
}

// All kinds of attacks, in `groups` rounds. One line for each kind if `to` is given.
void all_attacks(test_system& system, int groups, report* to) {
  random_bytes random;
  const auto say = [&](const std::string& kind, std::uint64_t counted, std::uint64_t sent) {
    if (to != nullptr) to->line(kind, ratio(counted, sent), "all", counted == sent);
  };
  const auto counted_since = [&](const counts& then) {
    const counts now = look(system);
    return now.unrecognised + now.malformed - then.unrecognised - then.malformed;
  };

  counts before = look(system);
  std::uint64_t sent = attack(system, groups, [&](raw_dealer& peer, bool) {
    frames message;
    for (std::size_t i = 0; i <= random.below(4); ++i) message.push_back(random(300));
    peer.send(message);
  });
  say("random messages", counted_since(before), sent);

  before = look(system);
  sent = attack(system, groups, [&](raw_dealer& peer, bool front) {
    welcome(peer, front);
    peer.send(random(200));
  });
  say("random messages after a good hello", counted_since(before), sent);

  before = look(system);
  message part;
  part.type = message_type::part;
  part.call = call_id{1};
  part.payload = payload_view("\xa9some text");
  const std::string whole = bytes_of(part);
  sent = attack(system, groups, [&](raw_dealer& peer, bool front) {
    welcome(peer, front);
    peer.send(std::string_view(whole).substr(0, 1 + random.below(whole.size() - 1)));
  });
  say("truncated messages", counted_since(before), sent);

  before = look(system);
  sent = attack(system, groups, [&](raw_dealer& peer, bool) {
    peer.send(strange_hello());
    if (peer.wait_for(message_type::bye) != errc::unsupported) throw did_not_happen("a strange version is accepted");
  });
  say("wrong versions", look(system).cut - before.cut, sent);

  before = look(system);
  sent = send_oversized(system, groups * peers_at_once / 4);
  // The transport itself ends such a connection. The broker only counts that the peer never said hello.
  say("oversized frames, by connections ended", sent, sent);
}

}  // namespace

void garbage(report& to) {
  test_system system;
  const std::uint64_t own = count_of(system.client, "now", "connections");
  all_attacks(system, 6, nullptr);
  wait_until_gone(system, own);
  const std::size_t resident = system.broker.program().resident_bytes();
  const std::size_t descriptors = system.broker.program().descriptors();
  all_attacks(system, 26, &to);
  wait_until_gone(system, own);
  const double grown = growth(resident, system.broker.program().resident_bytes());
  const std::size_t more = std::max(system.broker.program().descriptors(), descriptors) - descriptors;
  to.line("growth of the broker over some 2,000 of them", in_mebibytes(grown), "4 MiB", grown < growth_bytes_max);
  to.line("descriptors left behind", std::to_string(more), "2", more <= 2);
  const bool served = system.test["add"](2, 3).get<int>() == 5 && system.worker.program().running();
  to.line("calls between others", served ? "answered" : "not answered", "answered", served);
}

void million_frames(report& to) {
  constexpr int repetitions = 10;
  test_system system;
  std::string flood;
  const std::string one = raw_tcp::frame("", true);
  for (int i = 0; i < 1'000'000; ++i) flood += one;
  flood += raw_tcp::frame("", false);
  std::uint64_t sent = 0;
  int cut = 0;
  const auto send_one = [&] {
    raw_tcp peer(system.broker.frontend());
    if (!peer.shake_hands()) throw did_not_happen("no handshake");
    peer.send(flood);
    cut += peer.closed() ? 1 : 0;
    if (!rises_to(system.client, "transport", "too_many_frames", ++sent)) throw did_not_happen("it was not counted");
  };
  send_one();
  send_one();
  const std::size_t peak = system.broker.program().peak_resident_bytes();
  for (int i = 0; i < repetitions; ++i) send_one();
  const double grown = growth(peak, system.broker.program().peak_resident_bytes());
  const auto counted = count_of(system.client, "transport", "too_many_frames");
  to.line("counted, and its sender cut",
          std::to_string(counted) + " and " + std::to_string(cut) + " of " + std::to_string(sent), "all",
          counted == sent && cut == static_cast<int>(sent));
  to.line("the broker's peak", in_mebibytes(static_cast<double>(peak)), "128 MiB; 64 bytes a frame are libzmq's",
          peak < std::size_t{128} << 20);
  to.line("growth of the peak over 10 more", in_mebibytes(grown), "8 MiB", grown < 8 << 20);
  const bool served = system.test["add"](2, 3).get<int>() == 5;
  to.line("calls between others", served ? "answered" : "not answered", "answered", served);
}

}  // namespace gate::acceptance
