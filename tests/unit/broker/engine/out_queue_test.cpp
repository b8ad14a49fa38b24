#include "broker/engine/out_queue.hpp"

#include <catch2/catch.hpp>

#include "common/protocol/gate2_own.hpp"
#include "common/transport/payload_owner.hpp"
#include "common/wire/piece_joiner.hpp"
#include "tests/support/heap.hpp"

using namespace gate;
using namespace gate::broker;
using namespace std::chrono_literals;

namespace {

// Takes messages until told not to.
class fake_sender final : public sender {
 public:
  struct taken {
    std::string batch;
    std::optional<std::string> payload;
    const void* payload_data = nullptr;
  };
  delivery send(outgoing& what) override {
    ++attempts;
    if (room == 0) return answer_when_full;
    --room;
    taken t;
    t.batch = what.batch;
    if (what.has_payload) {
      t.payload = what.payload.to_string();
      t.payload_data = what.payload.data();
    }
    all.push_back(std::move(t));
    return delivery::sent;
  }

  int room = 1'000'000;
  int attempts = 0;
  delivery answer_when_full = delivery::blocked;
  std::vector<taken> all;
};

message request(std::uint64_t id, std::string_view payload = "\x90") {
  message m;
  m.type = message_type::request;
  m.call = call_id{id};
  m.service = "s";
  m.method = "m";
  m.payload = payload;
  return m;
}

std::vector<std::uint64_t> calls_in(const fake_sender& sent) {
  std::vector<std::uint64_t> ids;
  for (const auto& t : sent.all) {
    std::optional<bytes_view> payload;
    if (t.payload) payload = *t.payload;
    wire::gate2::reader envelopes(t.batch, payload);
    message m;
    while (envelopes.next(m)) ids.push_back(static_cast<std::uint64_t>(m.call));
    CHECK(envelopes.error() == wire::gate2::parse_error::none);
  }
  return ids;
}

// The queue of one peer, and the transport that it sends to.
struct one_peer {
  buffer_pool spare;
  out_queue queue{spare};
  fake_sender transport;
};

const instant start{};

}  // namespace

