// Payloads of any size between real processes: whole, in order, in bounded memory, even if one of the processes dies.
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/huge_data.hpp>
#include <gate/loop.hpp>
#include <gate/task.hpp>
#include <gate/task_group.hpp>

#include "tests/support/huge_bytes.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t mib = 1u << 20;
// Enough bytes for many windows. A sanitizer makes each byte slow.
constexpr std::uint64_t much = sanitized ? 24 * mib : 256 * mib;

// A file of bytes_at().
std::string made(const scratch_folder& in, const std::string& name, std::uint64_t size) {
  std::ofstream out(in.file(name), std::ios::binary);
  for (std::uint64_t at = 0; at < size; at += mib)
    out << bytes_at(at, static_cast<std::size_t>(std::min(mib, size - at)));
  return in.file(name);
}

// Whether the file holds this many bytes of bytes_at().
bool holds(const std::string& path, std::uint64_t size) {
  if (std::filesystem::file_size(path) != size) return false;
  std::ifstream in(path, std::ios::binary);
  byte_check check;
  std::string block(mib, '\0');
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) {
    check.take(std::string_view(block).substr(0, static_cast<std::size_t>(in.gcount())));
  }
  return check.sound() && check.position() == size;
}

std::uint64_t read_all(blocking_huge data) {
  byte_check check(data.offset());
  for (const std::string& chunk : data) check.take(chunk);
  if (!check.sound()) throw did_not_happen("the bytes are others");
  return check.position();
}

blocking_huge fetch(const Service& test, std::uint64_t size) { return test["huge"](size).get<HugeData>().blocking(); }

}  // namespace

TEST_CASE("a result of any size arrives as it was sent", "[huge]") {
  test_system s;
  for (const std::uint64_t size : {0 * mib, mib / mib, mib / 4 - 1, mib / 4, 4 * mib, much}) {
    CAPTURE(size);
    HugeData data = s.test["huge"](size).get<HugeData>();
    CHECK(data.total() == size);
    CHECK(read_all(std::move(data).blocking()) == size);
  }
}

TEST_CASE("an argument of any size arrives as it was sent", "[huge]") {
  test_system s;
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, 4 * mib + 1, much}) {
    CAPTURE(size);
    HugeData data = HugeData::from_chunks(byte_pieces(size));
    CHECK(s.test["take_huge"](std::move(data)).get<std::uint64_t>() == size);
  }
}

TEST_CASE("values that are too large for a message pass unseen, both ways", "[huge]") {
  test_system s;
  const std::uint64_t size = sanitized ? 20 * mib : 100 * mib;
  const auto text = s.test["text_of"](size).get<std::string>();
  CHECK(text == bytes_at(0, static_cast<std::size_t>(size)));
  CHECK(s.test["length_of"](text).get<std::uint64_t>() == size);
}

TEST_CASE("a value larger than its caller collects is too_large at once", "[huge]") {
  broker_program broker;
  worker_program worker(broker);
  client_options options(broker.frontend());
  options.huge_value_bytes_max = 4 * mib;
  Client client(std::move(options));
  const Error e = error_of([&] { client["test"]["text_of"](8 * mib).get<std::string>(); });
  CHECK(e.code() == errc::too_large);
  CHECK(client["test"]["text_of"](3 * mib).get<std::string>().size() == 3 * mib);
  CHECK(client["test"]["add"](2, 3).get<int>() == 5);
}

TEST_CASE("a HugeData goes there and back through one method", "[huge]") {
  test_system s;
  HugeData data = HugeData::from_chunks(byte_pieces(8 * mib));
  CHECK(read_all(s.test["echo_huge"](std::move(data)).get<HugeData>().blocking()) == 8 * mib);
}

TEST_CASE("nobody on the way holds more than a window", "[huge]") {
  test_system s;
  const scratch_folder files;
  const std::string from = made(files, "from", much);
  const std::string to = files.file("to");
  std::uint64_t told = 0;
  HugeData data = s.test["huge_file"](from).get<HugeData>();
  CHECK_FALSE(data.etag().empty());
  std::move(data).blocking().to_file(to, [&told](const huge_progress& now) { told = now.bytes; });
  CHECK(told == much);
  CHECK(holds(to, much));
  if (sanitized) return;
  CHECK(s.broker.program().peak_resident_bytes() < 64 * mib);
  CHECK(s.worker.program().peak_resident_bytes() < 64 * mib);
}

