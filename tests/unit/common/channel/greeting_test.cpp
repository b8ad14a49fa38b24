#include "common/channel/src/greeting.hpp"

#include <array>
#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.hpp>

#include <gate/event.hpp>
#include <gate/limits.hpp>
#include <gate/loop.hpp>
#include <gate/sleep.hpp>
#include <gate/task.hpp>
#include <gate/timeout.hpp>

#include "common/channel/channel.hpp"
#include "common/channel/src/inquiry.hpp"
#include "common/credentials/curve_key.hpp"
#include "common/transport/lookup.hpp"
#include "tests/support/guarded_router.hpp"
#include "tests/support/raw_peer.hpp"
#include "tests/support/scratch_folder.hpp"

using gate::test::scratch_folder;
using namespace gate;
using namespace std::chrono_literals;
using gate::test::guard;
using gate::test::guarded_router;

namespace {

// How one attempt to connect ended.
struct outcome {
  bool connected = false;
  errc why = errc::ok;
  std::string text;
  bool says(std::string_view part) const { return text.find(part) != std::string::npos; }
};

class attempt final : public peer::channel::handler {
 public:
  attempt(const std::string& endpoint, const credentials& shown, std::chrono::milliseconds login_timeout = 10s,
          std::chrono::milliseconds connect_timeout = 0s)
      : channel_(here_, options(endpoint, shown, login_timeout, connect_timeout), *this) {}

  outcome run() {
    seen_ = {};
    over_.reset();
    here_.run(with_timeout(20s, wait()));
    return seen_;
  }

 private:
  static peer::channel_options options(const std::string& endpoint, const credentials& shown,
                                       std::chrono::milliseconds login_timeout,
                                       std::chrono::milliseconds connect_timeout) {
    peer::channel_options o;
    o.endpoint = endpoint;
    o.connect_timeout = connect_timeout;
    o.shown = shown;
    o.login_timeout = login_timeout;
    o.frame_bytes_max = limits::frame_bytes_max;
    o.out_queue_bytes_max = 1u << 20;
    o.messages_per_turn_max = limits::messages_per_turn_max;
    return o;
  }
  task<void> wait() {
    channel_.open();
    co_await over_.wait();
  }
  void connected() override {
    seen_.connected = true;
    over_.set();
  }
  void ended(errc why, std::string_view text) override {
    seen_.why = why;
    seen_.text = text;
    over_.set();
  }
  void received(const message&) override {}
  void malformed(std::string_view) override {}
  void flushed() override {}

  loop here_;
  outcome seen_;
  async_event over_;
  peer::channel channel_;
};

task<void> set(async_event& event) { co_await event.wait(); }

outcome attempt_at(const std::string& endpoint, const credentials& shown) { return attempt(endpoint, shown).run(); }

credentials alice() { return credentials::plain("alice", "opensesame"); }

credentials keys_for(const std::string& server_key) {
  const scratch_folder folder;
  write_curve_file(folder.file("own.key"), make_curve_pair());
  return credentials::curve(folder.file("own.key"), server_key);
}

int listen_at_port(std::string& endpoint) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(listener, plain, size) == 0);
  REQUIRE(::listen(listener, 8) == 0);
  REQUIRE(::getsockname(listener, plain, &size) == 0);
  endpoint = "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  return listener;
}

int listen_at_path(const std::string& path, std::string& endpoint) {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener, 8) == 0);
  endpoint = "ipc://" + path;
  return listener;
}

