// Both versions of Majordomo: the part of their conformance list that is about frames.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/limits.hpp>

#include "tests/support/foreign_frames.hpp"
#include "tests/support/mdp_frames.hpp"

using namespace gate;
using namespace gate::wire;
using samples::answer_to;
using samples::foreign_harness;
using samples::frames;
using samples::mdp_version;
using samples::views_of;
using outcome = received::outcome;

namespace {

const std::string none = std::string();

mdp_version either() { return GENERATE(false, true) ? mdp_version::second_one() : mdp_version::first_one(); }

struct a_client {
  explicit a_client(const mdp_version& v, const foreign_options& options = {}) : version(v), peer(v.layout, options) {}

  message open(const frames& body = {"Hello world"}) {
    frames rest{"echo"};
    rest.insert(rest.end(), body.begin(), body.end());
    const received r = wire.hear(version.client(rest));
    REQUIRE(r.what == outcome::taken);
    return r.messages().back();
  }

  mdp_version version;
  mdp::client_peer peer;
  foreign_harness wire{peer, {}, {}, {}};
};

struct a_worker {
  explicit a_worker(const mdp_version& v, bool registered = true) : version(v), peer(v.layout) {
    if (registered) CHECK(wire.hear(v.worker(v.ready(), {"echo"})).messages().size() == 1);
  }

  frames give(std::uint64_t call, bytes_view payload, std::string_view method = "call", std::uint8_t flags = 0) {
    message m;
    m.type = message_type::request;
    m.call = call_id{call};
    m.method = method;
    m.payload = payload;
    m.flags = flags;
    const std::vector<frames> said = wire.say(m);
    return said.empty() ? frames{} : said[0];
  }

  mdp_version version;
  mdp::worker_peer peer;
  foreign_harness wire{peer, {}, {}, {}};
};

// The message that a worker gets for a client's body, and the message that the client gets for the worker's reply.
struct a_pair {
  explicit a_pair(const mdp_version& at_client, const mdp_version& at_worker) : client(at_client), worker(at_worker) {}

  frames request(const frames& body) {
    message m = client.open(body);
    call = m.call;
    m.call = call_id{9};
    const std::vector<frames> said = worker.wire.say(m);
    REQUIRE(said.size() == 1);
    const std::size_t head = worker.version.second ? 4 : 5;
    return frames(said[0].begin() + static_cast<std::ptrdiff_t>(head), said[0].end());
  }
  std::vector<frames> answer(const std::string& command, const frames& body) {
    const received r = worker.wire.hear(worker.version.answer(command, 9, body));
    REQUIRE(r.messages().size() == 1);
    message m = r.messages()[0];
    m.call = call;
    return client.wire.say(m);
  }

  a_client client;
  a_worker worker;
  call_id call{};
};

}  // namespace

// --- clients ---------------------------------------------------------------------------------------------------------

TEST_CASE("a Majordomo client's first request is preceded by a hello", "[wire][mdp]") {
  a_client c(either());
  const received r = c.wire.hear(c.version.client({"echo", "Hello world"}));
  REQUIRE(r.messages().size() == 2);
  CHECK(r.messages()[0].type == message_type::hello);
  CHECK(r.messages()[1].service == "echo");
  CHECK(r.messages()[1].method == "call");
  CHECK(r.messages()[1].payload.single() == "\x91\xc4\x0bHello world");
  CHECK(c.wire.hear(c.version.client({"echo", "Hello world"})).messages().size() == 1);
}

TEST_CASE("a Majordomo client's message that lacks a frame is refused", "[wire][mdp]") {
  const mdp_version v = either();
  const frames whole = v.client({"echo", "body"});
  for (std::size_t n = 0; n < whole.size(); ++n) {
    a_client c(v);
    CHECK(c.wire.hear(frames(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n))).what == outcome::refused);
    CHECK(c.wire.out.empty());
  }
}

