// Logins at the transport, against a running broker.
#include <cstdint>
#include <map>
#include <string>

#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gate/value.hpp>

#include "tests/unit/broker/guarded_broker.hpp"
#include "tests/unit/broker/login_fixture.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;
using kind = handshake::kind;

namespace {

const known_credentials& known() { return known_credentials::get(); }

std::map<std::string, std::uint64_t> counters(const std::string& endpoint, const prepare_socket& prepare,
                                              const char* group) {
  raw_peer client(endpoint, {}, 1000, {}, prepare);
  client.hello_as_client();
  client.request(1, "gate", "stats");
  const received_message answer = client.expect(message_type::final);
  const auto stats = value::decode(answer->payload.single());
  REQUIRE(stats);
  return (*stats)[group].as<std::map<std::string, std::uint64_t>>();
}

// Waits until that login counter is no longer 0.
void wait_for(const running_broker<>& broker, const char* counter) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (counters(broker.frontend(), plain("bob", "bob's"), "logins").at(counter) == 0) {
    if (std::chrono::steady_clock::now() > deadline) throw silence();
  }
}

void welcome(const std::string& endpoint, const prepare_socket& prepare) {
  raw_peer client(endpoint, {}, 1000, {}, prepare);
  CHECK_NOTHROW(client.hello_as_client());
}

}  // namespace

TEST_CASE("PLAIN lets in who has the right password, and tells all others at once that they are refused",
          "[security]") {
  const login_files files;
  const running_broker<> broker(files.options("plain"));
  welcome(broker.frontend(), plain("alice", "alice's"));
  for (const prepare_socket& wrong :
       {plain("alice", "bob's"), plain("alice", {}), plain("mallory", "alice's"), plain("kate", "kate's")}) {
    const handshake h = log_in(broker.frontend(), wrong);
    CHECK(h.end == kind::refused);
    CHECK(h.value == 400);
  }
  const auto logins = counters(broker.frontend(), plain("bob", "bob's"), "logins");
  CHECK(logins.at("refused") == 4);
  CHECK(logins.at("accepted") == 2);
  const auto transport = counters(broker.frontend(), plain("bob", "bob's"), "transport");
  CHECK(transport.at("handshakes_refused") == 4);
}

TEST_CASE("who comes with another mechanism does not come in", "[security]") {
  const login_files files;
  const running_broker<> passwords(files.options("plain"));
  CHECK(log_in(passwords.frontend(), unproven).end != kind::succeeded);
  CHECK_FALSE(comes_in(passwords.frontend(), curve(known().kates, known().brokers.public_key)));
  const running_broker<> keys(files.options("curve"));
  CHECK_FALSE(comes_in(keys.frontend(), unproven));
  CHECK_FALSE(comes_in(keys.frontend(), plain("alice", "alice's")));
  const prepare_socket kate = curve(known().kates, known().brokers.public_key);
  const auto transport = counters(keys.frontend(), kate, "transport");
  CHECK(transport.at("handshakes_failed") >= 2);
  CHECK(transport.at("handshakes_refused") == 0);
}

TEST_CASE("a handshake that failed is told with the address of its peer", "[security]") {
  const login_files files;
  const running_broker<> broker(files.options("plain"));
  const int peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string endpoint = broker.frontend();
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
  socklen_t size = sizeof address;
  auto* const plain_address = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::connect(peer, plain_address, size) == 0);
  REQUIRE(::getsockname(peer, plain_address, &size) == 0);
  welcome(broker.frontend(), plain("alice", "alice's"));  // the broker has then seen the connection
  std::string greeting("\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL", 16);
  greeting.resize(64);
  REQUIRE(::send(peer, greeting.data(), greeting.size(), MSG_NOSIGNAL) == 64);
  const std::string told = "\"address\":\"127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "\"";
  CHECK(comes_true([&] {
    const std::string audit = scratch_folder::read(files.audit);
    return audit.find("handshake_failed") != std::string::npos && audit.find(told) != std::string::npos;
  }));
  ::close(peer);
}