TEST_CASE("what is appended in one turn leaves as one batch", "[out_queue]") {
  one_peer peer;
  auto& [spare, queue, transport] = peer;
  for (std::uint64_t id = 1; id <= 3; ++id) queue.append(request(id));
  CHECK(queue.flush(transport, start) == delivery::sent);
  CHECK(transport.all.size() == 1);
  CHECK(calls_in(transport) == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(queue.empty());
  CHECK(queue.bytes() == 0);
}

TEST_CASE("a flush of nothing sends nothing", "[out_queue]") {
  one_peer peer;
  auto& [spare, queue, transport] = peer;
  CHECK(queue.flush(transport, start) == delivery::sent);
  CHECK(transport.attempts == 0);
}

TEST_CASE("a full batch is closed and another begun", "[out_queue]") {
  one_peer peer;
  auto& [spare, queue, transport] = peer;
  const std::string payload(limits::batch_bytes_target / 2, 'x');
  CHECK_FALSE(queue.append(request(1, payload)));
  CHECK(queue.append(request(2, payload)));
  CHECK_FALSE(queue.append(request(3, payload)));
  CHECK(queue.bytes() > 3 * payload.size());
  CHECK(queue.flush(transport, start) == delivery::sent);
  CHECK(transport.all.size() == 2);
  CHECK(calls_in(transport) == std::vector<std::uint64_t>{1, 2, 3});
}

TEST_CASE("a large payload travels as a frame of its own, and shares the frame it came in", "[out_queue]") {
  one_peer peer;
  auto& [spare, queue, transport] = peer;
  const std::string payload(limits::external_payload_bytes_min, 'x');
  zmq::message_t frame(payload.data(), payload.size());
  const bytes_view received(static_cast<const char*>(frame.data()), frame.size());
  payload_owner owner(frame);
  message shared = request(1);
  shared.payload = payload_view(received, &owner);
  CHECK(queue.append(shared));
  CHECK(queue.append(request(2, received)));  // has no owner: copied
  CHECK(queue.flush(transport, start) == delivery::sent);
  REQUIRE(transport.all.size() == 2);
  CHECK(transport.all[0].payload == payload);
  CHECK(transport.all[0].payload_data == frame.data());
  CHECK(transport.all[1].payload == payload);
  CHECK(transport.all[1].payload_data != frame.data());
  CHECK(calls_in(transport) == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("what the transport does not take is parked, in order, and sent later", "[out_queue]") {
  one_peer peer;
  auto& [spare, queue, transport] = peer;
  transport.room = 0;
  queue.append(request(1));
  CHECK(queue.flush(transport, start) == delivery::blocked);
  CHECK(queue.parked());
  queue.append(request(2));
  queue.append(request(3));
  CHECK(queue.flush(transport, start + 5ms) == delivery::blocked);
  CHECK(queue.age(start + 7ms) == 7ms);
  transport.room = 1;
  CHECK(queue.flush(transport, start + 10ms) == delivery::blocked);
  CHECK(queue.age(start + 11ms) == 1ms);  // the age of the present front
  transport.room = 10;
  CHECK(queue.flush(transport, start + 20ms) == delivery::sent);
  CHECK_FALSE(queue.parked());
  CHECK(queue.age(start + 30ms) == 0ms);
  CHECK(calls_in(transport) == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(queue.bytes() == 0);
}

TEST_CASE("of what cannot be sent any more the requests are handed out, in order", "[out_queue]") {
  one_peer peer;
  auto& [spare, queue, transport] = peer;
  transport.room = 1;
  queue.append(request(1));
  CHECK(queue.flush(transport, start) == delivery::sent);
  const std::string large(limits::external_payload_bytes_min, 'y');
  queue.append(request(2, "two"));
  message cancel;
  cancel.type = message_type::cancel;
  cancel.call = call_id{1};
  queue.append(cancel);
  queue.append(request(3, large));
  transport.answer_when_full = delivery::gone;
  CHECK(queue.flush(transport, start) == delivery::gone);
  queue.append(request(4));
  std::vector<std::pair<std::uint64_t, std::string>> unsent;
  queue.take_requests([&](const message& m) {
    unsent.emplace_back(static_cast<std::uint64_t>(m.call), std::string(m.payload.single()));
  });
  REQUIRE(unsent.size() == 3);
  CHECK(unsent[0] == std::pair<std::uint64_t, std::string>(2, "two"));
  CHECK(unsent[1].first == 3);
  CHECK(unsent[1].second == large);
  CHECK(unsent[2].first == 4);
  CHECK(queue.empty());
  CHECK(queue.bytes() == 0);
}

TEST_CASE("the room of large batches goes round among the peers", "[out_queue]") {
  buffer_pool spare;
  fake_sender transport;
  out_queue first(spare), second(spare);
  first.append(request(1, std::string(100'000, 'x')));
  CHECK(first.flush(transport, start) == delivery::sent);
  std::string room = spare.take();
  CHECK(room.capacity() >= 100'000);
  spare.give(std::move(room));
  second.append(request(2));
  CHECK(spare.take().capacity() < 100'000);  // the other one got the large buffer
}

namespace {

// A message of two frames, and one of three.
wire::frame_list two_messages() {
  wire::frame_list list;
  list.add("");
  list.add("first");
  list.end_message();
  list.add("a");
  list.add(std::string(1000, 'b'));
  list.add("");
  list.end_message();
  return list;
}

std::vector<std::string> frames_of(const fake_sender::taken& sent) {
  std::vector<std::string> frames;
  frame_box::unpack(sent.batch, [&](bytes_view frame, bool more) {
    frames.emplace_back(frame);
    CHECK(more == (frames.size() < (frames[0].empty() ? 2u : 3u)));
  });
  return frames;
}

}  // namespace

TEST_CASE("messages of another dialect leave frame by frame, in order, each on its own", "[out_queue]") {
  one_peer peer;
  auto& [spare, queue, transport] = peer;
  transport.room = 1;
  const wire::frame_list list = two_messages();
  queue.append(list, 0, nullptr);
  queue.append(list, 1, nullptr);
  CHECK(queue.bytes() > 1000);
  CHECK(queue.flush(transport, start) == delivery::blocked);
  CHECK(queue.parked());
  CHECK(queue.sent() == 1);
  transport.room = 1;
  CHECK(queue.flush(transport, start + 1ms) == delivery::sent);
  CHECK(queue.sent() == 2);
  CHECK(queue.empty());
  CHECK(queue.bytes() == 0);
  REQUIRE(transport.all.size() == 2);
  CHECK(frames_of(transport.all[0]) == std::vector<std::string>{"", "first"});
  CHECK(frames_of(transport.all[1]) == std::vector<std::string>{"a", std::string(1000, 'b'), ""});
}

TEST_CASE("requests in another dialect that were not sent are handed out as they were given", "[out_queue]") {
  buffer_pool spare;
  out_queue queue(spare);
  const wire::frame_list list = two_messages();
  const message asked = request(7, "arguments");
  queue.append(list, 0, &asked);
  queue.append(list, 1, nullptr);
  std::vector<std::uint64_t> unsent;
  queue.take_requests([&](const message& m) {
    unsent.push_back(static_cast<std::uint64_t>(m.call));
    CHECK(m.payload.single() == "arguments");
    CHECK(m.method == "m");
  });
  CHECK(unsent == std::vector<std::uint64_t>{7});
  CHECK(queue.bytes() == 0);
}

TEST_CASE("a queue that never runs empty does not keep what it has sent", "[out_queue]") {
  one_peer peer;
  auto& [spare, queue, transport] = peer;
  wire::frame_list list;
  list.add("frame");
  list.end_message();
  for (int i = 0; i < 10'000; ++i) {
    queue.append(list, 0, nullptr);
    queue.append(list, 0, nullptr);
    transport.room = i < 5000 ? 1 : 3;
    (void)queue.flush(transport, start);
  }
  CHECK(queue.empty());
  CHECK(queue.sent() == 20'000);
}

#ifndef GATE_TEST_SANITIZERS  // it replaces operator new

TEST_CASE("messages that were sent hold no memory while others wait behind them", "[out_queue]") {
  constexpr std::size_t messages = 100, message_bytes = 12'000;
  one_peer peer;
  auto& [spare, queue, transport] = peer;
  const std::string payload(message_bytes, 'x');
  wire::frame_list list;
  list.add(payload);
  list.end_message();
  const bool framed = GENERATE(true, false);
  const std::ptrdiff_t before = test::held_heap_bytes();
  transport.room = 0;
  for (std::uint64_t id = 1; id <= messages; ++id) {
    if (framed) {
      queue.append(list, 0, nullptr);
    } else {
      queue.append(request(id, payload));
    }
    CHECK(queue.flush(transport, start) == delivery::blocked);
  }
  transport.room = messages / 2;
  CHECK(queue.flush(transport, start) == delivery::blocked);
  transport.all.clear();
  const std::ptrdiff_t waiting = test::held_heap_bytes() - before;
  CHECK(waiting > static_cast<std::ptrdiff_t>(messages / 2 * message_bytes));
  CHECK(waiting < static_cast<std::ptrdiff_t>(messages / 4 * 3 * message_bytes));
  queue.clear();
  CHECK(test::held_heap_bytes() - before < static_cast<std::ptrdiff_t>(message_bytes * 4));
}

#endif

namespace {

// The peer reads all that was sent and answers the marks, until nothing more leaves.
void read_all(out_queue& queue, fake_sender& transport, std::vector<std::uint64_t>& read) {
  gate::peer::piece_joiner joined;
  instant now = start;
  for (std::size_t at = 0; at < transport.all.size(); ++at) {
    const fake_sender::taken sent = transport.all[at];
    std::optional<bytes_view> payload;
    if (sent.payload) payload = *sent.payload;
    wire::gate2::reader envelopes(sent.batch, payload);
    message m;
    while (envelopes.next(m)) {
      if (m.type == wire::gate2::type_piece) {
        if (joined.add(m, 1u << 30) != gate::peer::piece_joiner::outcome::whole) continue;
        const std::string whole = joined.take();
        wire::gate2::reader inner(whole);
        message inside;
        while (inner.next(inside)) read.push_back(static_cast<std::uint64_t>(inside.call));
      } else if (m.type == wire::gate2::type_mark) {
        message answer;
        answer.type = wire::gate2::type_marked;
        answer.offset = m.offset;
        now += 1s;  // a slow link
        CHECK(queue.answered(answer, now));
        CHECK(queue.flush(transport, now) == delivery::sent);
      } else {
        read.push_back(static_cast<std::uint64_t>(m.call));
      }
    }
  }
}

}  // namespace

TEST_CASE("a paced queue sends what is large in pieces, and what is small before them", "[out_queue]") {
  one_peer peer;
  auto& [spare, queue, transport] = peer;
  queue.pace();
  const std::string large(900'000, 'x');
  queue.append(request(1, large));
  queue.append(request(2, large));
  queue.append(request(3));
  CHECK(queue.flush(transport, start) == delivery::sent);
  CHECK_FALSE(queue.empty());
  CHECK(queue.held());
  CHECK(queue.bytes() > large.size());
  std::size_t sent = 0;
  for (const auto& each : transport.all) sent += each.batch.size();
  CHECK(sent < 150'000);
  std::vector<std::uint64_t> read;
  read_all(queue, transport, read);
  CHECK(read == std::vector<std::uint64_t>{3, 1, 2});
  CHECK(queue.empty());
  CHECK(queue.bytes() == 0);
}

TEST_CASE("requests that wait in a paced queue are handed out, behind those that had not left", "[out_queue]") {
  one_peer peer;
  auto& [spare, queue, transport] = peer;
  queue.pace();
  const std::string large(900'000, 'x');
  queue.append(request(1, large));
  CHECK(queue.flush(transport, start) == delivery::sent);
  queue.append(request(2, large));
  queue.append(request(3));
  std::vector<std::uint64_t> unsent;
  queue.take_requests([&](const message& m) { unsent.push_back(static_cast<std::uint64_t>(m.call)); });
  CHECK(unsent == std::vector<std::uint64_t>{3, 1, 2});  // of the first message a part had left
  CHECK(queue.empty());
  CHECK(queue.bytes() == 0);
}

TEST_CASE("what waits for the answer to a mark grows old, though the transport takes everything", "[out_queue]") {
  buffer_pool spare;
  out_queue queue(spare);
  queue.pace();
  fake_sender transport;
  queue.append(request(1, std::string(900'000, 'x')));
  CHECK(queue.flush(transport, start) == delivery::sent);
  CHECK_FALSE(queue.parked());
  CHECK(queue.age(start + 7s) == 7s);
  CHECK(queue.awaited() != 0);
  queue.moved(start + 7s);
  CHECK(queue.age(start + 9s) == 2s);
  std::vector<std::uint64_t> read;
  read_all(queue, transport, read);
  CHECK(queue.age(start + 60s) == 0s);
  CHECK(queue.awaited() == 0);
}

TEST_CASE("the answer to a mark is waited for from when the transport takes it, however long it refused it",
          "[out_queue]") {
  one_peer peer;
  auto& [spare, queue, transport] = peer;
  queue.pace();
  // Waits behind messages that the transport takes one by one, one each 6 s.
  transport.room = 0;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    queue.append(request(id, std::string(6'000, 'x')));
    CHECK(queue.flush(transport, start) == delivery::blocked);
  }
  queue.append(request(4, std::string(900'000, 'x')));
  instant now = start;
  while (queue.flush(transport, now) == delivery::blocked) {
    REQUIRE(now < start + 600s);
    CHECK(queue.held());
    CHECK(queue.age(now + 6s) == 6s);
    now += 6s;
    transport.room = 1;
  }
  REQUIRE(now >= start + 18s);
  CHECK_FALSE(queue.parked());
  CHECK(queue.held());
  CHECK(queue.age(now) == 0s);
  CHECK(queue.age(now + 7s) == 7s);  // for the answer
}

TEST_CASE("an answer to a mark that was not sent is told", "[out_queue]") {
  buffer_pool spare;
  out_queue queue(spare);
  queue.pace();
  message answer;
  answer.type = wire::gate2::type_marked;
  answer.offset = 7;
  CHECK_FALSE(queue.answered(answer, start));
}