TEST_CASE("a service's name has one to 255 bytes, of any kind", "[wire][mdp]") {
  const mdp_version v = either();
  for (const auto& [name, good] : std::vector<std::pair<std::string, bool>>{{none, false},
                                                                            {"x", true},
                                                                            {"\xc3\xa9\xff", true},
                                                                            {std::string(255, 's'), true},
                                                                            {std::string(256, 's'), false}}) {
    a_client c(v);
    CHECK((c.wire.hear(v.client({name, "b"})).what == outcome::taken) == good);
    a_worker w(v, false);
    const received r = w.wire.hear(v.worker(v.ready(), {name}));
    CHECK((r.what == outcome::taken) == good);
    if (good) CHECK(r.messages()[0].service == name);
  }
}

TEST_CASE("replies go out in the order in which they come, each with its service's name", "[wire][mdp]") {
  const mdp_version v = either();
  a_client c(v);
  const message first = c.open();
  const message second = c.wire.hear(v.client({"other", "b"})).messages().back();
  CHECK(c.wire.say(answer_to(second, message_type::final,
                             "\xc4\x01"
                             "2")) == std::vector<frames>{v.to_client(3, {"other", "2"})});
  CHECK(c.wire.say(answer_to(first, message_type::final,
                             "\xc4\x01"
                             "1")) == std::vector<frames>{v.to_client(3, {"echo", "1"})});
  CHECK(c.peer.open_calls() == 0);
  CHECK(c.wire
            .say(answer_to(first, message_type::final,
                           "\xc4\x01"
                           "1"))
            .empty());
}

TEST_CASE("an error cannot be told to a Majordomo client", "[wire][mdp]") {
  a_client c(either());
  CHECK(c.wire.say(answer_to(c.open(), message_type::error)).empty());
  CHECK(c.wire.last.what == composed::outcome::dropped);
  CHECK(c.peer.open_calls() == 0);
}

TEST_CASE("a Majordomo client's open calls are bounded", "[wire][mdp]") {
  foreign_options few;
  few.calls_max = 1;
  a_client c(either(), few);
  const message m = c.open();
  CHECK(c.wire.hear(c.version.client({"echo", "b"})).what == outcome::ignored);
  c.wire.say(answer_to(m, message_type::error));
  CHECK(c.wire.hear(c.version.client({"echo", "b"})).what == outcome::taken);
}

TEST_CASE("a compressed answer, which was not asked for, ends the call of a Majordomo client", "[wire][mdp]") {
  a_client c(either());
  const message call = c.open();
  message part = answer_to(call, message_type::part, "zip");
  part.encoding = 1;
  CHECK(c.wire.say(part).empty());
  REQUIRE(c.wire.last.has_back);
  CHECK(c.wire.last.back.type == message_type::cancel);
  CHECK(c.wire.last.back.call == call.call);
  message whole = answer_to(c.open(), message_type::final, "zip");
  whole.encoding = 1;
  CHECK(c.wire.say(whole).empty());
  CHECK(c.wire.last.what == composed::outcome::dropped);
  CHECK(c.peer.open_calls() == 0);
}

TEST_CASE("requests to mmi services are the broker's own", "[wire][mdp]") {
  a_client c(either());
  const received r = c.wire.hear(c.version.client({"mmi.service", "echo"}));
  CHECK(r.for_broker);
  CHECK(c.wire.say(answer_to(r.messages().back(), message_type::final,
                             "\xc4\x03"
                             "200")) == std::vector<frames>{c.version.to_client(3, {"mmi.service", "200"})});
  CHECK_FALSE(c.wire.hear(c.version.client({"xxmmi.service", "echo"})).for_broker);
}

TEST_CASE("a value is bytes to a Majordomo client where it can be", "[wire][mdp]") {
  a_client c(either());
  const auto told = [&](bytes_view value) {
    const frames said = c.wire.say(answer_to(c.open(), message_type::final, value)).at(0);
    return frames(said.begin() + 3, said.end());
  };
  CHECK(told("\xc4\x02"
             "ab") == frames{"ab"});
  CHECK(told("\xa2"
             "ab") == frames{"ab"});
  CHECK(told("\x92\xc4\x01"
             "a\xc4\x01"
             "b") == frames{"a", "b"});
  CHECK(told("\x91\xc4\x01"
             "a") == frames{"\x91\xc4\x01"
                            "a"});
  CHECK(told("\x92\xa1"
             "a\xa1"
             "b") == frames{"\x92\xa1"
                            "a\xa1"
                            "b"});
  CHECK(told("\x2a") == frames{"\x2a"});
  CHECK(told("\xc0") == frames{none});
  message nothing = answer_to(c.open(), message_type::final);
  nothing.flags = message_flag::no_payload;
  CHECK(c.wire.say(nothing)[0].back() == none);
}