// Accepts connections and ends them at once, as a load balancer without servers does. It can say something before that,
// or not end them.
class dead_end {
 public:
  explicit dead_end(const std::string& words = {}, bool stays = false, const std::string& path = {})
      : listener_(path.empty() ? listen_at_port(endpoint) : listen_at_path(path, endpoint)) {
    thread_ = std::thread([this, words, stays] {
      for (int one = 0; (one = ::accept(listener_, nullptr, nullptr)) >= 0;) {
        ++connections_;
        if (!words.empty()) {
          std::array<char, 10> greeting{};  // read: closing with unread bytes would discard the words that were sent
          if (::recv(one, greeting.data(), greeting.size(), MSG_WAITALL) < 0) greeting = {};
          if (::recv(one, greeting.data(), greeting.size(), MSG_DONTWAIT) < 0) greeting = {};
          if (::send(one, words.data(), words.size(), MSG_NOSIGNAL) < 0) greeting = {};
        }
        if (stays) {
          open_.push_back(one);
        } else {
          ::close(one);
        }
      }
    });
  }
  dead_end(const dead_end&) = delete;
  dead_end& operator=(const dead_end&) = delete;
  ~dead_end() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    for (const int one : open_) ::close(one);
    ::close(listener_);
  }
  std::string endpoint;
  int connections() const noexcept { return connections_; }

 private:
  const int listener_;
  std::atomic<int> connections_{0};
  std::vector<int> open_;  // for the thread only
  std::thread thread_;
};

// Gives a host name two addresses while it lives.
class two_addresses {
 public:
  two_addresses(std::string first, std::string second) {
    stood_for = {std::move(first), std::move(second)};
    peer::answer_lookups_by([](const std::string&) { return peer::found_addresses{stood_for, {}}; });
  }
  two_addresses(const two_addresses&) = delete;
  two_addresses& operator=(const two_addresses&) = delete;
  ~two_addresses() { peer::answer_lookups_by(nullptr); }

 private:
  static inline std::vector<std::string> stood_for;
};

// Says `words` to an inquiry in pieces that end at `ends`. A piece leaves when the inquiry has read the piece before.
class slow_speaker {
 public:
  slow_speaker(const credentials& own, std::string words, std::vector<std::size_t> ends)
      : words_(std::move(words)), ends_(std::move(ends)), listener_(listen_at_port(endpoint_)) {
    inquiry_.emplace(here_, endpoint_, own, [this](const peer::server_facts& facts) { told_ = facts; });
  }
  slow_speaker(const slow_speaker&) = delete;
  slow_speaker& operator=(const slow_speaker&) = delete;
  ~slow_speaker() {
    if (connection_ >= 0) ::close(connection_);
    ::close(listener_);
  }

  // Returns what the inquiry found; nothing if it still waits after it has read everything.
  std::optional<peer::server_facts> run() {
    connection_ = ::accept(listener_, nullptr, nullptr);
    REQUIRE(connection_ >= 0);
    here_.run(with_timeout(20s, speak()));
    return told_;
  }

 private:
  task<void> speak() {
    std::size_t said = 0;
    for (const std::size_t end : ends_) {
      if (::send(connection_, words_.data() + said, end - said, MSG_NOSIGNAL) < 0) co_return;
      said = end;
      while (!told_ && inquiry_->heard_bytes() < said) co_await sleep_for(100us);
      if (told_) co_return;
    }
  }

  std::string words_;
  std::vector<std::size_t> ends_;
  std::string endpoint_;
  const int listener_;
  int connection_ = -1;
  loop here_;
  std::optional<peer::server_facts> told_;
  std::optional<peer::inquiry> inquiry_;
};

// Ways to cut this many bytes: not at all, after each byte, and in two at each place.
std::vector<std::vector<std::size_t>> all_cuts(std::size_t bytes) {
  std::vector<std::vector<std::size_t>> cuts{{bytes}, {}};
  for (std::size_t at = 1; at < bytes; ++at) cuts.push_back({at, bytes});
  for (std::size_t at = 1; at <= bytes; ++at) cuts[1].push_back(at);
  return cuts;
}

}  // namespace

