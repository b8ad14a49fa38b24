// The measuring part of the benchmark's client: a closed loop of calls, a transfer, and the JSON line at the end. A
// driver of several programs runs it: it passes `--key value` pairs. The program prints BEGIN when the measured part
// starts, END when it is over, then one line of JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gate/value.hpp>

namespace gate::bench {

// Nanoseconds of the monotonic clock.
std::uint64_t now_ns() noexcept;
// User and system time of this process, in microseconds.
std::uint64_t cpu_us() noexcept;

// Prints one line to stdout, at once.
void say(std::string line);
// Prints one line to stderr and ends the program with exit status 2.
[[noreturn]] void fail(const std::string& why);

struct arguments {
  std::string workload = "probe";
  std::string endpoint;
  double duration_s = 2.0;
  double warmup_s = 0.3;
  std::uint64_t warmup_calls = 1;
  std::uint64_t calls = 0;  // 0: only the duration ends the measurement
  std::uint64_t items = 200'000;
  std::size_t in_flight = 1;  // per connection
  std::size_t size_bytes = 64;
  std::string kind = "compressible";  // of the blob
  std::size_t connections = 1;
  double timeout_s = 60.0;  // the program gives up after this time
};
// Unknown keys are ignored; a key without a value ends the program.
arguments parse(int argc, char** argv);
// Ends the program with exit status 4 if it runs longer than its time-out.
void arm_watchdog(const arguments& a);

// A payload whose first eight bytes are the call's own number.
bytes echo_payload(std::size_t size_bytes);
void put_tag(bytes& payload, std::uint64_t tag) noexcept;
std::uint64_t tag_of(const bytes& payload) noexcept;  // payload of at least eight bytes
bool is_echo(const bytes& got, const bytes& sent) noexcept;

// One large result. Each byte depends on its place, so that any part can be made and checked. The content is log lines
// of 64 bytes that differ in their number, or noise.
std::string make_blob(bool random);
// Checks a sample of the piece that begins at `offset`: its first and last record, and one in every 64 KiB.
bool is_blob(bool random, std::uint64_t offset, std::string_view piece) noexcept;

// Latencies in buckets that are less than 1 % wide.
class histogram {
 public:
  histogram();
  void add(std::uint64_t value) noexcept;
  std::uint64_t percentile(double p) const noexcept;
  std::uint64_t max() const noexcept { return max_; }

 private:
  std::vector<std::uint32_t> counts_;
  std::uint64_t max_ = 0;
};

// Calls that are each replaced when they end: first a warm-up, then the measured part.
class meter {
 public:
  explicit meter(const arguments& a) : arguments_(a), created_(now_ns()) {}
  // One call has ended. Returns true if the caller must make another one.
  bool complete(std::uint64_t issued_at, bool correct);
  void report() const;

 private:
  enum class phase : std::uint8_t { warm_up, measured, over };
  void begin(std::uint64_t at);
  void end(std::uint64_t at);

  arguments arguments_;
  std::uint64_t created_;
  phase phase_ = phase::warm_up;
  std::uint64_t warm_ = 0, calls_ = 0, errors_ = 0;
  std::uint64_t begin_ = 0, end_ = 0, cpu_begin_ = 0, cpu_end_ = 0;
  histogram latency_;
};

// One measured transfer of many items.
class transfer {
 public:
  void begin();
  void end();
  void report(const arguments& a, std::uint64_t items, std::uint64_t byte_count, std::uint64_t errors) const;

 private:
  std::uint64_t begin_ = 0, end_ = 0, cpu_begin_ = 0, cpu_end_ = 0;
};

void report_idle(const arguments& a, std::size_t connections);

}  // namespace gate::bench