TEST_CASE("CURVE lets in whose key the store knows, under the broker's own key alone", "[security]") {
  const login_files files;
  const running_broker<> broker(files.options("curve"));
  welcome(broker.frontend(), curve(known().kates, known().brokers.public_key));
  const handshake h = log_in(broker.frontend(), curve(known().strangers, known().brokers.public_key));
  CHECK(h.end == kind::refused);
  CHECK(h.value == 400);
  CHECK_FALSE(comes_in(broker.frontend(), curve(known().kates, known().strangers.public_key)));
}

TEST_CASE("with a store a peer that proves nothing is refused, unless the store has anonymous", "[security]") {
  const login_files files;
  {
    const running_broker<> broker(files.options("none"));
    const handshake h = log_in(broker.frontend(), unproven);
    CHECK(h.end == kind::refused);
    CHECK(h.value == 400);
  }
  files.replace_store(everybody() + "[principals.anonymous]\nroles = ['all']\n");
  const running_broker<> broker(files.options("none"));
  welcome(broker.frontend(), unproven);
}

TEST_CASE("who failed too often is put off, not shut out, and others are not", "[security]") {
  const login_files files;
  broker_options options = files.options("plain");
  options.login_failures_max = 1;
  options.login_pause = 3s;
  options.hello_timeout = 2s;
  const running_broker<> broker(options);
  CHECK(log_in(broker.frontend(), plain("alice", "wrong")).end == kind::refused);
  // The login is right, but too early: the peer gets no refusal, tries again by itself, and comes in.
  login_peer early(broker.frontend(), plain("alice", "alice's"));
  welcome(broker.frontend(), plain("bob", "bob's"));
  handshake last = early.next();
  CHECK(last.end == kind::broken_off);
  while (last.end == kind::broken_off) last = early.next();
  CHECK(last.end == kind::succeeded);
  const auto logins = counters(broker.frontend(), plain("bob", "bob's"), "logins");
  CHECK(logins.at("put_off") >= 1);
  CHECK(logins.at("throttled") >= 1);
}

TEST_CASE("a second connection under the same routing id takes over nothing", "[security]") {
  const login_files files;
  const running_broker<> broker(files.options("plain"));
  raw_peer worker(broker.frontend(), {}, 1000, {}, plain("bob", "bob's"));
  worker.hello_as_worker("echo");
  raw_peer caller(broker.frontend(), "caller", 1000, {}, plain("alice", "alice's"));
  caller.hello_as_client();
  caller.request(1, "echo", "say");
  const received_message asked = worker.expect(message_type::request);
  raw_peer thief(broker.frontend(), "caller", 1000, {}, plain("bob", "bob's"));
  message hello;
  hello.type = message_type::hello;
  hello.version_min = hello.version_max = gate2_version;
  thief.send(hello);
  worker.final(asked->call,
               "\xa5"
               "reply");
  CHECK(caller.expect(message_type::final)->call == call_id{1});
}

TEST_CASE("a store that changes is in force by itself, and a broken one never", "[security]") {
  const login_files files;
  const running_broker<> broker(files.options("plain"));
  CHECK(comes_in(broker.frontend(), plain("alice", "alice's")));
  files.replace_store("[principals.alice\n");
  wait_for(broker, "store_reloads_failed");
  CHECK(comes_in(broker.frontend(), plain("alice", "alice's")));
  files.replace_store(without(everybody(), "alice"));
  wait_for(broker, "store_reloads");
  const handshake h = log_in(broker.frontend(), plain("alice", "alice's"));
  CHECK(h.end == kind::refused);
  const std::string log = scratch_folder::read(files.audit);
  CHECK(log.find("\"event\":\"store_refused\",\"what\":\"" + files.store + ":1") != std::string::npos);
  CHECK(log.find("\"event\":\"role_changed\",\"principal\":\"alice\",\"what\":\"removed\"") != std::string::npos);
}