TEST_CASE("a greeting counts the same in whatever pieces it comes", "[peer]") {
  using gate::test::raw_tcp;
  const std::string ready = raw_tcp::command("READY", raw_tcp::property("Socket-Type", "PUB"));
  const std::string welcome = raw_tcp::command("WELCOME", std::string(160, 'x'));
  const credentials keys = keys_for(to_z85(make_curve_pair().public_key));
  SECTION("without credentials") {
    const std::string words = raw_tcp::greeting() + ready;
    for (const auto& ends : all_cuts(words.size())) {
      const auto told = slow_speaker(credentials(), words, ends).run();
      INFO("first piece of " << ends.front());
      REQUIRE(told);
      CHECK(told->mechanism == "NULL");
      CHECK(told->socket_type == "PUB");
    }
  }
  SECTION("with keys") {
    const std::string words = raw_tcp::greeting("CURVE") + welcome.substr(0, 12);
    for (const auto& ends : all_cuts(words.size())) {
      const auto told = slow_speaker(keys, words, ends).run();
      INFO("first piece of " << ends.front());
      REQUIRE(told);
      CHECK(told->mechanism == "CURVE");
      CHECK(told->reads_us);
    }
  }
  SECTION("of one that asks for something else") {
    const std::string words = raw_tcp::greeting("PLAIN");
    for (const auto& ends : all_cuts(words.size())) {
      const auto told = slow_speaker(credentials(), words, ends).run();
      REQUIRE(told);
      CHECK(told->mechanism == "PLAIN");
    }
  }
}

TEST_CASE("a command of a stranger that claims more than it has, or less, is read within its bounds", "[peer]") {
  using gate::test::raw_tcp;
  const std::string type = raw_tcp::property("Socket-Type", "PUB");
  const std::string head = type.substr(0, type.size() - 4);  // without the value's size and the value
  const auto command = [](const std::string& body, std::size_t claimed) {
    return std::string{'\4', static_cast<char>(claimed)} + body;
  };
  for (const auto& [after, name] : std::vector<std::pair<std::string, std::string>>{
           {command("", 0), ""},
           {command(head, head.size()), ""},
           {command(head + '\xff', head.size() + 1), ""},
           {command(head + "\xff" + "PUB", head.size() + 4), "PUB"},
           {command(type, 0), ""},  // the bytes after the command are not part of it
           {command(type, type.size() - 1), "PU"},
           {std::string("\6\xff\xff\xff\xff\xff\xff\xff\xff", 9) + std::string(300, '\xff'), ""}}) {
    const std::string words = raw_tcp::greeting() + after;
    const auto told = slow_speaker(credentials(), words, {words.size()}).run();
    REQUIRE(told);
    CHECK(told->mechanism == "NULL");
    CHECK(told->socket_type == name);
  }
  const std::string unfinished = raw_tcp::greeting() + command(type, 255);
  CHECK_FALSE(slow_speaker(credentials(), unfinished, {unfinished.size()}).run());
}

TEST_CASE("user and password are shown to a broker that asks for them", "[peer]") {
  guarded_router router(guard::plain);
  CHECK(attempt_at(router.endpoint, alice()).connected);
  const std::vector<std::string> asked = router.last_asked();
  REQUIRE(asked.size() == 8);
  CHECK(asked[5] == "PLAIN");
  CHECK(asked[6] == "alice");
  CHECK(asked[7] == "opensesame");
}

TEST_CASE("a key is shown to a broker that asks for it", "[peer]") {
  guarded_router router(guard::curve);
  const credentials keys = keys_for(router.server_key);
  CHECK(attempt_at(router.endpoint, keys).connected);
  const std::vector<std::string> asked = router.last_asked();
  REQUIRE(asked.size() == 7);
  CHECK(asked[5] == "CURVE");
  CHECK(to_string(keys).size() == std::string("public key ").size() + 40);
}

