// Results and arguments that travel in chunks, through a dispatcher.
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/async_generator.hpp>
#include <gate/huge_data.hpp>
#include <gate/sleep.hpp>
#include <gate/value.hpp>

#include "common/hugedata/inlet.hpp"
#include "common/hugedata/outlet.hpp"
#include "tests/unit/common/interface/dispatch_bench.hpp"

namespace {

using namespace std::chrono_literals;
using gate::errc;
using gate::huge_content;
using gate::HugeData;
using gate::message_type;
namespace flag = gate::message_flag;
using gate::test::dispatch_bench;

constexpr std::size_t mib = 1u << 20;

std::string pattern(std::size_t size) {
  std::string raw(size, '\0');
  for (std::size_t i = 0; i < size; ++i) raw[i] = static_cast<char>(i * 31 + i / 977);
  return raw;
}

struct watched {
  bool* gone = nullptr;
  explicit watched(bool& told) : gone(&told) {}
  watched(watched&& other) noexcept : gone(std::exchange(other.gone, nullptr)) {}
  watched& operator=(watched&&) = delete;
  ~watched() {
    if (gone != nullptr) *gone = true;
  }
};

gate::task<void> a_while() { co_await gate::sleep_for(1ms); }

gate::async_generator<std::string> endless(bool& gone) {
  const watched here(gone);
  for (;;) {
    std::string piece(64u << 10, 'e');
    co_yield std::move(piece);
    co_await gate::yield();
  }
}

gate::async_generator<std::string> breaking() {
  std::string piece(512u << 10, 'b');
  co_yield std::move(piece);
  throw std::runtime_error("the disk is gone");
}

class Store : public gate::Interface {
 public:
  GATE_INTERFACE(get, get_now, list, endless_answer, broken, size_of, size_of_text, first, read_by_thread, echo, stall)
  GATE_DOC(get, "so many bytes", size)

