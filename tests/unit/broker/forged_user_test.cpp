// A peer that puts the property with which the transport names a user into its own greeting.
#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/broker/running_broker.hpp"

using namespace gate;
using namespace gate::test;

namespace {

// A bare connection that speaks ZMTP 3.0 under NULL, and says in its READY that it is `user`.
class forger {
 public:
  forger(const std::string& endpoint, std::string_view user) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(descriptor_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) throw std::runtime_error("connect");
    std::string greeting("\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL", 16);
    greeting.resize(64, '\0');
    say(greeting);
    std::array<char, 64> theirs{};
    if (::recv(descriptor_, theirs.data(), theirs.size(), MSG_WAITALL) != 64) throw std::runtime_error("greeting");
    const std::string ready = "\x05READY" + property("Socket-Type", "DEALER") + property("User-Id", user);
    say(std::string{'\x04', static_cast<char>(ready.size())} + ready);
  }
  forger(const forger&) = delete;
  forger& operator=(const forger&) = delete;
  ~forger() { ::close(descriptor_); }

  void send(const message& m) {
    std::string batch;
    wire::gate2::append(batch, m);
    if (batch.size() > 255) throw std::runtime_error("too long for a short frame");
    say(std::string{'\0', static_cast<char>(batch.size())} + batch);
  }

 private:
  static std::string property(std::string_view name, std::string_view value) {
    std::string raw{static_cast<char>(name.size())};
    raw += name;
    raw.append(3, '\0');
    raw += static_cast<char>(value.size());
    return raw.append(value);
  }
  void say(const std::string& raw) {
    if (::send(descriptor_, raw.data(), raw.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(raw.size())) {
      throw std::runtime_error("send");
    }
  }
  int descriptor_;
};

}  // namespace

TEST_CASE("who a peer says it is counts for nothing where nobody was asked", "[broker][security]") {
  running_broker<> b;
  raw_peer worker(b.backend());
  worker.hello_as_worker("s");
  forger mallory(b.frontend(), "root");
  message hello;
  hello.type = message_type::hello;
  hello.version_min = hello.version_max = gate2_version;
  hello.role = peer_role::client;
  mallory.send(hello);
  message request;
  request.type = message_type::request;
  request.call = call_id{1};
  request.service = "s";
  request.method = "m";
  request.payload = bytes_view("\x90");
  mallory.send(request);
  CHECK(worker.expect(message_type::request)->caller == "anonymous");
}
