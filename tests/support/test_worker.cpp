// A worker whose methods behave on demand as real ones do: answer, wait, stream, throw, hang, crash. It counts named
// events for tests, so that a test can wait for one: await("spin.cancelled", 1).
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include <gate/async_generator.hpp>
#include <gate/generator.hpp>
#include <gate/huge_data.hpp>
#include <gate/run_worker.hpp>
#include <gate/sleep.hpp>
#include <gate/task.hpp>
#include <gate/worker.hpp>

#include "tests/support/huge_bytes.hpp"

namespace {

using namespace std::chrono_literals;
using std::int64_t;

// Counters with names. Thread-safe: plain methods use it in the pool, coroutines on the loop.
class tallies {
 public:
  void add(const std::string& name) {
    const std::lock_guard lock(mutex_);
    ++counts_[name];
    changed_.notify_all();
  }
  int64_t count(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return counts_[name];
  }
  // Blocks until the counter has reached `least`, or the caller has gone.
  int64_t await(const gate::Call& call, const std::string& name, int64_t least) {
    std::unique_lock lock(mutex_);
    while (counts_[name] < least && !call.cancelled()) changed_.wait_for(lock, 10ms);
    return counts_[name];
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int64_t> counts_;
};

// Counts its own destruction: within a coroutine, that is how a cancellation shows.
class ending {
 public:
  ending(tallies& counts, std::string name) : counts_(counts), name_(std::move(name)) {}
  ending(const ending&) = delete;
  ending& operator=(const ending&) = delete;
  ~ending() { counts_.add(name_); }

 private:
  tallies& counts_;
  std::string name_;
};

struct call_report {
  std::string service, method, caller, tenant, traceparent, key;
  bool idempotent = false, has_deadline = false;
  int64_t remaining_ms = 0, pid = 0;
  std::uint32_t attempt = 0;
  MSGPACK_DEFINE_MAP(service, method, caller, tenant, traceparent, key, idempotent, has_deadline, remaining_ms, pid,
                     attempt)
};

class TestWorker : public gate::Worker {
 public:
  GATE_INTERFACE(echo, call, add, pid, whoami, whoami_later, await, tally)
  GATE_INTERFACE(sleep, sleep_plain, spin, hang, never, release, crash, fail, big, note)
  GATE_INTERFACE(count, count_async, count_then_fail, endless, big_items, sum, total_length, double_each, read_none)
  GATE_INTERFACE(catch_all, catch_rest, catch_later, catch_items, catch_huge)
  GATE_INTERFACE(huge, huge_file, huge_endless, take_huge, take_huge_slowly, text_of, length_of, echo_huge)
  GATE_DOC(add, "adds two numbers", a, b)
  GATE_DOC(catch_rest, "all that follows the first", first, others)
  GATE_DOC(count, "the numbers below n, from the pool", n)

  gate::task<gate::value> echo(gate::value v) { co_return v; }
  gate::task<gate::bytes> call(gate::bytes raw) { co_return raw; }  // the method that Majordomo's clients call
  int add(int a, int b) const { return a + b; }
  gate::task<int64_t> pid() { co_return ::getpid(); }

  gate::task<call_report> whoami(gate::Call& call) {
    call_report report;
    report.service = call.service();
    report.method = call.method();
    report.caller = call.caller();
    report.tenant = call.metadata("tenant").value_or("");
    report.traceparent = call.traceparent();
    report.key = call.idempotency_key();
    report.idempotent = call.idempotent();
    report.attempt = call.attempt();
    report.pid = ::getpid();
    const auto remaining = call.remaining();
    report.has_deadline = remaining.has_value();
    report.remaining_ms = std::chrono::duration_cast<std::chrono::milliseconds>(remaining.value_or(0ms)).count();
    call.add_trailing("served-by", "test worker");
    co_return report;
  }

  // Returns the process and the attempt. The first attempt answers after a while, later ones at once.
  gate::task<std::pair<int64_t, int64_t>> whoami_later(gate::Call& call, int64_t milliseconds) {
    counts_.add("whoami_later.started");
    const std::pair<int64_t, int64_t> answer(::getpid(), call.attempt());
    if (call.attempt() == 0) co_await gate::sleep_for(std::chrono::milliseconds(milliseconds));
    co_return answer;
  }

  int64_t await(gate::Call& call, std::string name, int64_t least) { return counts_.await(call, name, least); }
  gate::task<int64_t> tally(std::string name) { co_return counts_.count(name); }

  gate::task<int64_t> sleep(int64_t milliseconds) {
    counts_.add("sleep.started");
    co_await gate::sleep_for(std::chrono::milliseconds(milliseconds));
    co_return milliseconds;
  }
  int64_t sleep_plain(int64_t milliseconds) {
    counts_.add("sleep_plain.started");
    ::usleep(static_cast<useconds_t>(milliseconds * 1000));
    return milliseconds;
  }
  // Works until it is cancelled.
  void spin(gate::Call& call) {
    counts_.add("spin.started");
    while (!call.cancelled()) ::usleep(100);
    counts_.add("spin.cancelled");
  }
  // Waits for ever.
  gate::task<void> hang() {
    const ending end(counts_, "hang.ended");
    counts_.add("hang.started");
    co_await gate::sleep_for(24h);
  }
  // A plain method that ignores cancellation, and returns only after release().
  void never() {
    counts_.add("never.started");
    while (counts_.count("released") == 0) ::usleep(1000);
    counts_.add("never.ended");
  }
  gate::task<void> release() {
    counts_.add("released");
    co_return;
  }
  void crash() { std::abort(); }