TEST_CASE("a password that is replaced is right with the new one at once, on reload()", "[security]") {
  const login_files files;
  running_broker<> broker(files.options("plain"));
  CHECK(comes_in(broker.frontend(), plain("alice", "alice's")));
  std::string text = everybody();
  text.replace(text.find(known().alices), known().alices.size(), known().bobs);
  files.replace_store(text);
  broker.post([](Broker& b) { b.reload(); });
  wait_for(broker, "store_reloads");
  CHECK(comes_in(broker.frontend(), plain("alice", "bob's")));
  CHECK_FALSE(comes_in(broker.frontend(), plain("alice", "alice's")));
}

TEST_CASE("calls under way and to come are answered while the store is replaced again and again", "[security]") {
  const login_files files;
  broker_options options = files.options("plain");
  options.heartbeat_interval = 300s;  // the worker here sends none
  running_broker<> broker(options);
  raw_peer worker(broker.frontend(), {}, 1000, {}, plain("bob", "bob's"));
  worker.hello_as_worker("echo");
  raw_peer caller(broker.frontend(), {}, 1000, {}, plain("alice", "alice's"));
  caller.hello_as_client();
  const std::string texts[] = {everybody(), everybody() + "[principals.more]\n"};
  for (std::uint64_t id = 1; id <= 200; ++id) {
    if (id % 10 == 0) {
      files.replace_store(texts[id / 10 % 2]);
      broker.post([](Broker& b) { b.reload(); });
    }
    caller.request(id, "echo", "say");
    worker.final(worker.expect(message_type::request)->call, "\x01");
    CHECK(caller.expect(message_type::final)->call == call_id{id});
  }
}

TEST_CASE("the audit log names who came and who did not, and holds no password", "[security]") {
  const login_files files;
  {
    const running_broker<> broker(files.options("plain"));
    CHECK(comes_in(broker.frontend(), plain("alice", "alice's")));
    CHECK_FALSE(comes_in(broker.frontend(), plain("alice", "a secret of mine")));
  }
  const std::string log = scratch_folder::read(files.audit);
  CHECK(log.find("\"event\":\"login_accepted\",\"principal\":\"alice\"") != std::string::npos);
  CHECK(log.find("\"event\":\"login_refused\",\"user\":\"alice\",\"address\":\"127.0.0.1\",\"mechanism\":\"PLAIN\"") !=
        std::string::npos);
  CHECK(log.find("alice's") == std::string::npos);
  CHECK(log.find("a secret of mine") == std::string::npos);
  CHECK(scratch_folder::mode(files.audit) == 0600);
}

TEST_CASE("a broker whose store or key is not in order binds nothing and says which file", "[security]") {
  const login_files files;
  const auto fault = [](const broker_options& options) -> std::string {
    gate::loop loop;
    Broker broker(options);
    try {
      broker.bind(loop);
    } catch (const bind_error& e) {
      return e.what();
    }
    return "bound";
  };
  broker_options options = files.options("plain");
  CHECK(fault(options) == "bound");
  options.credentials = files.folder.write("open.toml", everybody(), 0644);
  CHECK(fault(options).find("open.toml: others can read or change it") != std::string::npos);
  options.credentials = files.folder.write("broken.toml", "\n[principals.x]\npasswort = 'y'\n");
  CHECK(fault(options).find("broken.toml:3") != std::string::npos);
  options.credentials = files.folder.file("nowhere.toml");
  CHECK(fault(options).find("nowhere.toml") != std::string::npos);
  options = files.options("curve");
  CHECK(fault(options) == "bound");
  options.curve_key = files.folder.file("nowhere.key");
  CHECK(fault(options).find("nowhere.key") != std::string::npos);
}