// --- workers ---------------------------------------------------------------------------------------------------------

TEST_CASE("a Majordomo worker registers with its service and takes one call at a time", "[wire][mdp]") {
  const mdp_version v = either();
  a_worker w(v, false);
  const received r = w.wire.hear(v.worker(v.ready(), {"echo"}));
  REQUIRE(r.messages().size() == 1);
  CHECK(r.messages()[0].type == message_type::hello);
  CHECK(r.messages()[0].role == peer_role::worker);
  CHECK(r.messages()[0].service == "echo");
  CHECK(r.messages()[0].capacity == 1);
  CHECK(w.wire.out.empty());
}

TEST_CASE("a Majordomo worker that breaks the protocol is refused, and told so by a DISCONNECT", "[wire][mdp]") {
  const mdp_version v = either();
  struct probe {
    frames sent;
    bool registered;
  };
  const std::vector<probe> probes{
      {v.worker(v.ready(), {"echo"}), true},                                     // READY twice
      {v.worker(v.ready()), false},                                              // without a service
      {v.worker(v.ready(), {"echo", "more"}), false},                            // with something after it
      {v.worker(v.heartbeat()), false},                                          // before READY
      {v.answer(v.final(), 9, {"b"}), false},                                    // before READY
      {v.answer(v.final(), 9, {"b"}), true},                                     // without a request
      {v.worker(v.heartbeat(), {"more"}), true},                                 // with something after it
      {v.worker(v.final(), {mdp_version::name_of(9), "b"}), true},               // no delimiter
      {v.worker(v.final(), {mdp_version::name_of(9), "two", none, "b"}), true},  // two addresses
      {v.worker(v.final(), {mdp_version::name_of(9), none}), true},              // no body
      {v.worker(v.request(), {mdp_version::name_of(9), none, "b"}), true},       // a command that only the broker sends
      {v.worker("\x07"), true},                                                  // no command
      {v.worker(none), true},                                                    // an empty one
      {v.worker(v.heartbeat() + v.heartbeat()), true},                           // of two bytes
      {v.client({"echo", "b"}), true},                                           // a client's message
      {{}, true},                                                                // nothing
  };
  for (const probe& p : probes) {
    a_worker w(v, p.registered);
    const received r = w.wire.hear(p.sent);
    CHECK(r.what == outcome::refused);
    CHECK_FALSE(r.why.empty());
    CHECK(w.wire.out.empty());
    message bye;
    bye.type = message_type::bye;
    bye.status = errc::protocol_error;
    CHECK(w.wire.say(bye) == std::vector<frames>{v.worker(v.disconnect())});
    CHECK(w.wire.hear(v.worker(v.heartbeat())).what == outcome::ignored);
    CHECK(w.wire.say(bye).empty());
  }
}

TEST_CASE("a Majordomo worker may leave before READY, idle or busy, and hears nothing more", "[wire][mdp]") {
  const mdp_version v = either();
  for (const bool registered : {false, true}) {
    a_worker w(v, registered);
    if (registered) CHECK_FALSE(w.give(9, "\x90").empty());
    const received r = w.wire.hear(v.worker(v.disconnect()));
    CHECK(r.what == outcome::taken);
    CHECK(r.messages().size() == (registered ? 1 : 0));
    if (registered) CHECK(r.messages()[0].type == message_type::bye);
    message beat;
    beat.type = message_type::heartbeat;
    CHECK(w.wire.say(beat).empty());
    CHECK(w.give(10, "\x90").empty());
    CHECK(w.wire.hear(v.answer(v.final(), 9, {"b"})).what == outcome::ignored);
  }
}

