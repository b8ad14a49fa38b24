// Login decisions without a broker: for passwords in messages, for ZAP requests, and with another program's ZAP
// service.
#include "broker/gatekeeper/gatekeeper.hpp"

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/event.hpp>
#include <gate/timeout.hpp>

#include "broker/security/zap.hpp"
#include "tests/unit/broker/login_fixture.hpp"

using namespace gate;
using namespace gate::security;
using namespace gate::test;
using namespace std::chrono_literals;

namespace {

const known_credentials& known() { return known_credentials::get(); }

attempt by_plain(bytes_view user, bytes_view password, const proof* former = nullptr) {
  attempt a;
  a.how = zap::mechanism::plain;
  a.address = "10.0.0.1";
  a.user = user;
  a.password = password;
  a.former = former;
  return a;
}

task<void> wait_on(async_event& e) { co_await e.wait(); }

struct one_gatekeeper {
  explicit one_gatekeeper(const broker_options& options) : door(where, options) {}

  // The verdict, whenever it comes.
  verdict check(const attempt& what) {
    async_event came;
    verdict later;
    std::optional<verdict> now = door.check(what, [&](verdict v) {
      later = std::move(v);
      came.set();
    });
    if (now) return *now;
    where.run(with_timeout(10s, wait_on(came)));
    return later;
  }

  loop where;
  gatekeeper door;
};

zap::frames ask(const std::string& endpoint, const zap::frames& request) {
  zmq::context_t context;
  zmq::socket_t s(context, zmq::socket_type::dealer);
  s.set(zmq::sockopt::linger, 0);
  s.set(zmq::sockopt::rcvtimeo, 10'000);
  s.connect(endpoint);
  for (std::size_t i = 0; i < request.size(); ++i) {
    const auto more = i + 1 < request.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
    s.send(zmq::buffer(request[i]), more);
  }
  zap::frames reply;
  zmq::message_t frame;
  do {
    if (!s.recv(frame)) throw silence();
    reply.push_back(frame.to_string());
  } while (frame.more());
  return reply;
}

zap::frames plain_request(const std::string& user, const std::string& password) {
  return {"", "1.0", "7", "any domain", "10.0.0.9", "", "PLAIN", user, password};
}

// Another program's ZAP service. `answer` makes the reply to each request; if it returns nothing, no reply is sent.
class foreign_service {
 public:
  using answerer = std::function<zap::frames(const zap::frames& request)>;
  explicit foreign_service(answerer answer) : socket_(context_, zmq::socket_type::router), answer_(std::move(answer)) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::rcvtimeo, 20);
    socket_.bind("tcp://127.0.0.1:*");
    endpoint_ = socket_.get(zmq::sockopt::last_endpoint);
    thread_ = std::thread([this] { serve(); });
  }
  ~foreign_service() {
    leaving_ = true;
    thread_.join();
  }
  const std::string& endpoint() const { return endpoint_; }
  int asked() const { return asked_; }

 private:
  void serve() {
    while (!leaving_) {
      zmq::message_t frame;
      if (!socket_.recv(frame)) continue;
      zap::frames all{frame.to_string()};
      while (frame.more()) {
        static_cast<void>(socket_.recv(frame));
        all.push_back(frame.to_string());
      }
      ++asked_;
      const zap::frames reply = answer_(zap::frames(all.begin() + 1, all.end()));
      if (reply.empty()) continue;
      socket_.send(zmq::buffer(all[0]), zmq::send_flags::sndmore);
      for (std::size_t i = 0; i < reply.size(); ++i) {
        const auto more = i + 1 < reply.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
        socket_.send(zmq::buffer(reply[i]), more);
      }
    }
  }

  zmq::context_t context_;
  zmq::socket_t socket_;
  answerer answer_;
  std::string endpoint_;
  std::atomic<bool> leaving_{false};
  std::atomic<int> asked_{0};
  std::thread thread_;
};

// Answers as gate-rpc's service does.
zap::frames only_alice(const zap::frames& r) {
  const bool right = r.size() == 9 && r[3] == "gate" && r[6] == "PLAIN" && r[7] == "alice" && r[8] == "alice's";
  return {"", "1.0", r.at(2), right ? "200" : "400", right ? "OK" : "Invalid password", right ? "alice" : "", ""};
}

broker_options with_service(const std::string& endpoint, std::chrono::milliseconds timeout = 10s) {
  broker_options o;
  o.frontend = o.backend = {"tcp://127.0.0.1:*?auth=plain"};
  o.zap_service = endpoint;
  o.zap_timeout = timeout;
  return o;
}

// Asks until the service is connected: a login before that is put off.
verdict decided_by_service(one_gatekeeper& g, const attempt& what) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  for (;;) {
    verdict v = g.check(what);
    if (v.what != outcome::later || std::chrono::steady_clock::now() > deadline) return v;
  }
}

}  // namespace

TEST_CASE("a broker without a store asks nobody and makes nothing", "[security]") {
  one_gatekeeper g{broker_options()};
  CHECK_FALSE(g.door.decides());
  CHECK(g.door.current() == nullptr);
  g.door.reload();
}