TEST_CASE("who is refused is told so at once, and never what is secret", "[peer]") {
  SECTION("user and password") {
    guarded_router router(guard::plain);
    router.answer({"400"});
    const outcome end = attempt_at(router.endpoint, alice());
    CHECK(end.why == errc::unauthenticated);
    CHECK(end.says("does not admit user 'alice'"));
    CHECK(end.says(router.endpoint));
    CHECK_FALSE(end.says("opensesame"));
  }
  SECTION("a key") {
    guarded_router router(guard::curve);
    router.answer({"400"});
    const outcome end = attempt_at(router.endpoint, keys_for(router.server_key));
    CHECK(end.why == errc::unauthenticated);
    CHECK(end.says("does not admit our public key "));
  }
  SECTION("nothing") {
    guarded_router router(guard::none);
    const outcome end = attempt_at(router.endpoint, credentials());
    CHECK(end.connected);
  }
}

TEST_CASE("trouble of whom the broker asks is no refusal", "[peer]") {
  guarded_router router(guard::plain);
  router.answer({"500", "200"});
  attempt tries(router.endpoint, alice());
  const outcome first = tries.run();
  CHECK(first.why == errc::unavailable);
  CHECK(first.says("cannot tell at the moment"));
  CHECK(tries.run().connected);
}

TEST_CASE("who is put off connects again after a bounded time, and is admitted then", "[peer]") {
  const guard how = GENERATE(guard::plain, guard::curve);
  guarded_router router(how);
  router.answer({"300", "200"});
  attempt tries(router.endpoint, how == guard::plain ? alice() : keys_for(router.server_key),
                1s);  // the time to ask, enough on a slow machine too
  const outcome first = tries.run();
  CHECK(first.why == errc::busy);
  CHECK(first.says("puts us off"));
  CHECK(router.asked() == 1);
  outcome second = tries.run();
  while (!second.connected && second.says("puts us off")) second = tries.run();  // the machine may be slow
  CHECK(second.connected);
}

TEST_CASE("a login that is put off over a unix socket is told as such", "[peer]") {
  const guard how = GENERATE(guard::plain, guard::curve);
  const auto connect_timeout = GENERATE(0ms, 1000ms, 8000ms);  // with 1000 ms the attempt ends before the login does
  const scratch_folder folder;
  guarded_router router(how, "ipc://" + folder.file("socket"));
  router.answer({"300"});
  const outcome end =
      attempt(router.endpoint, how == guard::plain ? alice() : keys_for(router.server_key), 1000ms, connect_timeout)
          .run();
  INFO(end.text);
  CHECK(end.why == errc::busy);
  CHECK(end.says("puts us off"));
  CHECK(router.asked() == 1);
}

TEST_CASE("a login may take what the attempt has left, however short that is", "[peer]") {
  const dead_end undecided(gate::test::raw_tcp::greeting("PLAIN"), true);
  attempt tries(undecided.endpoint, alice(), 1000ms, 1000ms);
  const auto began = std::chrono::steady_clock::now();
  const outcome end = tries.run();
  CHECK(std::chrono::steady_clock::now() - began >= 820ms);  // not at 750 ms, when the greeting is checked
  CHECK(end.why == errc::busy);
  CHECK(end.says("puts us off"));
  CHECK(undecided.connections() == 1);
}

// A server that decides at once hangs up on a peer that it puts off. If the decision takes a while, the server is
// silent.
TEST_CASE("a server that hangs up on who is put off is not taken for one with another key", "[peer]") {
  guarded_router router(guard::curve);
  const credentials right = keys_for(router.server_key), wrong = keys_for(to_z85(make_curve_pair().public_key));
  const auto asked = [&](const credentials& own) {
    loop here;
    async_event over;
    peer::server_facts told;
    peer::inquiry inquiry(here, router.endpoint, own, [&](const peer::server_facts& facts) {
      told = facts;
      over.set();
    });
    here.run(with_timeout(20s, set(over)));
    return told;
  };
  const peer::server_facts reads = asked(right);
  CHECK(reads.mechanism == "CURVE");
  CHECK(reads.reads_us);
  const peer::verdict put_off = peer::of_server(reads, right, router.endpoint);
  CHECK(put_off.why == errc::busy);
  CHECK(put_off.text.find("puts us off") != std::string::npos);

  const peer::server_facts does_not = asked(wrong);
  CHECK(does_not.mechanism == "CURVE");
  CHECK_FALSE(does_not.reads_us);
  CHECK(peer::of_server(does_not, wrong, router.endpoint).why == errc::unauthenticated);
  CHECK(router.asked() == 0);
}

