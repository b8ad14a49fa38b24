// Answers and arguments in chunks, as a client takes and sends them.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/adaptors.hpp>
#include <gate/client.hpp>
#include <gate/error.hpp>
#include <gate/huge_data.hpp>
#include <gate/loop.hpp>
#include <gate/task.hpp>
#include <gate/task_group.hpp>
#include <gate/timeout.hpp>

#include "common/hugedata/inlet.hpp"
#include "common/hugedata/outlet.hpp"
#include "tests/unit/client/scripted_broker.hpp"

using namespace gate;
using namespace std::chrono_literals;
using gate::test::heard;
using gate::test::play;
using gate::test::scripted_broker;
namespace flag = gate::message_flag;

namespace {

constexpr std::size_t mib = 1u << 20;

std::string pattern(std::size_t size) {
  std::string raw(size, '\0');
  for (std::size_t i = 0; i < size; ++i) raw[i] = static_cast<char>(i * 31 + i / 977);
  return raw;
}

enum class damage { none, chunk, order, total };

void say_head(scripted_broker& broker, const heard& request, huge_content content, std::optional<std::uint64_t> total) {
  message m;
  m.type = message_type::part;
  m.call = request.call;
  m.flags = flag::no_payload;
  m.content = content;
  m.total_bytes = total;
  m.etag = "v1";
  broker.say(request.peer, m);
}

// Answers in chunks, without waiting for credit.
task<void> answer(scripted_broker& broker, const heard& request, std::string raw, huge_content content,
                  damage what = damage::none, bool ended = true) {
  say_head(broker, request, content, raw.size());
  const heard credit = co_await broker.next();
  CHECK(credit.type == message_type::credit);
  CHECK(credit.credit_bytes >= limits::huge_chunk_bytes);
  huge::outlet out(HugeData::from_memory(std::move(raw)), {});
  std::size_t n = 0;
  for (;;) {
    auto next = out.next();
    auto chunk = co_await std::move(next);
    if (!chunk) break;
    if (what == damage::chunk && n == 1) chunk->payload[chunk->payload.size() / 2] ^= 1;
    if (what == damage::order && n == 1) chunk->offset = 0;
    ++n;
    message m;
    m.type = message_type::part;
    m.call = request.call;
    m.payload = bytes_view(chunk->payload);
    m.encoding = chunk->encoding;
    m.offset = chunk->offset;
    m.checksum = chunk->checksum;
    broker.say(request.peer, m);
  }
  if (!ended) co_return;
  message m;
  m.type = message_type::final;
  m.call = request.call;
  m.flags = flag::no_payload;
  m.total_bytes = out.position() + (what == damage::total ? 1 : 0);
  broker.say(request.peer, m);
}

// Takes arguments that come in chunks.
task<std::string> take_chunks(loop& where, scripted_broker& broker, const heard& request) {
  struct sink final : huge::inlet::events {
    void consumed(std::uint32_t, std::uint32_t) override {}
    void abandoned() override {}
  } told;
  huge::inlet in(where, told);
  huge::head head;
  head.content = request.content.value();
  head.total = request.total;
  CHECK(in.begin(head));
  HugeData data = in.data();
  broker.credit(request, 1000);
  for (;;) {
    const heard part = co_await broker.next();
    CHECK(part.type == message_type::part);
    if (part.has(flag::end_of_parts)) {
      in.end(part.total);
      break;
    }
    huge::arrived_chunk chunk;
    chunk.payload = part.payload;
    chunk.encoding = part.encoding;
    chunk.offset = part.offset;
    chunk.checksum = part.checksum;
    in.part(chunk);
    broker.credit(request, 1);
  }
  auto reading = data.to_memory();
  co_return co_await std::move(reading);
}

task<errc> error_of(task<void> work) {
  errc code = errc::ok;
  try {
    co_await std::move(work);
  } catch (const Error& e) {
    code = e.code();
  }
  co_return code;
}

task<void> read_all(Method method, std::string& into) {
  HugeData data = co_await method().huge();
  while (auto chunk = co_await data.next()) into += *chunk;
}

}  // namespace

TEST_CASE("a huge answer is read as it comes", "[client][huge]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const std::string raw = pattern(3 * mib);
  const auto caller = [&]() -> task<void> {
    HugeData data = co_await client["a"]["file"]().huge();
    CHECK(data.total() == raw.size());
    CHECK(data.etag() == "v1");
    std::string got;
    while (auto chunk = co_await data.next()) got += *chunk;
    CHECK(got == raw);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    CHECK(call.accept == payload_encoding::all);
    CHECK_FALSE(call.has(flag::wants_stream));
    auto answering = answer(broker, call, raw, huge_content::raw);
    co_await std::move(answering);
  };
  play(where, caller(), script());
}

