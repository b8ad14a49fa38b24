// HugeData between Python peers of gate-rpc and C++ peers: through gate-broker, with peers of two dialects, and through
// a broker of gate-rpc, where all peers speak gate-rpc.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/client.hpp>
#include <gate/huge_data.hpp>

#include "tests/support/huge_bytes.hpp"
#include "tests/support/python_peers.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace gate;
using namespace gate::test;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

constexpr std::uint64_t mib = 1u << 20;
constexpr std::uint64_t some = 600'001;

const std::map<std::string, gaterpc_codec> codecs{
    {"gzip", gaterpc_codec::gzip}, {"bz2", gaterpc_codec::bz2}, {"lzma", gaterpc_codec::lzma}};

client_options outward(const python_broker& broker, gaterpc_codec codec = gaterpc_codec::gzip) {
  client_options options(broker.frontend);
  options.dialect = broker_dialect::gate_rpc;
  options.gaterpc_compression = codec;
  return options;
}

struct outward_worker {
  explicit outward_worker(const python_broker& broker, const std::string& codec = "gzip")
      : program("gate-test-worker",
                worker_program::command_line(broker.backend, "test",
                                             {"--dialect", "gate-rpc", "--gaterpc-compression", codec})) {
    program.wait_for_line("READY");
  }
  process program;
};

// Reads to the end; the bytes must be those of bytes_at().
std::uint64_t sound_bytes(blocking_huge data) {
  byte_check check;
  for (const std::string& chunk : data) check.take(chunk);
  if (!check.sound()) throw did_not_happen("the bytes are others");
  return check.position();
}