TEST_CASE("a wrong key of the server is told from a dead end", "[peer]") {
  guarded_router router(guard::curve);
  const outcome wrong = attempt_at(router.endpoint, keys_for(to_z85(make_curve_pair().public_key)));
  CHECK(wrong.why == errc::unauthenticated);
  CHECK(wrong.says("server_key is not its public key"));
  CHECK(router.asked() == 0);

  dead_end nobody;
  const outcome hung_up = attempt_at(nobody.endpoint, keys_for(router.server_key));
  CHECK(hung_up.why == errc::unavailable);
  CHECK(hung_up.says("it hangs up while greeting"));
  CHECK(attempt_at(nobody.endpoint, alice()).why == errc::unavailable);
  CHECK(attempt_at(nobody.endpoint, credentials()).why == errc::unavailable);
}

TEST_CASE("credentials of another kind than the broker asks for are refused with what it may want", "[peer]") {
  guarded_router open(guard::none), plain(guard::plain), curve(guard::curve);
  const credentials keys = keys_for(curve.server_key);
  const auto refused = [](const guarded_router& by, const credentials& shown, std::string_view text) {
    const outcome end = attempt_at(by.endpoint, shown);
    INFO(end.text);
    CHECK(end.why == errc::unauthenticated);
    CHECK(end.says(text));
  };
  refused(plain, credentials(), "asks for user and password (PLAIN), and we have none");
  refused(curve, credentials(), "asks for keys (CURVE), and we have none");
  refused(open, alice(), "asks for no credentials, and we have user and password");
  refused(curve, alice(), "asks for keys (CURVE), and we have user and password");
  refused(open, keys, "asks for no credentials, and we have keys");
  refused(plain, keys, "asks for user and password (PLAIN), and we have keys");
}

TEST_CASE("something that answers and is no broker is told as what it is", "[peer]") {
  const bool stays = GENERATE(false, true);
  for (const auto& [words, language] :
       std::vector<std::pair<std::string, std::string>>{{"HTTP/1.1 400 Bad Request\r\n\r\n", "it speaks HTTP"},
                                                        {"SSH-2.0-OpenSSH_9.2p1\r\n", "it speaks SSH"},
                                                        {std::string("\x15\3\1\0\2\2\x16", 7), "it speaks TLS"},
                                                        {"220 mail.example ESMTP\r\n", "it speaks FTP or SMTP"},
                                                        {"-ERR unknown command\r\n", "it does not speak ZeroMQ"}}) {
    const dead_end stranger(words, stays);
    attempt tries(stranger.endpoint, credentials(), 10s, 2s);
    if (!stays) CHECK(tries.run().why == errc::unavailable);  // the second attempt knows this too
    const outcome end = tries.run();
    CHECK(end.why == errc::unavailable);
    CHECK(end.text == "something answers at '" + stranger.endpoint + "', but it is no gate broker: " + language);
  }
}

TEST_CASE("a ZeroMQ socket of another type is told as what it is", "[peer]") {
  for (const auto& [type, name] :
       std::vector<std::pair<zmq::socket_type, std::string>>{{zmq::socket_type::pub, "PUB"},
                                                             {zmq::socket_type::sub, "SUB"},
                                                             {zmq::socket_type::pull, "PULL"},
                                                             {zmq::socket_type::push, "PUSH"},
                                                             {zmq::socket_type::pair, "PAIR"},
                                                             {zmq::socket_type::req, "REQ"}}) {
    zmq::context_t context;
    zmq::socket_t other(context, type);
    other.set(zmq::sockopt::linger, 0);
    other.bind("tcp://127.0.0.1:*");
    const std::string endpoint = other.get(zmq::sockopt::last_endpoint);
    const outcome end = attempt(endpoint, credentials(), 10s, 2s).run();
    CHECK(end.why == errc::unavailable);
    CHECK(end.text ==
          "something answers at '" + endpoint + "', but it is no gate broker: it is a ZeroMQ socket of type " + name);
  }
}

