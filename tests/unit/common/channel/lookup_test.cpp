#include "common/transport/lookup.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <zmq.hpp>

#include <gate/event.hpp>
#include <gate/limits.hpp>
#include <gate/loop.hpp>
#include <gate/task.hpp>
#include <gate/timeout.hpp>

#include "common/channel/channel.hpp"
#include "common/channel/src/reach.hpp"
#include "common/transport/open_files.hpp"
#include "common/transport/socket.hpp"
#include "common/transport/zmq_context.hpp"
#include "tests/support/refusing_port.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace gate;
using namespace std::chrono_literals;

namespace {

// The addresses of each name in these tests.
std::vector<std::string> addresses;
peer::found_addresses from_list(const std::string&) { return {addresses, {}}; }

class names {
 public:
  explicit names(std::vector<std::string> of) {
    addresses = std::move(of);
    peer::answer_lookups_by(from_list);
  }
  names(const names&) = delete;
  names& operator=(const names&) = delete;
  ~names() { peer::answer_lookups_by(nullptr); }
};

class listener {
 public:
  listener(loop& where, const std::string& endpoint)
      : socket_(where, peer::transport_context(), zmq::socket_type::router) {
    socket_.raw().set(zmq::sockopt::ipv6, peer::is_ipv6(endpoint));
    address = socket_.bind(endpoint);
  }
  std::string address;

 private:
  gate::socket socket_;
};

class outcome final : public peer::channel::handler {
 public:
  void connected() override { end("connected"); }
  void ended(errc, std::string_view why) override { end(why); }
  void received(const message&) override {}
  void malformed(std::string_view) override {}
  void flushed() override {}
  async_event over;
  std::string text;

 private:
  void end(std::string_view how) {
    text = how;
    over.set();
  }
};

std::string attempt(loop& where, const std::string& endpoint, std::chrono::milliseconds connect_timeout = 5s) {
  outcome how;
  peer::channel_options options;
  options.endpoint = endpoint;
  options.connect_timeout = connect_timeout;
  options.frame_bytes_max = limits::frame_bytes_max;
  options.out_queue_bytes_max = 1u << 20;
  options.messages_per_turn_max = limits::messages_per_turn_max;
  peer::channel channel(where, options, how);
  const auto story = [&]() -> task<void> {
    channel.open();
    co_await how.over.wait();
  };
  where.run(with_timeout(20s, story()));
  return how.text;
}

std::string port_of(const std::string& endpoint) { return endpoint.substr(endpoint.rfind(':')); }

}  // namespace

TEST_CASE("numbers and local addresses are not looked up", "[lookup]") {
  CHECK(peer::names_a_host("tcp://localhost:1"));
  CHECK(peer::names_a_host("tcp://a.example:1"));
  for (const char* const other : {"tcp://127.0.0.1:1", "tcp://[::1]:1", "tcp://[fe80::1%lo]:1", "ipc://a", "inproc://a",
                                  "tcp://10.0.0.2:0;10.0.0.1:5555"}) {
    CAPTURE(other);
    CHECK_FALSE(peer::names_a_host(other));
  }
  CHECK(peer::is_ipv6("tcp://[::1]:1"));
  CHECK_FALSE(peer::is_ipv6("tcp://127.0.0.1:1"));
  CHECK_FALSE(peer::is_ipv6("ipc:///a:b"));
}

TEST_CASE("localhost is found, and what is no host is told", "[lookup]") {
  const peer::found_addresses found = peer::look_up("tcp://localhost:5555");
  REQUIRE(!found.endpoints.empty());
  const std::string first = found.endpoints.front();
  CHECK((first == "tcp://127.0.0.1:5555" || first == "tcp://[::1]:5555"));
  const peer::found_addresses none = peer::look_up("tcp://no-such-host.invalid:5555");
  CHECK(none.endpoints.empty());
  CHECK(none.fault.find("'no-such-host.invalid'") != std::string::npos);
}

TEST_CASE("a literal of IPv6 is connected to", "[lookup]") {
  loop where;
  const listener there(where, "tcp://[::1]:*");
  CHECK(attempt(where, there.address) == "connected");
}

TEST_CASE("of a name with several addresses the next is tried where nobody answers", "[lookup]") {
  loop where;
  const test::refusing_port nobody;
  SECTION("IPv6 first, and only IPv4 is there") {
    const listener there(where, "tcp://127.0.0.1:*");
    const names known({"tcp://[::1]" + port_of(there.address), there.address});
    CHECK(attempt(where, "tcp://broker.example:1") == "connected");
  }
  SECTION("IPv4 first, and only IPv6 is there") {
    const listener there(where, "tcp://[::1]:*");
    const names known({nobody.endpoint(), there.address});
    CHECK(attempt(where, "tcp://broker.example:1") == "connected");
  }
  SECTION("the first one says nothing at all") {
    const listener there(where, "tcp://127.0.0.1:*");
    const names known({"tcp://192.0.2.1:9", there.address});  // reserved for documentation (RFC 5737): no host has it
    CHECK(attempt(where, "tcp://broker.example:1", 600ms) == "connected");
  }
  SECTION("nobody at any of them") {
    const names known({nobody.endpoint(), "tcp://[::1]:1"});
    CHECK(attempt(where, "tcp://broker.example:1") ==
          "cannot connect to 'tcp://broker.example:1': nobody answers there (127.0.0.1, [::1])");
  }
}

TEST_CASE("why nobody answers is told as what it is", "[lookup]") {
  loop where;
  const test::refusing_port nobody;
  CHECK(attempt(where, nobody.endpoint()) == "cannot connect to '" + nobody.endpoint() + "': nobody answers there");
  CHECK(attempt(where, "tcp://no-such-host.invalid:1").find("'no-such-host.invalid'") != std::string::npos);
  CHECK(peer::why_nobody_answers("tcp://[fe80::1]:1") ==
        "an address of one link needs the interface behind it, as in [fe80::1%eth0]");

  const test::scratch_folder folder;
  const std::string missing = folder.file("missing"), file = folder.write("file", "");
  CHECK(attempt(where, "ipc://" + missing) ==
        "cannot connect to 'ipc://" + missing + "': there is no socket at that path");
  CHECK(attempt(where, "ipc://" + file) ==
        "cannot connect to 'ipc://" + file + "': there is a file at that path which is no socket");
}

TEST_CASE("who does not wait for a lookup any more is not told, and its loop may be gone", "[lookup]") {
  for (int i = 0; i < 50; ++i) {
    loop where;
    peer::lookup asked(where, "tcp://localhost:" + std::to_string(1 + i), [](const peer::found_addresses&) { FAIL(); });
  }
}
