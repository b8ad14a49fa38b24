#include <filesystem>
#include <optional>
#include <system_error>
#include <thread>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gate/huge_data.hpp>

#include "common/hugedata/bytes_value.hpp"
#include "common/hugedata/src/progress_meter.hpp"
#include "tests/support/no_threads.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/unit/common/hugedata/transfer.hpp"

using namespace gate;
using namespace gate::huge;
using namespace gate::test;
using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<HugeData> && std::is_nothrow_move_constructible_v<HugeData>);
static_assert(std::is_nothrow_move_constructible_v<blocking_huge>);

namespace {

std::size_t open_descriptors() {
  std::size_t n = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++n;
  return n;
}

generator<std::string> three_pieces() {
  co_yield "one ";
  co_yield "two ";
  co_yield "three";
}

async_generator<std::string> three_pieces_in_time() {
  co_yield "one ";
  co_await yield();
  co_yield "two ";
  co_yield "three";
}

// The HugeData that a receiver has after it got the whole transfer.
HugeData received(loop& here, told_events& told, const sent_transfer& sent, receive_bounds bounds = {}) {
  bounds.window_bytes = 1u << 30;
  inlet in(here, told, bounds, nullptr);
  in.begin(sent.head);
  HugeData data = in.data();
  for (const leaving_chunk& c : sent.chunks) in.part(arrived(c));
  in.end(sent.total);
  return data;
}

template <class F> errc code_of(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.code();
  }
  return errc::ok;
}

}  // namespace