  void fail(std::string kind) {
    if (kind == "out_of_range") throw std::out_of_range("no such element");
    if (kind == "busy") throw gate::Error(gate::errc::busy, "come back later");
    if (kind == "int") throw 7;
    throw std::runtime_error("it failed: " + kind);
  }
  std::string big(std::uint64_t size) { return std::string(size, 'x'); }
  gate::task<void> note(std::string text) {
    counts_.add("note." + text);
    co_return;
  }

  gate::generator<int64_t> count(int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      counts_.add("count.items");
      co_yield i;
    }
  }
  gate::async_generator<int64_t> count_async(int64_t n) {
    const ending end(counts_, "count_async.ended");
    for (int64_t i = 0; i < n; ++i) {
      counts_.add("count_async.items");
      co_yield i;
    }
  }
  gate::generator<int64_t> count_then_fail(int64_t n) {
    for (int64_t i = 0; i < n; ++i) co_yield i;
    throw std::runtime_error("the stream broke");
  }
  // Sends an item each millisecond.
  gate::async_generator<int64_t> endless() {
    const ending end(counts_, "endless.ended");
    for (int64_t i = 0;; ++i) {
      co_yield i;
      co_await gate::sleep_for(1ms);
    }
  }
  gate::async_generator<std::string> big_items(int64_t n, std::uint64_t size) {
    const std::string item(size, 'x');
    for (int64_t i = 0; i < n; ++i) co_yield item;
  }

  gate::task<int64_t> sum(gate::async_generator<int64_t> values) {
    int64_t total = 0;
    while (auto value = co_await values.next()) {
      counts_.add("sum.items");
      total += *value;
    }
    co_return total;
  }
  gate::task<std::uint64_t> total_length(gate::async_generator<std::string> texts) {
    std::uint64_t total = 0;
    while (auto text = co_await texts.next()) total += text->size();
    co_return total;
  }
  gate::async_generator<int64_t> double_each(gate::async_generator<int64_t> values) {
    while (auto value = co_await values.next()) co_yield 2 * *value;
  }
  // Takes a stream and reads nothing of it until release().
  gate::task<void> read_none(gate::async_generator<int64_t> values) {
    const auto unread = std::move(values);
    counts_.add("read_none.started");
    while (counts_.count("released") == 0) co_await gate::sleep_for(1ms);
  }

  // --- any arguments, and any value as an argument

  static gate::value shown(const gate::argument_list& given) {
    std::map<std::string, gate::value> both;
    both["args"] = gate::value::of(given.positional());
    both["kwargs"] = gate::value::of(given.named());
    return gate::value::of(both);
  }
  gate::value catch_all(gate::argument_list given) { return shown(given); }
  gate::value catch_rest(int64_t first, const gate::argument_list& others) {
    if (others.empty()) return gate::value::of(first);
    for (const gate::argument& each : others) each.as<int64_t>();
    return shown(others);
  }
  gate::task<gate::value> catch_later(gate::argument_list given) {
    co_await gate::sleep_for(1ms);
    co_return shown(given);
  }
  gate::generator<gate::value> catch_items(gate::argument_list given) {
    for (const gate::argument& each : given) {
      const gate::value item = each.value();
      co_yield item;
    }
  }
  gate::task<gate::value> catch_huge(gate::HugeData data, gate::argument_list given) {
    const std::string all = co_await data.to_memory();
    gate::value what = shown(given);
    co_return gate::value::of(std::pair<std::size_t, gate::value>(all.size(), what));
  }

  // --- payloads of any size, with the bytes of bytes_at()

  gate::task<gate::HugeData> huge(std::uint64_t size) {
    gate::huge_options options;
    options.total = size;
    auto pieces = gate::test::byte_pieces(size);
    co_return gate::HugeData::from_chunks(std::move(pieces), options);
  }
  gate::HugeData huge_file(std::string path) { return gate::HugeData::from_file(path); }
  gate::task<gate::HugeData> huge_endless() {
    auto pieces = endless_pieces(counts_);
    co_return gate::HugeData::from_chunks(std::move(pieces));
  }
  static gate::async_generator<std::string> endless_pieces(tallies& counts) {
    const ending end(counts, "huge_endless.ended");
    for (std::uint64_t at = 0;; at += 100'000) {
      std::string piece = gate::test::bytes_at(at, 100'000);
      co_yield std::move(piece);
      co_await gate::yield();
    }
  }
  // Returns how many bytes came. Fails if they are not those of bytes_at().
  gate::task<std::uint64_t> take_huge(gate::HugeData data) {
    const ending end(counts_, "take_huge.ended");
    counts_.add("take_huge.started");
    gate::test::byte_check check;
    while (auto chunk = co_await data.next()) {
      check.take(*chunk);
      counts_.add("take_huge.chunks");
    }
    if (!check.sound()) throw std::runtime_error("these are other bytes");
    co_return check.position();
  }
  gate::task<std::uint64_t> take_huge_slowly(gate::HugeData data, int64_t pause_ms) {
    std::uint64_t size = 0;
    while (auto chunk = co_await data.next()) {
      size += chunk->size();
      co_await gate::sleep_for(std::chrono::milliseconds(pause_ms));
    }
    co_return size;
  }
  gate::task<gate::HugeData> echo_huge(gate::HugeData data) { co_return std::move(data); }
  std::string text_of(std::uint64_t size) { return gate::test::bytes_at(0, static_cast<std::size_t>(size)); }
  std::uint64_t length_of(const std::string& text) {
    if (text != gate::test::bytes_at(0, text.size())) throw std::runtime_error("these are other bytes");
    return text.size();
  }

 private:
  tallies counts_;
};

}  // namespace

int main(int argc, char** argv) { return gate::run_worker<TestWorker>(argc, argv); }