TEST_CASE("a reader that stands still holds its producer, and small calls pass by", "[huge]") {
  test_system s;
  blocking_huge data = s.test["huge_endless"]().get<HugeData>().blocking();
  CHECK(data.next().has_value());
  for (int i = 0; i < 100; ++i) CHECK(s.test["add"](i, 1).get<int>() == i + 1);
  if (!sanitized) CHECK(s.broker.program().peak_resident_bytes() < 64 * mib);
  byte_check check(data.position());
  for (int i = 0; i < 100; ++i) {
    const auto chunk = data.next();
    REQUIRE(chunk.has_value());
    check.take(*chunk);
  }
  CHECK(check.sound());
}

TEST_CASE("dropping a HugeData stops its source", "[huge]") {
  test_system s;
  {
    blocking_huge data = s.test["huge_endless"]().get<HugeData>().blocking();
    CHECK(data.next().has_value());
  }
  CHECK(s.test["await"]("huge_endless.ended", 1).get<std::int64_t>() == 1);
}

TEST_CASE("a client that is closed in mid-transfer stops the source", "[huge]") {
  test_system s;
  {
    Client other(s.broker.frontend());
    blocking_huge data = other["test"]["huge_endless"]().get<HugeData>().blocking();
    CHECK(data.next().has_value());
    other.close();
    CHECK(error_of([&] {
            while (data.next()) {
            }
          }).code() == errc::cancelled);
  }
  CHECK(s.test["await"]("huge_endless.ended", 1).get<std::int64_t>() == 1);
}

TEST_CASE("a client process that is killed in mid-transfer stops the source", "[huge]") {
  test_system s;
  process reader("gate-test-client", {s.broker.frontend(), "endless"});
  reader.wait_for_line("BEGUN");
  CHECK(s.test["tally"]("huge_endless.ended").get<std::int64_t>() == 0);
  reader.kill();
  CHECK(s.test["await"]("huge_endless.ended", 1).get<std::int64_t>() == 1);
  CHECK(s.test["add"](2, 3).get<int>() == 5);
}

TEST_CASE("a client process that is stopped for good costs a window until it counts as gone", "[huge]") {
  test_system s;
  process reader("gate-test-client", {s.broker.frontend(), "endless"});
  reader.wait_for_line("BEGUN");
  reader.signal(SIGSTOP);
  CHECK(s.test["await"]("huge_endless.ended", 1).get<std::int64_t>() == 1);
  if (sanitized) return;
  CHECK(s.broker.program().peak_resident_bytes() < 64 * mib);
  CHECK(s.worker.program().peak_resident_bytes() < 64 * mib);
}

TEST_CASE("a client process that is stopped and goes on gets all of it", "[huge]") {
  test_system s;
  process reader("gate-test-client", {s.broker.frontend(), std::to_string(much)});
  reader.wait_for_line("BEGUN");
  reader.signal(SIGSTOP);
  for (int i = 0; i < 100; ++i) CHECK(s.test["add"](i, 1).get<int>() == i + 1);
  reader.signal(SIGCONT);
  CHECK(reader.wait() == program_end{0, 0});
  if (sanitized) return;
  CHECK(s.broker.program().peak_resident_bytes() < 64 * mib);
  CHECK(s.worker.program().peak_resident_bytes() < 64 * mib);
}

TEST_CASE("a worker that is killed in mid-transfer ends it as worker_lost, behind what had come", "[huge]") {
  test_system s;
  blocking_huge data = s.test["huge_endless"]().get<HugeData>().blocking();
  CHECK(data.next().has_value());
  s.worker.program().kill();
  byte_check check(data.position());
  const Error e = error_of([&] {
    while (auto chunk = data.next()) check.take(*chunk);
  });
  CHECK(e.code() == errc::worker_lost);
  CHECK(check.sound());
  CHECK(data.position() == check.position());
}

TEST_CASE("a broker that is killed in mid-transfer ends it as unavailable", "[huge]") {
  test_system s;
  blocking_huge data = s.test["huge_endless"]().get<HugeData>().blocking();
  CHECK(data.next().has_value());
  s.broker.program().kill();
  CHECK(error_of([&] {
          while (data.next()) {
          }
        }).code() == errc::unavailable);
}

TEST_CASE("arguments under way end with the worker that is killed", "[huge]") {
  test_system s;
  HugeData data = HugeData::from_chunks(byte_pieces(std::uint64_t{1} << 40));
  auto sent = s.test["take_huge"](std::move(data)).future<std::uint64_t>();
  s.test["await"]("take_huge.chunks", 5).get<std::int64_t>();
  s.worker.program().kill();
  CHECK(error_of([&] { sent.get(); }).code() == errc::worker_lost);
}