TEST_CASE("what a stranger calls its socket is not repeated unless it is a type of ZeroMQ", "[peer]") {
  const auto text = [](const std::string& type) {
    return peer::of_server({"NULL", false, type, {}}, credentials(), "tcp://host:1").text;
  };
  const std::string begin = "something answers at 'tcp://host:1', but it is no gate broker: it is a ZeroMQ socket ";
  CHECK(text("XPUB") == begin + "of type XPUB");
  for (const std::string strange : {"\x1b[2J\x1b[1m", "\r\nroot: ok", "pub", "ROUTER2", "PUB\n", "\xff\xfe"}) {
    CHECK(text(strange) == begin + "of an unknown type");
  }
  CHECK(text(std::string("PUB\0", 4)) == begin + "of an unknown type");
}

TEST_CASE("what takes connections and says nothing is told so, with credentials and without", "[peer]") {
  const dead_end mute({}, true);
  const bool with = GENERATE(false, true);
  const outcome end = attempt(mute.endpoint, with ? alice() : credentials(), 500ms, 500ms).run();
  CHECK(end.why == errc::unavailable);
  CHECK(end.text == "something takes connections at '" + mute.endpoint +
                        "' and says nothing: it is no gate broker, or one that stands still");
}

TEST_CASE("over a unix socket what is no broker is told as what it is before the attempt is over", "[peer]") {
  const scratch_folder folder;
  SECTION("says something") {
    const dead_end http("HTTP/1.1 400 Bad Request\r\n\r\n", true, folder.file("socket"));
    const outcome end = attempt(http.endpoint, credentials(), 10s, 1s).run();
    CHECK(end.why == errc::unavailable);
    CHECK(end.says("it speaks HTTP"));
  }
  SECTION("says nothing") {
    const dead_end mute({}, true, folder.file("socket"));
    const auto began = std::chrono::steady_clock::now();
    const outcome end = attempt(mute.endpoint, credentials(), 10s, 2s).run();
    CHECK(end.why == errc::unavailable);
    CHECK(end.says("says nothing"));
    CHECK(std::chrono::steady_clock::now() - began < 8s);
  }
}

TEST_CASE("who hangs up on everybody is not asked twice for each attempt", "[peer]") {
  const dead_end full;
  attempt tries(full.endpoint, credentials());
  for (int i = 0; i < 16; ++i) {
    CHECK(tries.run().text ==
          "something answers at '" + full.endpoint +
              "', but it hangs up while greeting: it is no gate broker, or takes no connection now");
  }
  CHECK(full.connections() <= 17);
}

TEST_CASE("each address of a name is told as what is there", "[peer]") {
  const dead_end http("HTTP/1.1 400 Bad Request\r\n\r\n"), full;
  const bool http_first = GENERATE(true, false);
  const two_addresses known(http_first ? http.endpoint : full.endpoint, http_first ? full.endpoint : http.endpoint);
  attempt tries("tcp://broker.example:1", credentials());
  for (int i = 0; i < 3; ++i) {  // first with an inquiry, later with its result
    const outcome end = tries.run();
    INFO(end.text);
    const std::size_t speaks = end.text.find("it speaks HTTP"), hangs_up = end.text.find("it hangs up while greeting");
    REQUIRE(speaks != std::string::npos);
    REQUIRE(hangs_up != std::string::npos);
    CHECK((speaks < hangs_up) == http_first);
  }
}
