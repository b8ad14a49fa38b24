#include "broker/foreign_peers/answer_pace.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace gate;
using namespace gate::broker;

namespace {

constexpr call_id some_call{7};

struct paced {
  explicit paced(credit_grant window, std::size_t held_bytes_max = 1 << 20) : pace(held_bytes_max) {
    message m;
    m.type = message_type::request;
    m.call = some_call;
    m.flags = message_flag::wants_stream;
    m.credit_items = window.items;
    m.credit_bytes = window.bytes;
    pace.request(m);
  }
  void grant(credit_grant more) {
    message m;
    m.type = message_type::credit;
    m.call = some_call;
    m.credit_items = more.items;
    m.credit_bytes = more.bytes;
    pace.credit(m);
  }
  bool say(message_type type, std::string_view payload, call_id call = some_call) {
    message m;
    m.type = type;
    m.call = call;
    m.payload = payload;
    if (type == message_type::part) m.encoding = 2;
    return pace.admit(m);
  }
  bool part(std::string_view payload) { return say(message_type::part, payload); }
  std::vector<std::string> ready() {
    std::vector<std::string> all;
    pace.take_ready([&](const message& m) {
      CHECK(m.call == some_call);
      CHECK(m.encoding == (m.type == message_type::part ? 2 : 0));
      const std::string raw(m.payload.single());
      if (m.type == message_type::part) all.push_back("part " + raw);
      if (m.type == message_type::final) all.push_back("final " + raw);
      if (m.type == message_type::error) all.push_back("error " + std::string(to_string(m.status)));
    });
    return all;
  }
  answer_pace pace;
};

using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("parts within the window pass, those beyond it wait for credit", "[broker]") {
  paced p({2, 100});
  CHECK(p.part("1"));
  CHECK(p.part("2"));
  CHECK_FALSE(p.part("3"));
  CHECK_FALSE(p.part("4"));
  CHECK_FALSE(p.part("5"));
  CHECK(p.ready().empty());
  p.grant({2, 0});
  CHECK(p.ready() == texts{"part 3", "part 4"});
  CHECK_FALSE(p.part("6"));
  p.grant({10, 0});
  CHECK(p.ready() == texts{"part 5", "part 6"});
  CHECK(p.part("7"));
}

TEST_CASE("a huge answer waits for the credit that its head brings about, and the head for none", "[broker]") {
  answer_pace pace(1 << 20);
  message m;
  m.type = message_type::request;
  m.call = some_call;
  m.accept = payload_encoding::gzip;
  pace.request(m);
  message part;
  part.type = message_type::part;
  part.call = some_call;
  part.payload = bytes_view("bytes");
  SECTION("behind its head") {
    message head;
    head.type = message_type::part;
    head.call = some_call;
    head.flags = message_flag::no_payload;
    head.content = huge_content::value;
    CHECK(pace.admit(head));
    CHECK_FALSE(pace.admit(part));
    CHECK_FALSE(pace.admit(part));
    message credit;
    credit.type = message_type::credit;
    credit.call = some_call;
    credit.credit_items = credit.credit_bytes = 1;
    pace.credit(credit);
    int ready = 0;
    pace.take_ready([&](const message& one) { ready += one.payload.single() == "bytes" ? 1 : 0; });
    CHECK(ready == 1);
  }
  SECTION("an item of a stream that nobody asked for is the core's to refuse") { CHECK(pace.admit(part)); }
}

TEST_CASE("bytes are paced as items are, and one item larger than the window passes", "[broker]") {
  paced p({10, 3});
  CHECK(p.part("12345"));
  CHECK_FALSE(p.part("6"));
  p.grant({0, 2});
  CHECK(p.ready().empty());
  p.grant({0, 1});
  CHECK(p.ready() == texts{"part 6"});
}

TEST_CASE("the last word of an answer waits for the parts before it", "[broker]") {
  paced p({1, 100});
  CHECK(p.part("1"));
  CHECK_FALSE(p.part("2"));
  CHECK_FALSE(p.say(message_type::final, "end"));
  p.grant({1, 0});
  CHECK(p.ready() == texts{"part 2", "final end"});
  CHECK(p.pace.held_bytes() == 0);
  CHECK(p.part("a call that is no longer open is the core's to judge"));
}

TEST_CASE("the last word passes when nothing waits, whatever the window", "[broker]") {
  paced p({0, 0});
  CHECK(p.say(message_type::final, "end"));
}

TEST_CASE("of a call that was given up, only the worker's last word remains", "[broker]") {
  paced p({1, 100});
  CHECK(p.part("1"));
  CHECK_FALSE(p.part("2"));
  CHECK_FALSE(p.say(message_type::final, "end"));
  message cancel;
  cancel.type = message_type::cancel;
  cancel.call = some_call;
  p.pace.cancel(cancel.call);
  CHECK(p.ready() == texts{"final end"});
  CHECK(p.pace.held_bytes() == 0);
}

TEST_CASE("what is kept is bounded: a part beyond it passes, for the core to refuse", "[broker]") {
  paced p({1, 100}, 300);
  CHECK(p.part("1"));
  CHECK_FALSE(p.part(std::string(100, 'x')));
  CHECK(p.part(std::string(200, 'x')));
}

TEST_CASE("a last word for which there is no room ends its call in its turn, as too slow", "[broker]") {
  paced p({1, 100}, 1000);
  CHECK(p.part("1"));
  CHECK_FALSE(p.part(std::string(100, 'x')));
  CHECK_FALSE(p.say(message_type::final, std::string(1 << 20, 'x')));
  CHECK(p.pace.held_bytes() < 1000);
  p.grant({2, 1000});
  CHECK(p.ready() == texts{"part " + std::string(100, 'x'), "error too_slow"});
  CHECK(p.pace.held_bytes() == 0);
}

TEST_CASE("calls are paced each for itself, and calls without a stream not at all", "[broker]") {
  paced p({1, 100});
  CHECK(p.part("1"));
  CHECK_FALSE(p.part("2"));
  CHECK(p.say(message_type::part, "other", call_id{8}));
  CHECK(p.say(message_type::final, "other", call_id{8}));
}

TEST_CASE("a long row of kept parts is released in order", "[broker]") {
  constexpr int count = 1000;
  paced p({1, 100'000});
  for (int i = 0; i < count; ++i) CHECK(p.part(std::to_string(i)) == (i == 0));
  for (int i = 1; i < count; ++i) {
    p.grant({1, 0});
    REQUIRE(p.ready() == texts{"part " + std::to_string(i)});
  }
  CHECK(p.pace.held_bytes() == 0);
}