TEST_CASE("a Majordomo worker's call is answered once, by its name", "[wire][mdp]") {
  const mdp_version v = either();
  a_worker w(v);
  CHECK(w.give(9,
               "\x91\xc4\x01"
               "b") == v.answer(v.request(), 9, {"b"}));
  const received r = w.wire.hear(v.answer(v.final(), 9, {"one", "two"}));
  REQUIRE(r.messages().size() == 1);
  CHECK(r.messages()[0].type == message_type::final);
  CHECK(r.messages()[0].call == call_id{9});
  CHECK(r.messages()[0].payload.single() == "\x92\xc4\x03one\xc4\x03two");
  CHECK(w.wire.hear(v.answer(v.final(), 9, {"again"})).what == outcome::refused);
}

TEST_CASE("a call's method and arguments are the frames of a Majordomo worker's request", "[wire][mdp]") {
  a_worker w(either());
  const auto body = [&](bytes_view payload, std::string_view method, std::uint8_t flags = 0) {
    const frames said = w.give(9, payload, method, flags);
    const std::size_t head = w.version.second ? 4 : 5;
    return said.empty() ? said : frames(said.begin() + static_cast<std::ptrdiff_t>(head), said.end());
  };
  CHECK(body("\x92\x01\x02", "add") == frames{"add", "\x92\x01\x02"});
  CHECK(body("\x92\x91\x01\x81\xa1n\x02", "add", message_flag::named) == frames{"add", "\x91\x01", "\x81\xa1n\x02"});
  CHECK(body("\x92\xc4\x01"
             "a\xa1"
             "b",
             "call") == frames{"a", "b"});
  CHECK(body("\x90", "call") == frames{none});
  CHECK(body("\x92\x91\xa1"
             "a\x80",
             "call", message_flag::named) == frames{"a"});

  for (const auto& [payload, flags] : std::vector<std::pair<std::string, std::uint8_t>>{
           {"\x91\x01", 0},
           {"\x80", 0},
           {"\x91", 0},
           {"\x92\x90\x81\xa1n\x01", message_flag::named},
           {"\xdc" + std::string(1, '\0') + "\x41" + std::string(65, '\xa0'), 0}}) {
    CHECK(body(payload, "call", flags).empty());
    REQUIRE(w.wire.last.has_back);
    CHECK(w.wire.last.back.type == message_type::error);
    CHECK(w.wire.last.back.call == call_id{9});
    CHECK(w.wire.last.back.status == errc::invalid_argument);
  }
  CHECK(body("\x90", "add", message_flag::client_stream).empty());
  CHECK(w.wire.last.back.status == errc::unsupported);
}

// --- both ------------------------------------------------------------------------------------------------------------

TEST_CASE("bodies pass between Majordomo peers untouched", "[wire][mdp]") {
  const mdp_version at_client = either();
  const mdp_version at_worker = either();
  a_pair p(at_client, at_worker);
  const std::string all_bytes("\0\x01\x80\xff", 4);
  const std::vector<frames> bodies{{"Hello world"},
                                   {none},
                                   {none, none},
                                   {"a", "b", "c", "d"},
                                   {all_bytes},
                                   {"add", "\x92\x01\x02"},
                                   {"add", "\x92\x01\x02", "\x81\xa1n\x01"},
                                   {"add", "\x92\x01\x02", "\x80"},
                                   {"call", "\x91\x01"},
                                   {"add", "no list"},
                                   {"9", "\x90"},
                                   {"\xc4\x01x"},
                                   {std::string(70'000, 'x')}};
  for (const frames& body : bodies) {
    CHECK(p.request(body) == body);
    frames expected{"echo"};
    expected.insert(expected.end(), body.begin(), body.end());
    CHECK(p.answer(at_worker.final(), body) == std::vector<frames>{at_client.to_client(3, expected)});
  }
}

TEST_CASE("a body that begins like a call calls that method", "[wire][mdp]") {
  a_client c(either());
  const message m = c.open({"add", "\x92\x01\x02"});
  CHECK(m.method == "add");
  CHECK(m.payload.single() == "\x92\x01\x02");
  CHECK_FALSE(m.has(message_flag::named));
  const message n = c.open({"add", "\x91\x01", "\x81\xa1n\x02"});
  CHECK(n.has(message_flag::named));
  CHECK(n.payload.single() == "\x92\x91\x01\x81\xa1n\x02");
  CHECK(c.open({"call", "\x90"}).method == "call");
  CHECK(c.open({"call", "\x90"}).payload.single() ==
        "\x92\xc4\x04"
        "call\xc4\x01\x90");
}
