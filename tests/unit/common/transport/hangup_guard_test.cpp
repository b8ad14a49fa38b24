// Without the guard, an assertion of libzmq ends this test program: `!_io_error`.
#include "common/transport/src/hangup_guard.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/epoll.h>
#include <zmq.hpp>

#include "tests/support/raw_peer.hpp"

using namespace std::chrono_literals;

namespace {

// The wanted events of each descriptor in this process's epoll sets, as the system reports them.
std::vector<std::uint32_t> epoll_entries() {
  std::vector<std::uint32_t> found;
  for (const auto& file : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream in(file.path());
    for (std::string word; in >> word;) {
      if (word != "events:") continue;
      std::string events;
      in >> events;
      found.push_back(static_cast<std::uint32_t>(std::stoul(events, nullptr, 16)));
    }
  }
  return found;
}

template <class Condition> bool comes_true(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

// A ROUTER that nobody reads, in a context of its own.
class unread_router {
 public:
  explicit unread_router(int ping_interval_ms) {
    socket_.set(zmq::sockopt::rcvhwm, 4);
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::heartbeat_ivl, ping_interval_ms);
    socket_.set(zmq::sockopt::heartbeat_timeout, 0);
    socket_.bind("tcp://127.0.0.1:*");
    REQUIRE(comes_true([&] { return is_gone(); }));
  }
  std::string endpoint() const { return socket_.get(zmq::sockopt::last_endpoint); }

  // Whether reading from its only connection is paused.
  bool is_paused() const {
    std::size_t paused = 0;
    for (const std::uint32_t events : epoll_entries()) paused += (events & EPOLLIN) == 0 ? 1 : 0;
    return paused == 1;
  }
  // Whether libzmq's thread has been told that the connection is reset.
  bool has_seen_reset() const {
    std::size_t muted = 0;
    for (const std::uint32_t events : epoll_entries()) muted += (events & EPOLLONESHOT) != 0 ? 1 : 0;
    return muted == 1 || is_gone();
  }
  bool is_gone() const { return epoll_entries().size() == before_ + own_entries; }

  // Reads what is there, without waiting.
  void read() {
    zmq::message_t frame;
    while (socket_.recv(frame, zmq::recv_flags::dontwait)) {
      if (!frame.more()) ++count_;
    }
  }
  std::size_t count() const { return count_; }  // messages that were read

 private:
  static constexpr std::size_t own_entries = 3;  // two wake-up descriptors of libzmq's threads, and the listener
  std::size_t count_ = 0;
  const std::size_t before_ = epoll_entries().size();

  zmq::context_t context_;
  zmq::socket_t socket_{context_, zmq::socket_type::router};
};

std::string messages(int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += gate::test::raw_tcp::frame("x", false);
  return bytes;
}

}  // namespace

TEST_CASE("the guard of hang-ups is in force", "[peer]") { CHECK(gate::peer::guard_hangups()); }

TEST_CASE("a peer that floods, pings and resets its connection does not end the process", "[peer]") {
  unread_router router(0);
  gate::test::raw_tcp peer(router.endpoint());
  REQUIRE(peer.shake_hands());
  // All bytes are in libzmq's buffer when it stops reading. It finds the PING there once it reads on.
  const std::string ping = gate::test::raw_tcp::command("PING", std::string(2, '\0'));
  REQUIRE(peer.send(messages(8) + ping + messages(8)));
  REQUIRE(comes_true([&] { return router.is_paused(); }));
  peer.reset();
  REQUIRE(comes_true([&] { return router.has_seen_reset(); }));
  CHECK(comes_true([&] {
    router.read();
    return router.is_gone();
  }));
  CHECK(router.count() >= 8);
}

TEST_CASE("a ping that is due to a peer that has reset its connection does not end the process", "[peer]") {
  unread_router router(5);
  gate::test::raw_tcp peer(router.endpoint());
  REQUIRE(peer.shake_hands());
  REQUIRE(peer.send(messages(16)));
  REQUIRE(comes_true([&] { return router.is_paused(); }));
  peer.reset();
  REQUIRE(comes_true([&] { return router.has_seen_reset(); }));
  std::this_thread::sleep_for(50ms);  // ten pings are due
  CHECK(comes_true([&] {
    router.read();
    return router.is_gone();
  }));
  CHECK(router.count() >= 4);
}

TEST_CASE("a peer that is read again after a pause goes on", "[peer]") {
  unread_router router(5);
  gate::test::raw_tcp peer(router.endpoint());
  REQUIRE(peer.shake_hands());
  for (std::size_t round = 1; round <= 3; ++round) {
    REQUIRE(peer.send(messages(16)));
    REQUIRE(comes_true([&] { return router.is_paused(); }));
    REQUIRE(comes_true([&] {
      router.read();
      return router.count() == round * 16 && !router.is_paused();
    }));
  }
}