  gate::task<HugeData> get(std::size_t size) { co_return HugeData::from_memory(pattern(size)); }
  HugeData get_now(std::size_t size) { return HugeData::from_memory(pattern(size)); }
  std::string list(std::size_t size) { return pattern(size); }
  gate::task<HugeData> endless_answer() { co_return HugeData::from_chunks(endless(source_gone)); }
  gate::task<HugeData> broken() { co_return HugeData::from_chunks(breaking()); }
  gate::task<std::size_t> size_of(int, HugeData data, std::optional<int>) {
    std::size_t size = 0;
    while (auto chunk = co_await data.next()) size += chunk->size();
    co_return size;
  }
  std::size_t size_of_text(const std::string& text) { return text.size(); }
  gate::task<std::string> first(HugeData data) {
    auto chunk = co_await data.next();
    co_return chunk ? chunk->substr(0, 5) : std::string();
  }
  std::size_t read_by_thread(HugeData data) {
    gate::blocking_huge blocking = std::move(data).blocking();
    std::size_t size = 0;
    for (const std::string& chunk : blocking) size += chunk.size();
    return size;
  }
  gate::task<HugeData> echo(HugeData data) { co_return std::move(data); }
  gate::task<std::size_t> stall(HugeData data) {
    co_await gate::sleep_for(1h);
    co_return data.position();
  }
  bool source_gone = false;
};

struct bench : dispatch_bench<Store> {
  using dispatch_bench<Store>::prepared;
  bench() : dispatch_bench<Store>(real_time{}, options(), 2) {}
  static gate::dispatcher_options options() {
    gate::dispatcher_options o;
    o.huge.threshold = 100'000;
    o.huge_arguments.account = std::make_shared<gate::huge::memory_account>(64 * mib);
    return o;
  }
  template <class... A> gate::call_id ask(std::string_view method, const A&... arguments) {
    auto p = prepare(method, arguments...);
    p.m.accept = gate::payload_encoding::all;
    return send(p);
  }
  // The data that a client reads from the parts of the reply.
  std::string received() {
    struct sink final : gate::huge::inlet::events {
      void consumed(std::uint32_t, std::uint32_t) override {}
      void abandoned() override {}
    } told;
    gate::huge::inlet in(here, told);
    const auto parts = out.of(message_type::part);
    REQUIRE_FALSE(parts.empty());
    gate::huge::head head;
    head.content = parts[0].content.value();
    head.encoding = parts[0].encoding;
    head.total = parts[0].total;
    head.offset = parts[0].offset.value_or(0);
    REQUIRE(in.begin(head));
    HugeData data = in.data();
    for (std::size_t i = 1; i < parts.size(); ++i) {
      gate::huge::arrived_chunk chunk;
      chunk.payload = parts[i].payload;
      chunk.encoding = parts[i].encoding;
      chunk.offset = parts[i].offset;
      chunk.checksum = parts[i].checksum;
      in.part(chunk);
    }
    in.end(out.log.back().total);
    return here.run(data.to_memory());
  }
  // A request whose arguments follow in chunks.
  gate::call_id announce(prepared& p, huge_content content, std::optional<std::uint64_t> total = {}) {
    p.m.flags = flag::client_stream;
    p.m.content = content;
    p.m.total_bytes = total;
    return send(p);
  }
  void feed(gate::call_id call, HugeData data, bool damaged = false, bool ended = true) {
    gate::huge::outlet outgoing(std::move(data), {});
    here.run(feed_all(call, outgoing, damaged));
    gate::message end;
    end.type = message_type::part;
    end.call = call;
    end.flags = flag::end_of_parts | flag::no_payload;
    end.total_bytes = outgoing.position();
    if (ended) subject.part(end);
  }
  std::uint64_t granted() const {
    std::uint64_t granted = 0;
    for (const auto& credit : out.of(message_type::credit)) granted += credit.byte_count;
    return granted;
  }
  gate::task<void> feed_all(gate::call_id call, gate::huge::outlet& outgoing, bool damaged) {
    std::uint64_t sent = 0;
    for (;;) {
      while (sent >= granted()) co_await out.changed.wait();
      auto next = outgoing.next();
      auto chunk = co_await std::move(next);
      if (!chunk) co_return;
      if (damaged) chunk->payload[chunk->payload.size() / 2] ^= 1;
      gate::message m;
      m.type = message_type::part;
      m.call = call;
      m.payload = gate::bytes_view(chunk->payload);
      m.encoding = chunk->encoding;
      m.offset = chunk->offset;
      m.checksum = chunk->checksum;
      sent += chunk->payload.size();
      subject.part(m);
    }
  }
};

// The arguments of a call with a HugeData in their middle.
std::string around_huge() {
  std::string list;
  gate::append_list_header(list, 3);
  gate::encode_to(list, 7);
  list.append("\xc7\x00\x48", 3);
  gate::encode_to(list, 8);
  return list;
}
std::string only_huge() {
  std::string list;
  gate::append_list_header(list, 1);
  list.append("\xc7\x00\x48", 3);
  return list;
}

}  // namespace

TEST_CASE("a HugeData result leaves as a head, chunks, and a final with their total", "[interface][huge]") {
  bench b;
  const char* const method = GENERATE("get", "get_now");
  b.ask(method, 3 * mib + 17);
  b.await_ends(1);
  const auto parts = b.out.of(message_type::part);
  REQUIRE(parts.size() >= 4);
  CHECK(parts[0].no_payload);
  CHECK(parts[0].content == huge_content::raw);
  CHECK(parts[0].total == 3 * mib + 17);
  CHECK(parts[1].offset == 0);
  CHECK(parts[1].checksum.has_value());
  CHECK(b.out.log.back().type == message_type::final);
  CHECK(b.out.log.back().no_payload);
  CHECK(b.out.log.back().total == 3 * mib + 17);
  CHECK(b.received() == pattern(3 * mib + 17));
  CHECK(b.subject.running() == 0);
}