TEST_CASE("a download goes on at another worker where the first was killed", "[huge]") {
  broker_program broker;
  const scratch_folder files;
  const std::string from = made(files, "from", much);
  const std::string to = files.file("to");
  auto first = std::make_unique<worker_program>(broker);
  Client client(broker.frontend());
  std::promise<void> begun, killed;
  bool once = false, went_back = false;
  std::uint64_t last = 0;
  const auto watch = [&](const huge_progress& now) {
    went_back = went_back || now.bytes < last;
    last = now.bytes;
    if (std::exchange(once, true)) return;
    begun.set_value();
    killed.get_future().wait();
  };
  auto done =
      std::async(std::launch::async, [&] { return client["test"]["huge_file"](from).get_download(to, {}, watch); });
  begun.get_future().wait();
  first->program().kill();
  worker_program second(broker);
  killed.set_value();
  CHECK(done.get() == much);
  CHECK(holds(to, much));
  CHECK_FALSE(went_back);
}

TEST_CASE("a download goes on after the broker was started again", "[huge]") {
  const scratch_folder files;
  const std::string sockets = "ipc://" + files.file("");
  broker_program broker(addresses{sockets + "clients", sockets + "workers"});
  worker_program worker(broker);
  const std::string from = made(files, "from", much);
  const std::string to = files.file("to");
  Client client(broker.frontend());
  std::promise<void> begun, killed;
  bool once = false;
  const auto watch = [&](const huge_progress&) {
    if (std::exchange(once, true)) return;
    begun.set_value();
    killed.get_future().wait();
  };
  auto done =
      std::async(std::launch::async, [&] { return client["test"]["huge_file"](from).get_download(to, {}, watch); });
  begun.get_future().wait();
  broker.program().kill();
  broker.start_again();
  killed.set_value();
  CHECK(done.get() == much);
  CHECK(holds(to, much));
}

TEST_CASE("a download of a file that has changed meanwhile begins anew", "[huge]") {
  test_system s;
  const scratch_folder files;
  const std::string from = made(files, "from", 4 * mib);
  HugeData rest = s.test["huge_file"](from).resume(2 * mib, "another").get<HugeData>();
  CHECK(rest.offset() == 0);
  const std::string etag = rest.etag();
  CHECK(read_all(std::move(rest).blocking()) == 4 * mib);
  HugeData same = s.test["huge_file"](from).resume(2 * mib, etag).get<HugeData>();
  CHECK(same.offset() == 2 * mib);
  CHECK(read_all(std::move(same).blocking()) == 4 * mib);
}

TEST_CASE("a producer that is stopped and goes on is read to its end", "[huge]") {
  test_system s;
  blocking_huge data = fetch(s.test, 32 * mib);
  CHECK(data.next().has_value());
  s.worker.program().signal(SIGSTOP);
  CHECK(s.client["gate"]["ping"]().get<value>().is_nil());
  s.worker.program().signal(SIGCONT);
  byte_check check(data.position());
  while (auto chunk = data.next()) check.take(*chunk);
  CHECK(check.sound());
  CHECK(check.position() == 32 * mib);
}

namespace {

task<void> fetch_one(Service test, std::uint64_t size, int& good) {
  HugeData data = co_await test["huge"](size).huge();
  byte_check check;
  while (auto chunk = co_await data.next()) check.take(*chunk);
  good += check.sound() && check.position() == size ? 1 : 0;
}

task<int> fetch_many(std::string endpoint, int count, std::uint64_t size) {
  const env here = co_await current_env();
  Client client(*here.where, client_options(endpoint));
  int good = 0;
  {
    task_group all(here);
    for (int i = 0; i < count; ++i) all.spawn(fetch_one(client["test"], size, good));
    co_await all.join();
  }
  co_return good;
}

}  // namespace

TEST_CASE("a hundred transfers at once all arrive, in bounded memory", "[huge]") {
  test_system s;
  loop here;
  const int count = sanitized ? 20 : 100;
  CHECK(here.run(fetch_many(s.broker.frontend(), count, 2 * mib)) == count);
  if (sanitized) return;
  CHECK(s.broker.program().peak_resident_bytes() < 64 * mib);
  CHECK(s.worker.program().peak_resident_bytes() < 256 * mib);  // it makes some chunks of each in advance
}

TEST_CASE("transfers one after another leave nothing behind", "[huge]") {
  test_system s;
  const int rounds = sanitized ? 20 : 300;
  for (int i = 0; i < 10; ++i) read_all(fetch(s.test, mib));
  const std::size_t broker_before = s.broker.program().descriptors();
  const std::size_t worker_before = s.worker.program().descriptors();
  const std::size_t resident = s.worker.program().resident_bytes();
  for (int i = 0; i < rounds; ++i) read_all(fetch(s.test, mib));
  CHECK(s.broker.program().descriptors() == broker_before);
  CHECK(s.worker.program().descriptors() == worker_before);
  if (!sanitized) CHECK(s.worker.program().resident_bytes() < resident + 16 * mib);
}