std::vector<int> numbers_below(int n) {
  std::vector<int> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

std::string value_line(std::uint64_t size) { return "chunk\nvalue " + std::to_string(size) + " bytes, sound\n"; }

// What a C++ client gets from a Python worker's HugeData.
void check_client(const Service& test) {
  for (int round = 0; round < 2; ++round) {
    CHECK(sound_bytes(test["huge"](some).get<HugeData>().blocking()) == some);
  }
  CHECK(sound_bytes(test["huge"](0).get<HugeData>().blocking()) == 0);
  CHECK(test["huge_text"](some).get<HugeData>().blocking().to_memory(mib) == std::string(some, 'x'));
  const auto raw = test["huge"](some).get<std::vector<std::byte>>();
  const std::string expected = bytes_at(0, some);
  CHECK(std::ranges::equal(raw, std::as_bytes(std::span(expected))));
  CHECK(test["huge_list"](50'000).get<std::vector<int>>() == numbers_below(50'000));

  auto no_bytes = test["huge_list"](50'000).get<HugeData>().blocking();
  CHECK(error_of([&] { no_bytes.to_memory(mib); }).code() == errc::invalid_argument);
  const Error broken = error_of([&] { sound_bytes(test["huge_failing"](some).get<HugeData>().blocking()); });
  CHECK(broken.code() == errc::failed);
  CHECK(broken.remote_type() == "ValueError");
  CHECK(error_of([&] { test["huge_failing"](some).get<value>(); }).remote_type() == "ValueError");
}

}  // namespace

TEST_CASE("a C++ client reads a Python worker's HugeData, in all three compressions", "[python][huge]") {
  for (const auto& [name, codec] : codecs) {
    INFO(name);
    patient_broker system(name);
    process worker = scripted_worker(system.broker.backend(), "test", name);
    const Client client(system.broker.frontend());
    check_client(client["test"]);
  }
}

TEST_CASE("a Python client reads a C++ worker's HugeData, in all three compressions", "[python][huge]") {
  for (const auto& [name, codec] : codecs) {
    INFO(name);
    patient_broker system(name);
    worker_program worker(system.broker);
    const auto call = [&, &codec_name = name](const arguments& words) {
      return scripted_call(system.broker.frontend(), codec_name, words);
    };
    CHECK(call({"test", "huge", std::to_string(some)}).out == value_line(some));
    CHECK(call({"test", "huge", "0"}).out == value_line(0));
    CHECK_THAT(call({"test", "huge_file", "\"/nonexistent\""}).out, Contains("failed"));
  }
}

TEST_CASE("Python peers send each other HugeData through gate-broker, which does not look into it", "[python][huge]") {
  patient_broker system;  // gzip is set, but these transfers do not use it
  process worker = scripted_worker(system.broker.backend(), "test", "lzma");
  CHECK(scripted_call(system.broker.frontend(), "lzma", {"test", "huge", std::to_string(some)}).out ==
        value_line(some));
  const outcome failed = scripted_call(system.broker.frontend(), "lzma", {"test", "huge_failing", "600001"});
  CHECK(failed.code == 1);
  CHECK_THAT(failed.out, Contains("failed ValueError"));
}

TEST_CASE("C++ and Python send each other HugeData through a gate-rpc broker, in all three compressions",
          "[python][huge]") {
  for (const auto& [name, codec] : codecs) {
    INFO(name);
    python_broker broker;
    {
      process worker = scripted_worker(broker.backend, "python", name);
      broker.program->wait_for_line("ready ");
      Client client(outward(broker, codec));
      check_client(client["python"]);
    }
    outward_worker worker(broker, name);
    CHECK(scripted_call(broker.frontend, name, {"test", "huge", std::to_string(some)}).out == value_line(some));
    Client client(outward(broker, codec));
    CHECK(sound_bytes(client["test"]["huge"](some).get<HugeData>().blocking()) == some);
    CHECK(error_of([&] { static_cast<void>(client["test"]["huge_file"]("/nonexistent").get<HugeData>()); }).code() ==
          errc::failed);
  }
}

TEST_CASE("the command gate saves a Python worker's HugeData in the compression that it is told", "[python][huge]") {
  const scratch_folder folder;
  for (const std::string name : {"gzip", "bz2", "lzma"}) {
    INFO(name);
    python_broker broker;
    process worker = scripted_worker(broker.backend, "python", name);
    broker.program->wait_for_line("ready ");
    const std::string saved = folder.file(name);
    const auto save = [&](const std::string& compression) {
      process command("gate", {"--broker", broker.frontend, "--dialect", "gate-rpc", "--gaterpc-compression",
                               compression, "call", "python.huge", std::to_string(some), "--save", saved});
      return end_of(command);
    };
    CHECK(save(name == "gzip" ? "bz2" : "gzip").code == 1);
    CHECK(save(name).code == 0);
    CHECK(scratch_folder::read(saved) == bytes_at(0, some));
  }
}

TEST_CASE("a large result of a method that returns no HugeData stays a plain one to gate-rpc's clients",
          "[python][huge]") {
  constexpr std::uint64_t large = 3 * mib;
  const std::string plain = "value \"" + std::string(large, 'x') + "\"\n";
  SECTION("through gate-broker") {
    patient_broker system;
    worker_program worker(system.broker);
    CHECK(scripted_call(system.broker.frontend(), "gzip", {"test", "big", std::to_string(large)}).out == plain);
  }
  SECTION("through a gate-rpc broker") {
    python_broker broker;
    outward_worker worker(broker);
    CHECK(scripted_call(broker.frontend, "gzip", {"test", "big", std::to_string(large)}).out == plain);
  }
}

TEST_CASE("large arguments go to a Python worker as plain ones, and huge ones are refused", "[python][huge]") {
  patient_broker system;
  process worker = scripted_worker(system.broker.backend(), "test");
  const Client client(system.broker.frontend());
  const Service test = client["test"];
  CHECK(test["length_of"](std::string(3 * mib, 'x')).get<std::uint64_t>() == 3 * mib);
  const Error refused =
      error_of([&] { test["length_of"](HugeData::from_memory(bytes_at(0, some))).get<std::uint64_t>(); });
  CHECK(refused.code() == errc::unsupported);
}

TEST_CASE("a HugeData in another compression than was agreed is told as damaged", "[python][huge]") {
  patient_broker system("gzip");
  process worker = scripted_worker(system.broker.backend(), "test", "bz2");
  const Client client(system.broker.frontend());
  CHECK(error_of([&] { sound_bytes(client["test"]["huge"](some).get<HugeData>().blocking()); }).code() ==
        errc::data_loss);
}

TEST_CASE("a Python worker that is killed in the middle of a HugeData is told as worker_lost", "[python][huge]") {
  patient_broker system;
  process worker = scripted_worker(system.broker.backend(), "test");
  SECTION("to a C++ client") {
    const Client client(system.broker.frontend());
    auto data = client["test"]["huge_hanging"](some).get<HugeData>().blocking();
    CHECK(data.next());
    worker.kill();
    const Error lost = error_of([&] {
      while (data.next()) {
      }
    });
    CHECK(lost.code() == errc::worker_lost);
  }
  SECTION("to a Python client") {
    process python = scripted_client(system.broker.frontend(), "gzip", {"test", "huge_hanging", "600001"});
    python.wait_for_line("chunk");
    worker.kill();
    const outcome told = end_of(python);
    CHECK(told.code == 1);
    CHECK_THAT(told.out, Contains("WorkerLostError"));
  }
}

TEST_CASE("a C++ worker that is killed in the middle of a HugeData is told to a Python client", "[python][huge]") {
  patient_broker system;
  worker_program worker(system.broker);
  process python = scripted_client(system.broker.frontend(), "gzip", {"test", "huge", std::to_string(200 * mib)});
  python.wait_for_line("chunk");
  worker.program().kill();
  const outcome told = end_of(python);
  CHECK(told.code == 1);
  CHECK_THAT(told.out, Contains("WorkerLostError"));
}