TEST_CASE("a value over the threshold leaves in chunks, and a smaller one does not", "[interface][huge]") {
  bench b;
  b.ask("list", std::size_t{90'000});
  b.await_ends(1);
  CHECK(b.out.count(message_type::part) == 0);
  b.out.log.clear();
  b.ask("list", mib);
  b.await_ends(1);
  CHECK(b.out.of(message_type::part)[0].content == huge_content::value);
  CHECK(gate::decode_as<std::string>(b.received()) == pattern(mib));
}

TEST_CASE("a caller that takes no chunks gets a HugeData as bytes, as far as one message goes", "[interface][huge]") {
  bench b;
  const auto small = b.answer("get", std::size_t{1000});
  CHECK(small.as<gate::bytes>().size() == 1000);
  b.subject.set_payload_bytes_max(mib);
  CHECK(b.answer("get", 2 * mib).status == errc::too_large);
  CHECK(b.answer("list", std::size_t{200'000}).as<std::string>().size() == 200'000);
}

TEST_CASE("a caller that knows whole streams only gets one", "[interface][huge]") {
  bench b;
  auto p = b.prepare("get", mib);
  p.m.accept = gate::payload_encoding::gzip;
  b.send(p);
  b.await_ends(1);
  const auto parts = b.out.of(message_type::part);
  CHECK(parts[0].encoding == gate::payload_encoding::gzip);
  CHECK(parts[0].content == huge_content::value);
  CHECK_FALSE(parts[1].offset.has_value());
  for (const auto& part : parts) CHECK(part.payload.size() <= 32u << 10);
}

TEST_CASE("chunks wait for the window", "[interface][huge]") {
  bench b;
  auto p = b.prepare("get", 2 * mib);
  p.m.accept = gate::payload_encoding::zstd;
  b.out.windows[p.m.call] = 0;
  const gate::call_id call = b.send(p);
  b.await_items(1);
  b.settle();
  CHECK(b.out.count(message_type::part) == 1);  // the head
  b.open_window(call, 2);
  b.await_items(3);
  b.settle();
  CHECK(b.out.count(message_type::part) == 3);
  b.open_window(call, 1000);
  b.await_ends(1);
  CHECK(b.received() == pattern(2 * mib));
}

TEST_CASE("a huge answer goes on where its caller has it already", "[interface][huge]") {
  bench b;
  const char* const etag = GENERATE("", "v1");
  auto p = b.prepare("get", 2 * mib);
  p.m.accept = gate::payload_encoding::zstd;
  p.m.offset = mib;
  p.m.etag = etag;
  b.send(p);
  b.await_ends(1);
  // Data in memory has no etag: the transfer begins anew.
  CHECK(b.out.of(message_type::part)[0].offset == 0);
  CHECK(b.out.log.back().total == 2 * mib);
}

TEST_CASE("cancelling a huge answer ends its source and its call", "[interface][huge]") {
  bench b;
  auto p = b.prepare("endless_answer");
  p.m.accept = gate::payload_encoding::zstd;
  b.out.windows[p.m.call] = 3;
  const gate::call_id call = b.send(p);
  b.await_items(4);
  SECTION("by its caller") { b.subject.cancelled(call, errc::cancelled); }
  SECTION("by the end of the connection") { b.subject.connection_ended(); }
  b.await_idle();
  for (int i = 0; i < 1000 && !b.target.source_gone; ++i) b.here.run(a_while());
  CHECK(b.target.source_gone);
}

TEST_CASE("a source that fails in the middle fails the call", "[interface][huge]") {
  bench b;
  b.ask("broken");
  b.await_ends(1);
  CHECK(b.out.log.back().type == message_type::error);
  CHECK(b.out.log.back().status == errc::failed);
  CHECK(b.out.log.back().text == "the disk is gone");
}

TEST_CASE("a method reads a huge argument as it comes, and grants as it reads", "[interface][huge]") {
  bench b;
  auto p = b.prepare("size_of");
  p.payload = around_huge();
  const gate::call_id call = b.announce(p, huge_content::raw);
  REQUIRE(b.out.count(message_type::credit) == 1);
  gate::huge_options plain;
  plain.compression = gate::huge_compression::none;
  b.feed(call, HugeData::from_memory(pattern(15 * mib), plain));
  b.await_ends(1);
  CHECK(b.out.log.back().as<std::size_t>() == 15 * mib);
  CHECK(b.granted() > 10 * mib);
}

TEST_CASE("a plain method reads a huge argument on its thread", "[interface][huge]") {
  bench b;
  auto p = b.prepare("read_by_thread");
  p.payload = only_huge();
  const gate::call_id call = b.announce(p, huge_content::raw, 3 * mib);
  b.feed(call, HugeData::from_memory(pattern(3 * mib)));
  b.await_ends(1);
  CHECK(b.out.log.back().as<std::size_t>() == 3 * mib);
}

TEST_CASE("a HugeData may be sent back as it comes", "[interface][huge]") {
  bench b;
  auto p = b.prepare("echo");
  p.payload = only_huge();
  p.m.accept = gate::payload_encoding::zstd;
  const gate::call_id call = b.announce(p, huge_content::raw);
  b.feed(call, HugeData::from_memory(pattern(2 * mib)));
  b.await_ends(1);
  CHECK(b.out.log.back().type == message_type::final);
  CHECK(b.received() == pattern(2 * mib));
}

TEST_CASE("a parameter that is a HugeData takes bytes and text that are passed as values", "[interface][huge]") {
  bench b;
  CHECK(b.answer("first", std::string("small text")).as<std::string>() == "small");
  CHECK(b.answer("first", gate::bytes(3, std::byte{65})).as<std::string>() == "AAA");
  const auto wrong = b.answer("first", 7);
  CHECK(wrong.status == errc::invalid_argument);
  CHECK(wrong.text.find("HugeData") != std::string::npos);
}

TEST_CASE("arguments over the threshold are collected, then the method is called as ever", "[interface][huge]") {
  bench b;
  auto p = b.prepare("size_of_text");
  p.payload.clear();
  const gate::call_id call = b.announce(p, huge_content::value);
  CHECK(b.subject.running() == 1);
  b.feed(call, HugeData::from_memory(gate::encode_arguments(pattern(3 * mib))));
  b.await_ends(1);
  CHECK(b.out.log.back().as<std::size_t>() == 3 * mib);
  CHECK(b.subject.running() == 0);
}

TEST_CASE("damaged or cut-off arguments end the call as data_loss", "[interface][huge]") {
  bench b;
  const bool collected = GENERATE(true, false);
  auto p = b.prepare(collected ? "size_of_text" : "first");
  p.payload = collected ? std::string() : only_huge();
  SECTION("damaged") {
    const gate::call_id call = b.announce(p, collected ? huge_content::value : huge_content::raw);
    b.feed(call, HugeData::from_memory(gate::encode_arguments(pattern(mib))), true);
  }
  SECTION("an end that says there was more") {
    const gate::call_id call = b.announce(p, collected ? huge_content::value : huge_content::raw);
    gate::message end;
    end.type = message_type::part;
    end.call = call;
    end.flags = flag::end_of_parts | flag::no_payload;
    end.total_bytes = 5;
    b.subject.part(end);
  }
  b.await_ends(1);
  CHECK(b.out.log.back().status == errc::data_loss);
}

TEST_CASE("arguments that are larger than may be collected end the call at once", "[interface][huge]") {
  gate::dispatcher_options o = bench::options();
  o.huge.value_bytes_max = mib;
  dispatch_bench<Store> b(dispatch_bench<Store>::real_time{}, std::move(o));
  auto p = b.prepare("size_of_text");
  p.payload.clear();
  p.m.flags = flag::client_stream;
  p.m.content = huge_content::value;
  p.m.total_bytes = 100 * mib;
  b.send(p);
  b.await_ends(1);
  CHECK(b.out.log.back().status == errc::too_large);
}

TEST_CASE("a call is cancelled while its arguments come", "[interface][huge]") {
  bench b;
  const char* const method = GENERATE("size_of_text", "read_by_thread", "stall");
  const bool collected = std::string_view(method) == "size_of_text";
  auto p = b.prepare(method);
  p.payload = collected ? std::string() : only_huge();
  const gate::call_id call = b.announce(p, collected ? huge_content::value : huge_content::raw);
  b.feed(call, HugeData::from_memory(pattern(mib)), false, false);
  b.settle();
  b.subject.cancelled(call, errc::cancelled);
  b.await_ends(1);
  CHECK(b.out.log.back().status == errc::cancelled);
  b.await_idle();
}

TEST_CASE("huge arguments that a method does not take are refused in words", "[interface][huge]") {
  bench b;
  auto p = b.prepare("size_of_text");
  p.payload = only_huge();
  b.announce(p, huge_content::raw);
  b.await_ends(1);
  CHECK(b.out.log.back().status == errc::invalid_argument);
  CHECK(b.out.log.back().text.find("takes no HugeData") != std::string::npos);
}

TEST_CASE("a description names HugeData as a type", "[interface][huge]") {
  const Store store;
  for (const auto& method : store.describe()) {
    if (method.name == "get") CHECK(method.result == "HugeData");
    if (method.name == "size_of") CHECK(method.parameters[1].type == "HugeData");
  }
}
