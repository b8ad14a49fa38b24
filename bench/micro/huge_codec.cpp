// Measures huge transfers without a network: encoding and decoding a chunk on one core, at several levels and sizes,
// and a whole transfer from an outlet through the pool into an inlet.
//
//   gate-bench-huge [FILE]     prints a line for each content (log lines, noise, and the file), level and chunk size
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <exception>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gate/event.hpp>
#include <gate/huge_data.hpp>
#include <gate/loop.hpp>
#include <gate/task_group.hpp>

#include "common/hugedata/chunk.hpp"
#include "common/hugedata/inlet.hpp"
#include "common/hugedata/outlet.hpp"

using namespace gate;

namespace {

constexpr std::size_t content_bytes = 64u << 20;

std::string log_lines() {
  std::string lines;
  for (unsigned i = 0; lines.size() < content_bytes; ++i) {
    lines += "{\"seq\":" + std::to_string(1'000'000'000 + i) + ",\"level\":\"info\",\"msg\":\"all ok\"}\n";
  }
  lines.resize(content_bytes);
  return lines;
}

std::string noise() {
  std::mt19937_64 random(1);
  std::string raw(content_bytes, '\0');
  for (char& c : raw) c = static_cast<char>(random());
  return raw;
}

double cpu_seconds(clockid_t whose = CLOCK_THREAD_CPUTIME_ID) {
  timespec t{};
  ::clock_gettime(whose, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double megabytes_per_second(double seconds) { return static_cast<double>(content_bytes) / 1e6 / seconds; }

void codec(const char* name, const std::string& content, int level, std::size_t chunk_bytes) {
  double encoding = 1e9, decoding = 1e9;
  std::size_t wire_bytes = 0;
  for (int round = 0; round < 3; ++round) {
    std::vector<huge::leaving_chunk> chunks;
    huge::chunk_options options;
    options.level = level;
    double begin = cpu_seconds();
    for (std::size_t at = 0; at < content.size(); at += chunk_bytes) {
      detail::huge_piece piece;
      piece.shared = bytes_view(content).substr(at, chunk_bytes);
      chunks.push_back(huge::encode_chunk(std::move(piece), at, options));
    }
    encoding = std::min(encoding, cpu_seconds() - begin);
    wire_bytes = 0;
    for (const huge::leaving_chunk& c : chunks) wire_bytes += c.payload.size();
    begin = cpu_seconds();
    for (huge::leaving_chunk& c : chunks) {
      const auto size = huge::plain_bytes_of(c.payload, c.encoding, chunk_bytes);
      const auto raw = huge::decode_chunk(std::move(c.payload), c.encoding, size.value(), *c.checksum);
      if (!raw) throw Error(raw.error().code, std::string(raw.error().text));
    }
    decoding = std::min(decoding, cpu_seconds() - begin);
  }
  std::printf("codec     %-6s level %2d  chunks of %4zu KiB  encode %6.0f MB/s  decode %6.0f MB/s  smaller by %.2f\n",
              name, level, chunk_bytes >> 10, megabytes_per_second(encoding), megabytes_per_second(decoding),
              static_cast<double>(content_bytes) / static_cast<double>(wire_bytes));
  std::fflush(stdout);
}

// Plays the inlet's runtime: takes the credit.
class credit final : public huge::inlet::events {
 public:
  void consumed(std::uint32_t, std::uint32_t byte_count) override {
    window += byte_count;
    opened.set();
  }
  void abandoned() override {}
  std::int64_t window = limits::huge_window_bytes;
  async_event opened;
};

task<void> carry(huge::outlet out, huge::inlet in, credit& c) {
  while (auto chunk = co_await out.next()) {
    while (c.window <= 0) {
      c.opened.reset();
      co_await c.opened.wait();
    }
    c.window -= static_cast<std::int64_t>(chunk->payload.size());
    huge::arrived_chunk arrived;
    arrived.payload = chunk->payload;
    arrived.encoding = chunk->encoding;
    arrived.offset = chunk->offset;
    arrived.checksum = chunk->checksum;
    in.part(arrived);
  }
  in.end(out.position());
}

task<void> transfer(HugeData from) {
  const env here = co_await current_env();
  credit c;
  huge::send_options options;
  huge::outlet out(std::move(from), options);
  huge::inlet in(*here.where, c);
  in.begin(out.head());
  HugeData data = in.data();
  task_group group(here);
  group.spawn(carry(std::move(out), std::move(in), c));
  while (auto chunk = co_await data.next()) continue;
  co_await group.join();
}

void whole(const char* name, const std::string& content) {
  double best = 1e9, cpu = 1e9;
  for (int round = 0; round < 3; ++round) {
    loop here;
    HugeData data = HugeData::from_memory(content);
    const auto begin = std::chrono::steady_clock::now();
    const double cpu_begin = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
    here.run(transfer(std::move(data)));
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    cpu = std::min(cpu, cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_begin);
  }
  std::printf("transfer  %-6s %6.0f MB/s, for each second of processor time %6.0f MB\n", name,
              megabytes_per_second(best), megabytes_per_second(cpu));
  std::fflush(stdout);
}

void measure(const char* name, const std::string& content) {
  for (const int level : {-5, -1, 1, 3, 6}) codec(name, content, level, limits::huge_chunk_bytes);
  for (const std::size_t kib : {64u, 128u, 512u, 1024u}) codec(name, content, limits::huge_zstd_level, kib << 10);
  whole(name, content);
}

std::string file(const char* path) {
  std::ifstream in(path, std::ios::binary);
  const std::string once(std::istreambuf_iterator<char>(in), {});
  if (once.empty()) throw std::runtime_error(std::string("nothing to read in ") + path);
  std::string content;
  while (content.size() < content_bytes) content += once;
  content.resize(content_bytes);
  return content;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--help") {
    std::puts("usage: gate-bench-huge [FILE]: what chunks of log lines, of noise, and of FILE cost");
    return 0;
  }
  try {
    measure("log", log_lines());
    measure("noise", noise());
    if (argc > 1) measure("file", file(argv[1]));
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "gate-bench-huge: %s\n", e.what());
    return 1;
  }
}