TEST_CASE("a file arrives in another, as it is", "[huge][file]") {
  const scratch_folder here;
  const std::size_t before = open_descriptors();
  for (const std::size_t size : {0u, 1u, 262'144u, 1'000'001u}) {
    const std::string raw = text(size);
    here.write("from", raw);
    HugeData file = HugeData::from_file(here.file("from"));
    CHECK(file.total() == size);
    CHECK_FALSE(file.etag().empty());
    loop l;
    told_events told;
    HugeData arriving = received(l, told, send(std::move(file)));
    CHECK(arriving.total() == size);
    here.write("to", "what was there before, which may be longer");
    CHECK(l.run(arriving.to_file(here.file("to"))) == size);
    CHECK(arriving.position() == size);
    CHECK(here.read(here.file("to")) == raw);
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("a file is named by its state", "[huge][file]") {
  const scratch_folder here;
  here.write("a", "content");
  const std::string first = HugeData::from_file(here.file("a")).etag();
  CHECK(HugeData::from_file(here.file("a")).etag() == first);
  here.write("a", "content, changed");
  CHECK(HugeData::from_file(here.file("a")).etag() != first);
  huge_options named;
  named.etag = "mine";
  CHECK(HugeData::from_file(here.file("a"), named).etag() == "mine");
  named.etag = std::string(256, 'x');
  CHECK_THROWS_AS(HugeData::from_file(here.file("a"), named), std::invalid_argument);
}

TEST_CASE("what is no file is refused when it is opened", "[huge][file]") {
  const scratch_folder here;
  CHECK_THROWS_AS(HugeData::from_file(here.file("missing")), std::system_error);
  CHECK_THROWS_AS(HugeData::from_file(here.file(".")), std::invalid_argument);
  CHECK_THROWS_AS(HugeData::from_file("/dev/null"), std::invalid_argument);
  REQUIRE(::mkfifo(here.file("pipe").c_str(), 0600) == 0);
  CHECK_THROWS_AS(HugeData::from_file(here.file("pipe")), std::invalid_argument);
  CHECK_THROWS_AS(HugeData::from_descriptor(-1, 0, 1), std::system_error);
}

TEST_CASE("part of an open file is sent, and its descriptor left alone", "[huge][file]") {
  const scratch_folder here;
  const std::string raw = text(100'000);
  here.write("a", raw);
  const int descriptor = ::open(here.file("a").c_str(), O_RDONLY);  // NOLINT: so it is declared
  {
    HugeData part = HugeData::from_descriptor(descriptor, 1000, 50'000);
    ::close(descriptor);
    CHECK(part.total() == 50'000);
    CHECK(std::move(part).blocking().to_memory() == raw.substr(1000, 50'000));
  }
  CHECK(::fcntl(descriptor, F_GETFD) == -1);
}

TEST_CASE("a file that changes while it is sent fails the transfer", "[huge][file]") {
  const scratch_folder here;
  here.write("a", text(50'000));
  HugeData shorter = HugeData::from_file(here.file("a"));
  std::filesystem::resize_file(here.file("a"), 10'000);
  CHECK(code_of([&] { send(std::move(shorter)); }) == errc::failed);
  HugeData longer = HugeData::from_file(here.file("a"));
  std::filesystem::resize_file(here.file("a"), 20'000);
  CHECK(code_of([&] { send(std::move(longer)); }) == errc::failed);
}

TEST_CASE("a download goes on where it broke off", "[huge][file]") {
  const scratch_folder here;
  const std::string raw = text(1'000'000);
  here.write("from", raw);
  loop l;
  told_events told;
  sent_transfer broken = send(HugeData::from_file(here.file("from")));
  const std::string etag = broken.head.etag;
  broken.chunks.resize(2);
  HugeData first = received(l, told, broken);
  CHECK(code_of([&] { l.run(first.to_file(here.file("to"))); }) == errc::data_loss);
  CHECK(first.position() == 2 * limits::huge_chunk_bytes);
  CHECK(here.read(here.file("to")) == raw.substr(0, first.position()));
  here.write("longer", raw.substr(0, first.position()) + "something else");

  const auto rest = [&] {
    outlet out(HugeData::from_file(here.file("from")), {}, nullptr);
    out.resume(first.position(), etag);
    return received(l, told, l.run(send_on(std::move(out))));
  };
  HugeData second = rest();
  CHECK(second.offset() == first.position());
  CHECK(second.total() == raw.size());
  CHECK(l.run(second.to_file(here.file("to"))) == raw.size() - first.position());
  CHECK(here.read(here.file("to")) == raw);
  HugeData third = rest();
  l.run(third.to_file(here.file("longer")));
  CHECK(here.read(here.file("longer")) == raw);
  here.write("shorter", "x");
  HugeData fourth = rest();
  CHECK(code_of([&] { l.run(fourth.to_file(here.file("shorter"))); }) == errc::failed);
}

TEST_CASE("a file that cannot be written is a system error", "[huge][file]") {
  const scratch_folder here;
  loop l;
  told_events told;
  HugeData data = received(l, told, send(HugeData::from_memory(text(1000))));
  CHECK_THROWS_AS(l.run(data.to_file(here.file("missing/file"))), std::system_error);
  CHECK_THROWS_AS(l.run(data.to_file("/dev/full")), std::system_error);
}

TEST_CASE("each kind of source can be read where it was made", "[huge]") {
  loop l;
  std::vector<std::byte> raw(3, std::byte{7});
  HugeData memory = HugeData::from_memory(raw);
  CHECK(l.run(memory.to_memory()) == "\7\7\7");
  HugeData plain = HugeData::from_chunks(three_pieces());
  CHECK(l.run(plain.to_memory()) == "one two three");
  HugeData async = HugeData::from_chunks(three_pieces_in_time());
  CHECK(l.run(async.to_memory()) == "one two three");
  CHECK(async.position() == 13);
  CHECK_FALSE(l.run(async.next()).has_value());
}

TEST_CASE("a thread that waits reads chunk by chunk, or all", "[huge]") {
  std::string all;
  for (const std::string& chunk : HugeData::from_memory(text(1'000'000)).blocking()) all += chunk;
  CHECK(all == text(1'000'000));
  // Receives while another thread delivers the bytes.
  thread_pool pool(2, 100);
  const std::string raw = text(1'000'000);
  const sent_transfer sent = send(HugeData::from_memory(raw));
  loop runtime;
  told_events told;
  inlet in(runtime, told, {}, &pool);
  in.begin(sent.head);
  HugeData data = in.data();
  CHECK(code_of([&] { (void)std::move(data).blocking().next(); }) == errc::invalid_argument);
  in = inlet(runtime, told, {}, &pool);
  in.begin(sent.head);
  data = in.data();
  std::string got;
  std::thread reader([&] {
    blocking_huge b = std::move(data).blocking();
    got = b.to_memory();
  });
  for (const leaving_chunk& c : sent.chunks) in.part(arrived(c));
  in.end(sent.total);
  reader.join();
  CHECK(got == raw);
}

TEST_CASE("what is collected in memory is bounded, alone and with others", "[huge]") {
  loop l;
  told_events told;
  const std::string raw = text(600'000);
  const sent_transfer declared = send(HugeData::from_memory(raw));
  sent_transfer undeclared = declared;
  undeclared.head.total.reset();
  for (const sent_transfer* const s : {&declared, static_cast<const sent_transfer*>(&undeclared)}) {
    HugeData fits = received(l, told, *s);
    CHECK(l.run(fits.to_memory(raw.size())) == raw);
    HugeData large = received(l, told, *s);
    CHECK(code_of([&] { l.run(large.to_memory(raw.size() - 1)); }) == errc::too_large);
  }
  receive_bounds bounds;
  bounds.account = std::make_shared<memory_account>(1'000'000);
  {
    HugeData one = received(l, told, declared, bounds);
    CHECK(l.run(one.to_memory()) == raw);
    CHECK(bounds.account->held() == raw.size());
    HugeData two = received(l, told, declared, bounds);
    CHECK(code_of([&] { l.run(two.to_memory()); }) == errc::too_large);
  }
  CHECK(bounds.account->held() == 0);
}

TEST_CASE("collecting too much cancels the transfer", "[huge]") {
  loop l;
  told_events told;
  inlet in(l, told, {}, nullptr);
  head h;
  h.total = 1000;
  in.begin(h);
  HugeData data = in.data();
  CHECK(code_of([&] { l.run(data.to_memory(999)); }) == errc::too_large);
  l.run([]() -> task<void> { co_await sleep_for(duration(0)); }());
  CHECK(told.times_abandoned == 1);
}

TEST_CASE("a read that is cancelled loses nothing", "[huge]") {
  loop l;
  told_events told;
  const sent_transfer sent = send(HugeData::from_memory(text(1000)));
  inlet in(l, told, {}, nullptr);
  in.begin(sent.head);
  HugeData data = in.data();
  const auto cancelled_read = [](HugeData& d) -> task<bool> {
    cancel_scope scope;
    scope.cancel();
    bool was_cancelled = false;
    auto reading = d.next();
    try {
      auto chunk = co_await std::move(reading).within(scope);
    } catch (const cancelled&) {
      was_cancelled = true;
    }
    co_return was_cancelled;
  };
  CHECK(l.run(cancelled_read(data)));
  in.part(arrived(sent.chunks[0]));
  in.end(sent.total);
  CHECK(l.run(data.to_memory()) == text(1000));
  CHECK(told.times_abandoned == 0);
}

TEST_CASE("progress is told some ten times a second, with rate and estimate, and at the end", "[huge][progress]") {
  std::vector<huge_progress> told;
  const instant start{};
  progress_meter meter(1000, start, [&told](const huge_progress& p) { told.push_back(p); });
  meter.moved(2000, 101'000, start + 50ms);
  CHECK(told.empty());
  meter.moved(11'000, 101'000, start + 1s);
  REQUIRE(told.size() == 1);
  CHECK(told[0].bytes == 11'000);
  CHECK(told[0].total == 101'000);
  CHECK(told[0].rate == Approx(10'000));
  CHECK(told[0].estimate == 9s);
  meter.moved(11'001, 101'000, start + 1050ms);
  CHECK(told.size() == 1);
  // Old progress does not count.
  for (unsigned second = 2; second <= 10; ++second) meter.moved(11'000 + 100 * second, 101'000, start + second * 1s);
  CHECK(told.back().rate == Approx(100));
  meter.ended(12'000, std::nullopt, start + 10s);
  CHECK(told.back().bytes == 12'000);
  CHECK_FALSE(told.back().estimate.has_value());
  progress_meter silent(0, start, {});
  silent.ended(1, 1, start);
}

TEST_CASE("what a progress function throws ends the transfer", "[huge][progress]") {
  const scratch_folder here;
  loop l;
  told_events told;
  HugeData data = received(l, told, send(HugeData::from_memory(text(1000))));
  CHECK_THROWS_AS(
      l.run(data.to_file(here.file("to"), [](const huge_progress&) { throw std::runtime_error("enough"); })),
      std::runtime_error);
}

TEST_CASE("bytes travel as one msgpack value and come back", "[huge][value]") {
  loop l;
  told_events told;
  for (const std::size_t size : {0u, 1u, 31u, 32u, 255u, 256u, 65'535u, 65'536u, 600'000u}) {
    const std::string raw = noise(size);
    HugeData value = l.run(as_value(HugeData::from_memory(raw)));
    const std::size_t header = size <= 255 ? 2 : size <= 65'535 ? 3 : 5;
    CHECK(value.total() == size + header);
    send_options gzip;
    gzip.accept = payload_encoding::gzip;
    gzip.content = huge_content::value;
    HugeData back = bytes_of_value(received(l, told, send(std::move(value), gzip)));
    CHECK(l.run(back.to_memory()) == raw);
    CHECK(back.total() == size);
  }
  HugeData unknown = l.run(as_value(HugeData::from_chunks(three_pieces())));
  HugeData unwrapped = bytes_of_value(std::move(unknown));
  CHECK(l.run(unwrapped.to_memory()) == "one two three");
  CHECK(code_of([&] { (void)l.run(as_value(HugeData::from_chunks(three_pieces()), 12)); }) == errc::too_large);
}

TEST_CASE("a value that is not bytes, or not all of them, is refused", "[huge][value]") {
  loop l;
  const auto error_of = [&l](const std::string& encoded) {
    HugeData data = bytes_of_value(HugeData::from_memory(encoded));
    return code_of([&] { l.run(data.to_memory()); });
  };
  CHECK(error_of("\xa3"
                 "abc") == errc::ok);
  CHECK(error_of("\xd9\x03"
                 "abc") == errc::ok);
  CHECK(error_of("\x93\x01\x02\x03") == errc::invalid_argument);
  CHECK(error_of("\xc0") == errc::invalid_argument);
  CHECK(error_of("\xa3"
                 "ab") == errc::data_loss);
  CHECK(error_of("\xa3"
                 "abcd") == errc::data_loss);
  CHECK(error_of("\xc6") == errc::data_loss);
  CHECK(error_of("") == errc::data_loss);
}

#ifndef GATE_TEST_SANITIZERS  // ThreadSanitizer allows no threads in a child of fork()
TEST_CASE("a transfer for which the system starts no thread is busy, and the next one has another try", "[huge]") {
  const scratch_folder folder;
  const std::string path = folder.write("source", "some bytes");
  const pid_t child = ::fork();  // the child has no threads here, unlike in other tests
  if (child == 0) {
    ::alarm(20);
    loop here;
    const auto read = [&path]() -> task<std::string> {
      HugeData data = HugeData::from_file(path);
      co_return co_await data.to_memory(100);
    };
    std::optional<no_threads> none(std::in_place);
    const errc first = code_of([&] { here.run(read()); });
    none.reset();
    const bool again = here.run(read()) == "some bytes";
    ::_exit(first != errc::busy ? 1 : again ? 0 : 2);
  }
  int status = -1;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
#endif