TEST_CASE("a huge answer that does not come in time is told with the name of its call", "[client][huge]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const auto fetch = [&]() -> task<void> { co_await client["a"]["file"]().within(20ms).huge(); };
  const auto caller = [&]() -> task<void> {
    co_await client.ready();
    std::string why;
    try {
      co_await fetch();
    } catch (const Error& e) {
      CHECK(e.code() == errc::timed_out);
      why = e.what();
    }
    CHECK(why == "a.file: no answer within the budget of 20 ms");
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    co_await broker.hears_cancel(call);
  };
  play(where, caller(), script());
}

TEST_CASE("a huge answer to a plain call is collected unseen", "[client][huge]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const std::string text = pattern(2 * mib);
  const auto caller = [&]() -> task<void> {
    const auto value = co_await client["a"]["text"]().as<std::string>();
    CHECK(value == text);
    const auto raw = co_await client["a"]["file"]().as<bytes>();
    CHECK(raw.size() == text.size());
  };
  const auto script = [&]() -> task<void> {
    const heard first = co_await broker.next();
    auto answering = answer(broker, first, encode(text), huge_content::value);
    co_await std::move(answering);
    heard second = co_await broker.next();
    while (second.type == message_type::credit) {
      heard next = co_await broker.next();
      second = std::move(next);
    }
    auto again = answer(broker, second, text, huge_content::raw);
    co_await std::move(again);
  };
  play(where, caller(), script());
}

TEST_CASE("a small answer is a HugeData too", "[client][huge]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const auto caller = [&]() -> task<void> {
    std::string got;
    auto reading = read_all(client["a"]["file"], got);
    co_await std::move(reading);
    CHECK(got == "small");
    std::string none;
    auto wrong = error_of(read_all(client["a"]["number"], none));
    const errc code = co_await std::move(wrong);
    CHECK(code == errc::invalid_argument);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    broker.finish(call, std::string("small"));
    const heard other = co_await broker.next();
    broker.finish(other, 7);
  };
  play(where, caller(), script());
}

TEST_CASE("a damaged answer is data_loss at once, and its call is cancelled", "[client][huge]") {
  const damage what = GENERATE(damage::chunk, damage::order);
  const bool collected = GENERATE(false, true);
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const auto collect = [&]() -> task<void> { co_await client["a"]["file"]().as<bytes>(); };
  std::string got;
  const auto caller = [&]() -> task<void> {
    auto failing = error_of(collected ? collect() : read_all(client["a"]["file"], got));
    const errc code = co_await std::move(failing);
    CHECK(code == errc::data_loss);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    auto answering = answer(broker, call, pattern(mib), huge_content::raw, what, false);
    co_await std::move(answering);
    heard next = co_await broker.next();
    while (next.type == message_type::credit) {
      heard other = co_await broker.next();
      next = std::move(other);
    }
    CHECK(next.type == message_type::cancel);
    CHECK(next.call == call.call);
  };
  play(where, caller(), script());
}

TEST_CASE("an answer whose end says that there was more is data_loss", "[client][huge]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  std::string got;
  const auto caller = [&]() -> task<void> {
    auto failing = error_of(read_all(client["a"]["file"], got));
    const errc code = co_await std::move(failing);
    CHECK(code == errc::data_loss);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    auto answering = answer(broker, call, pattern(mib), huge_content::raw, damage::total);
    co_await std::move(answering);
  };
  play(where, caller(), script());
}

TEST_CASE("what ends a huge answer reaches its reader behind what came before", "[client][huge]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  std::string got;
  const auto caller = [&]() -> task<void> {
    auto failing = error_of(read_all(client["a"]["file"], got));
    const errc code = co_await std::move(failing);
    CHECK(code == errc::worker_lost);
    CHECK(got == pattern(mib));
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    auto answering = answer(broker, call, pattern(mib), huge_content::raw, damage::none, false);
    co_await std::move(answering);
    broker.fail(call, errc::worker_lost, "it went away");
  };
  play(where, caller(), script());
}

TEST_CASE("an answer larger than the client takes is too_large before a chunk of it came", "[client][huge]") {
  const bool collected = GENERATE(false, true);
  loop where;
  scripted_broker broker(where);
  client_options options(broker.address());
  (collected ? options.huge_value_bytes_max : options.huge_bytes_max) = mib;
  Client client(where, options);
  const auto collect = [&]() -> task<void> { co_await client["a"]["file"]().as<bytes>(); };
  std::string got;
  const auto caller = [&]() -> task<void> {
    auto failing = error_of(collected ? collect() : read_all(client["a"]["file"], got));
    const errc code = co_await std::move(failing);
    CHECK(code == errc::too_large);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    say_head(broker, call, huge_content::raw, 2 * mib);
    auto cancelling = broker.hears_cancel(call);
    co_await std::move(cancelling);
  };
  play(where, caller(), script());
}

