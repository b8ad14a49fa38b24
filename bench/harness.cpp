#include "bench/harness.hpp"

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <stdexcept>

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

namespace gate::bench {

std::uint64_t now_ns() noexcept {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(t.tv_nsec);
}

namespace {

rusage usage() noexcept {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  return u;
}

std::uint64_t peak_rss_kb() noexcept { return static_cast<std::uint64_t>(usage().ru_maxrss); }

}  // namespace

std::uint64_t cpu_us() noexcept {
  const rusage u = usage();
  const auto us = [](const timeval& t) {
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000u + static_cast<std::uint64_t>(t.tv_usec);
  };
  return us(u.ru_utime) + us(u.ru_stime);
}

void say(std::string line) {
  line.push_back('\n');
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t n = write(STDOUT_FILENO, rest.data(), rest.size());
    if (n <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
}

void fail(const std::string& why) {
  fmt::print(stderr, "gate-bench: {}\n", why);
  std::fflush(stderr);
  _exit(2);
}

namespace {

constexpr std::string_view help_text =
    "usage: gate-bench-worker|gate-bench-client --endpoint ADDRESS [--workload NAME] [--kind NAME] [--duration "
    "SECONDS] "
    "[--warmup SECONDS] [--warmup-calls N] [--calls N] [--items N] [--inflight N] [--size BYTES] [--conns N] "
    "[--timeout SECONDS]; bench/gate-peer.json says which for what\n";

double seconds_in(const std::string& value) {
  constexpr double most = 1e6;
  const double seconds = std::stod(value);
  if (!(seconds >= 0 && seconds <= most)) throw std::out_of_range(value);
  return seconds;
}

void set(arguments& a, std::string_view key, const std::string& value) {
  if (key == "--workload") a.workload = value;
  if (key == "--endpoint") a.endpoint = value;
  if (key == "--duration") a.duration_s = seconds_in(value);
  if (key == "--warmup") a.warmup_s = seconds_in(value);
  if (key == "--warmup-calls") a.warmup_calls = std::stoull(value);
  if (key == "--calls") a.calls = std::stoull(value);
  if (key == "--items") a.items = std::stoull(value);
  if (key == "--inflight") a.in_flight = std::stoul(value);
  if (key == "--size") a.size_bytes = std::stoul(value);
  if (key == "--kind") a.kind = value;
  if (key == "--conns") a.connections = std::stoul(value);
  if (key == "--timeout") a.timeout_s = seconds_in(value);
}

}  // namespace

arguments parse(int argc, char** argv) {
  arguments a;
  if (argc > 1 && std::string_view(argv[1]) == "--help") {
    fmt::print("{}", help_text);
    std::fflush(stdout);
    _exit(0);
  }
  for (int i = 1; i < argc; i += 2) {
    const std::string_view key = argv[i];
    if (!key.starts_with("--") || i + 1 >= argc) fail("expected pairs of --key value, got '" + std::string(key) + "'");
    const std::string value = argv[i + 1];
    try {
      set(a, key, value);
    } catch (const std::logic_error&) {  // std::stod and similar functions throw this
      fail("'" + value + "' is no value of " + std::string(key));
    }
  }
  if (a.endpoint.empty()) fail("--endpoint is missing");
  return a;
}

void arm_watchdog(const arguments& a) {
  signal(SIGALRM, [](int) {
    constexpr std::string_view text = "gate-bench: out of time\n";
    if (write(STDERR_FILENO, text.data(), text.size()) < 0) _exit(5);
    _exit(4);
  });
  itimerval t{};
  t.it_value.tv_sec = static_cast<time_t>(a.timeout_s);
  t.it_value.tv_usec = 1000;
  setitimer(ITIMER_REAL, &t, nullptr);
}

bytes echo_payload(std::size_t size_bytes) {
  bytes p(std::max<std::size_t>(size_bytes, sizeof(std::uint64_t)));
  for (std::size_t i = 0; i < p.size(); ++i) p[i] = static_cast<std::byte>(i * 31 % 251);
  return p;
}

void put_tag(bytes& payload, std::uint64_t tag) noexcept { std::memcpy(payload.data(), &tag, sizeof tag); }

std::uint64_t tag_of(const bytes& payload) noexcept {
  std::uint64_t tag = 0;
  std::memcpy(&tag, payload.data(), sizeof tag);
  return tag;
}

bool is_echo(const bytes& got, const bytes& sent) noexcept {
  return got.size() == sent.size() && tag_of(got) == tag_of(sent) && got.back() == sent.back();
}

namespace {

constexpr std::size_t record_bytes = 64;
using record = std::array<char, record_bytes>;

std::uint64_t noise(std::uint64_t i) noexcept {
  std::uint64_t z = (i + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

record record_at(bool random, std::uint64_t offset) noexcept {
  record r;
  if (random) {
    for (std::size_t i = 0; i < record_bytes; i += sizeof(std::uint64_t)) {
      const std::uint64_t word = noise((offset + i) / sizeof word);
      std::memcpy(r.data() + i, &word, sizeof word);
    }
    return r;
  }
  constexpr char line[] = "{\"seq\":0000000000,\"level\":\"info\",\"svc\":\"bench\",\"msg\":\"all ok!\"}\n";
  static_assert(sizeof line > record_bytes);
  std::memcpy(r.data(), line, record_bytes);
  std::uint64_t number = offset / record_bytes;
  for (std::size_t digit = 16; digit >= 7; --digit, number /= 10) r[digit] = static_cast<char>('0' + number % 10);
  return r;
}

}  // namespace

std::string make_blob(bool random) {
  const std::size_t size = random ? std::size_t{64} << 20 : std::size_t{256} << 20;
  std::string blob(size, '\0');
  for (std::size_t at = 0; at < size; at += record_bytes) {
    const record r = record_at(random, at);
    std::memcpy(blob.data() + at, r.data(), record_bytes);
  }
  return blob;
}

bool is_blob(bool random, std::uint64_t offset, std::string_view piece) noexcept {
  if (piece.size() < record_bytes || offset % record_bytes != 0) return piece.empty();
  for (std::size_t i = 0;; i += 65'536) {
    const std::size_t at = std::min(i, piece.size() - record_bytes) / record_bytes * record_bytes;
    const record r = record_at(random, offset + at);
    if (std::memcmp(piece.data() + at, r.data(), record_bytes) != 0) return false;
    if (i >= piece.size() - record_bytes) return true;
  }
}

namespace {

constexpr int sub_bits = 7;  // 2^7 buckets for each power of two

std::size_t bucket_of(std::uint64_t v) noexcept {
  if (v < (1u << sub_bits)) return static_cast<std::size_t>(v);
  const int exponent = 63 - std::countl_zero(v) - sub_bits;
  const auto row = static_cast<std::size_t>(exponent + 1) << sub_bits;
  return row + static_cast<std::size_t>((v >> exponent) & ((1u << sub_bits) - 1));
}

std::uint64_t value_of(std::size_t bucket) noexcept {
  const auto row = bucket >> sub_bits;
  if (row == 0) return bucket;
  const auto exponent = row - 1;
  const std::uint64_t low = ((std::uint64_t{1} << sub_bits) | (bucket & ((1u << sub_bits) - 1))) << exponent;
  return low + (std::uint64_t{1} << exponent) / 2;
}

}  // namespace

histogram::histogram() : counts_(static_cast<std::size_t>(64 - sub_bits + 1) << sub_bits) {}

void histogram::add(std::uint64_t value) noexcept {
  ++counts_[bucket_of(value)];
  max_ = std::max(max_, value);
}

std::uint64_t histogram::percentile(double p) const noexcept {
  std::uint64_t total = 0;
  for (const std::uint32_t n : counts_) total += n;
  const auto wanted = static_cast<std::uint64_t>(static_cast<double>(total) * p / 100.0 + 0.5);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= wanted && seen > 0) return std::min(value_of(i), max_);
  }
  return max_;
}

void meter::begin(std::uint64_t at) {
  say("BEGIN");
  cpu_begin_ = cpu_us();
  begin_ = at;
  phase_ = phase::measured;
}

void meter::end(std::uint64_t at) {
  end_ = at;
  cpu_end_ = cpu_us();
  phase_ = phase::over;
  say("END");
}

bool meter::complete(std::uint64_t issued_at, bool correct) {
  if (phase_ == phase::over) return false;
  const std::uint64_t at = now_ns();
  if (!correct) ++errors_;
  if (phase_ == phase::warm_up) {
    ++warm_;
    if (warm_ >= arguments_.warmup_calls && static_cast<double>(at - created_) >= arguments_.warmup_s * 1e9) begin(at);
    return true;
  }
  latency_.add(at - issued_at);
  ++calls_;
  const bool enough = arguments_.calls != 0 && calls_ >= arguments_.calls;
  if (enough || static_cast<double>(at - begin_) >= arguments_.duration_s * 1e9) end(at);
  return phase_ != phase::over;
}

void meter::report() const {
  const double seconds = static_cast<double>(end_ - begin_) / 1e9;
  const double rate = seconds > 0 ? static_cast<double>(calls_) / seconds : 0;
  const auto us = [this](double p) { return static_cast<double>(latency_.percentile(p)) / 1e3; };
  say(fmt::format(R"({{"workload":"{}","ok":true,"calls":{},"errors":{},"seconds":{:.6f},"calls_per_s":{:.1f},)"
                  R"("mb_per_s":{:.3f},"p50_us":{:.2f},"p99_us":{:.2f},"p999_us":{:.2f},"max_us":{:.2f},)"
                  R"("client_cpu_us":{},"client_peak_rss_kb":{}}})",
                  arguments_.workload, calls_, errors_, seconds, rate,
                  rate * static_cast<double>(arguments_.size_bytes) / 1e6, us(50), us(99), us(99.9),
                  static_cast<double>(latency_.max()) / 1e3, cpu_end_ - cpu_begin_, peak_rss_kb()));
}

void transfer::begin() {
  say("BEGIN");
  cpu_begin_ = cpu_us();
  begin_ = now_ns();
}

void transfer::end() {
  end_ = now_ns();
  cpu_end_ = cpu_us();
  say("END");
}

void transfer::report(const arguments& a, std::uint64_t items, std::uint64_t byte_count, std::uint64_t errors) const {
  const double seconds = static_cast<double>(end_ - begin_) / 1e9;
  say(fmt::format(
      R"({{"workload":"{}","ok":true,"calls":1,"errors":{},"seconds":{:.6f},"items":{},"items_per_s":{:.1f},)"
      R"("bytes":{},"mb_per_s":{:.3f},"client_cpu_us":{},"client_peak_rss_kb":{}}})",
      a.workload, errors, seconds, items, static_cast<double>(items) / seconds, byte_count,
      static_cast<double>(byte_count) / 1e6 / seconds, cpu_end_ - cpu_begin_, peak_rss_kb()));
}

void report_idle(const arguments& a, std::size_t connections) {
  say(fmt::format(R"({{"workload":"{}","ok":true,"calls":{},"errors":0,"seconds":{:.3f},"client_cpu_us":{},)"
                  R"("client_peak_rss_kb":{}}})",
                  a.workload, connections, a.duration_s, cpu_us(), peak_rss_kb()));
}

}  // namespace gate::bench