TEST_CASE("a login within a message is checked once, and known again by its proof until the store changes",
          "[security]") {
  const login_files files;
  one_gatekeeper g(files.options("in-message"));
  const verdict first = g.check(by_plain("alice", "alice's"));
  REQUIRE(first.what == outcome::accepted);
  CHECK(first.principal == "alice");
  REQUIRE(first.proven);
  const auto never = [](verdict) { FAIL("the verdict came at once"); };
  const auto again = g.door.check(by_plain("alice", "alice's", &*first.proven), never);
  REQUIRE(again);
  CHECK(again->principal == "alice");
  CHECK(g.check(by_plain("alice", "wrong", &*first.proven)).what == outcome::refused);
  CHECK(g.door.counted().logins.hashed == 2);

  async_event changed;
  g.door.on_change([&](const std::shared_ptr<const snapshot>& now) {
    CHECK(now->find("alice") == nullptr);
    changed.set();
  });
  files.replace_store(without(everybody(), "alice"));
  g.door.reload();
  g.where.run(with_timeout(10s, wait_on(changed)));
  CHECK(g.check(by_plain("alice", "alice's", &*first.proven)).what == outcome::refused);
  CHECK(g.door.counted().reloads == 1);
}

TEST_CASE("others may ask about logins by ZAP, in any domain", "[security]") {
  const login_files files;
  broker_options options = files.options("plain");
  options.zap_bind = {"ipc://" + files.folder.file("zap")};
  const one_gatekeeper g(options);
  CHECK(ask(options.zap_bind[0], plain_request("alice", "alice's")) ==
        zap::frames{"", "1.0", "7", "200", "OK", "alice", ""});
  const zap::frames refused = ask(options.zap_bind[0], plain_request("alice", "wrong"));
  REQUIRE(refused.size() == 7);
  CHECK(refused[3] == "400");
  CHECK(refused[5].empty());
  const std::string key(reinterpret_cast<const char*>(known().kates.public_key.data()), 32);
  CHECK(ask(options.zap_bind[0], {"", "1.0", "8", "", "", "", "CURVE", key})[5] == "kate");
  CHECK(ask(options.zap_bind[0], {"", "1.0", "9", "", "", "", "GSSAPI", "x"})[3] == "500");
  CHECK(g.door.counted().zap_requests == 4);
  CHECK(g.door.counted().zap_malformed == 1);
}

TEST_CASE("an external ZAP service decides in place of the store", "[security]") {
  foreign_service service(only_alice);
  one_gatekeeper g(with_service(service.endpoint()));
  CHECK(decided_by_service(g, by_plain("alice", "alice's")).principal == "alice");
  const int asked = service.asked();
  CHECK(g.check(by_plain("alice", "alice's")).what == outcome::accepted);
  CHECK(service.asked() == asked);  // a positive answer counts for a while
  CHECK(g.check(by_plain("alice", "wrong")).what == outcome::refused);
  CHECK(g.check(by_plain("alice", "wrong")).what == outcome::refused);
  CHECK(service.asked() == asked + 2);  // a negative answer does not
}

TEST_CASE("an external service that is silent, wrong or away puts off, and is asked again", "[security]") {
  std::atomic<bool> speaks{false};
  foreign_service service([&](const zap::frames& r) { return speaks ? only_alice(r) : zap::frames(); });
  one_gatekeeper g(with_service(service.endpoint(), 300ms));
  CHECK(g.check(by_plain("alice", "alice's")).what == outcome::later);
  speaks = true;
  CHECK(decided_by_service(g, by_plain("alice", "alice's")).what == outcome::accepted);

  foreign_service wrong([](const zap::frames& r) { return zap::frames{"", "1.1", r.at(2), "200", "OK", "root", ""}; });
  one_gatekeeper deceived(with_service(wrong.endpoint(), 300ms));
  while (wrong.asked() == 0) CHECK(deceived.check(by_plain("alice", "alice's")).what == outcome::later);

  one_gatekeeper alone(with_service("ipc:///nowhere/at/all", 300ms));
  CHECK(alone.check(by_plain("alice", "alice's")).what == outcome::later);
}

TEST_CASE("the end of the ZAP handler is told, since nobody could come in any more", "[security]") {
  const login_files files;
  one_gatekeeper g(files.options("plain"));
  async_event ended;
  std::string why;
  g.door.on_failure([&](std::string_view text) {
    why = text;
    ended.set();
  });
  REQUIRE(::zmq_ctx_shutdown(g.door.context().handle()) == 0);
  g.where.run(with_timeout(10s, wait_on(ended)));
  CHECK(why.starts_with("the ZAP handler ended, so nobody could come in: "));
}

TEST_CASE("a port that finds no handler lets nobody in", "[security]") {
  // libzmq admits every peer to a CURVE socket without a handler, unless it is told to enforce its domain.
  const login_files files;
  const one_gatekeeper g(files.options("curve"));
  const struct {
    auth how;
    prepare_socket peer;
  } cases[] = {{auth::none, unproven},
               {auth::plain, plain("alice", "alice's")},
               {auth::curve, curve(known().kates, known().brokers.public_key)}};
  for (const auto& [how, peer] : cases) {
    CAPTURE(to_string(how));
    for (const bool handled : {true, false}) {
      zmq::context_t elsewhere;
      zmq::socket_t port(handled ? const_cast<one_gatekeeper&>(g).door.context() : elsewhere, zmq::socket_type::router);
      port.set(zmq::sockopt::linger, 0);
      port.set(zmq::sockopt::handshake_ivl, 500);
      g.door.prepare(port, how);
      port.bind("tcp://127.0.0.1:*");
      const handshake h = log_in(port.get(zmq::sockopt::last_endpoint), peer);
      // The handler is asked for NULL too: there is no `anonymous` principal here.
      CHECK((h.end == handshake::kind::succeeded) == (handled && how != auth::none));
    }
  }
}