TEST_CASE("a HugeData that is dropped, or a call that is given up, is cancelled at the broker", "[client][huge]") {
  const bool begun = GENERATE(true, false);
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const auto fetch = [&]() -> task<void> {
    HugeData data = co_await client["a"]["file"]().huge();
    auto first = co_await data.next();
    CHECK(first.has_value());
  };
  const auto caller = [&]() -> task<void> {
    co_await client.ready();
    bool late = false;
    try {
      co_await with_timeout(begun ? 10s : 100ms, fetch());
    } catch (const timed_out&) {
      late = true;
    }
    CHECK(late != begun);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    if (begun) {
      auto answering = answer(broker, call, pattern(mib), huge_content::raw, damage::none, false);
      co_await std::move(answering);
    }
    heard next = co_await broker.next();
    while (next.type == message_type::credit) {
      heard other = co_await broker.next();
      next = std::move(other);
    }
    CHECK(next.type == message_type::cancel);
  };
  play(where, caller(), script());
}

TEST_CASE("arguments over the threshold leave in chunks", "[client][huge]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const std::string text = pattern(3 * mib);
  const auto caller = [&]() -> task<void> {
    const int result = co_await client["a"]["take"](text, 7).as<int>();
    CHECK(result == 5);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    CHECK(call.has(flag::client_stream));
    CHECK(call.content == huge_content::value);
    CHECK(call.payload.empty());
    CHECK(call.total == encode_arguments(text, 7).size());
    auto taking = take_chunks(where, broker, call);
    const std::string all = co_await std::move(taking);
    CHECK(all == encode_arguments(text, 7));
    broker.finish(call, 5);
  };
  play(where, caller(), script());
}

TEST_CASE("arguments that nobody takes in chunks are sent again as one message, if they fit one", "[client][huge]") {
  const bool fits = GENERATE(true, false);
  loop where;
  scripted_broker broker(where);
  broker.payload_bytes_max = fits ? 16 * mib : 2 * mib;
  Client client(where, broker.address());
  const std::string text = pattern(3 * mib);
  const auto take = [&]() -> task<void> { co_await client["a"]["take"](text).as<void>(); };
  const auto caller = [&]() -> task<void> {
    auto calling = error_of(take());
    const errc code = co_await std::move(calling);
    CHECK(code == (fits ? errc::ok : errc::unsupported));
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    message m;
    m.type = message_type::error;
    m.call = call.call;
    m.status = errc::unsupported;
    m.text = "its dialect has none";
    m.origin = origin::broker;
    broker.say(call.peer, m);
    if (!fits) co_return;
    heard again = co_await broker.next();
    CHECK_FALSE(again.content.has_value());
    CHECK(again.payload == encode_arguments(text));
    broker.finish(again, 1);
  };
  play(where, caller(), script());
}

TEST_CASE("a HugeData among the arguments follows the request", "[client][huge]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const std::string raw = pattern(2 * mib);
  const auto caller = [&]() -> task<void> {
    HugeData data = HugeData::from_memory(raw);
    const int result = co_await client["a"]["take"]("name", std::move(data), 7).as<int>();
    CHECK(result == 5);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    CHECK(call.content == huge_content::raw);
    CHECK(call.payload == std::string("\x93\xa4name\xc7\x00\x48\x07", 10));
    auto taking = take_chunks(where, broker, call);
    const std::string all = co_await std::move(taking);
    CHECK(all == raw);
    broker.finish(call, 5);
  };
  play(where, caller(), script());
}

TEST_CASE("a source that fails fails its call, and cancels it", "[client][huge]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const auto broken = []() -> generator<std::string> {
    co_yield std::string(100, 'x');
    throw Error(errc::failed, "the disk is gone");
  };
  const auto take = [&]() -> task<void> {
    co_await client.ready();
    HugeData data = HugeData::from_chunks(broken());
    co_await client["a"]["take"](std::move(data)).as<void>();
  };
  const auto caller = [&]() -> task<void> {
    auto calling = error_of(take());
    const errc code = co_await std::move(calling);
    CHECK(code == errc::failed);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    auto cancelling = broker.hears_cancel(call);
    co_await std::move(cancelling);
  };
  play(where, caller(), script());
}

TEST_CASE("a caller that has a part already says where to go on", "[client][huge]") {
  loop where;
  scripted_broker broker(where);
  Client client(where, broker.address());
  const auto caller = [&]() -> task<void> {
    HugeData data = co_await client["a"]["file"]().resume(1000, "v1").huge();
    static_cast<void>(data);
  };
  const auto script = [&]() -> task<void> {
    const heard call = co_await broker.next();
    CHECK(call.offset == 1000);
    CHECK(call.etag == "v1");
    broker.finish(call, std::string("all of it"));
  };
  play(where, caller(), script());
}
