// Measures a call in the broker's core: a request comes in, goes to a worker, and its final comes back.
#include "broker/core/core.hpp"

#include <cstdint>
#include <deque>
#include <string>

#include <benchmark/benchmark.h>

#include <gate/assert.hpp>

namespace gate::broker {
namespace {

constexpr peer_id client{1};
constexpr peer_id worker{2};

// Keeps the numbers of the calls that the worker got; counts all other messages.
class listener final : public output {
 public:
  void send(peer_id to, const message& m) override {
    ++sent;
    if (to == worker && m.type == message_type::request) given.push_back(m.call);
  }
  void cut(peer_id, errc, std::string_view) override { ++cuts; }

  std::deque<call_id> given;
  std::uint64_t sent = 0, cuts = 0;
};

class fixture {
 public:
  explicit fixture(std::uint32_t capacity) : core_({}, {}, nullptr, nullptr, nullptr, listener_, now_) {
    join(client, peer_role::client, 0);
    join(worker, peer_role::worker, capacity);
  }

  void request(std::uint64_t number) {
    message m;
    m.type = message_type::request;
    m.call = call_id{number};
    m.service = "service";
    m.method = "method";
    m.payload = bytes_view(payload_);
    core_.received(client, m, nullptr, now_);
  }
  // The worker replies to its oldest call.
  void answer() {
    message m;
    m.type = message_type::final;
    m.call = listener_.given.front();
    listener_.given.pop_front();
    m.payload = bytes_view(payload_);
    core_.received(worker, m, nullptr, now_);
  }
  void pass(duration time) { now_ += time; }
  void check() const { GATE_ASSERT(listener_.cuts == 0 && core_.check(now_).empty()); }

 private:
  void join(peer_id who, peer_role role, std::uint32_t capacity) {
    peer_context context;
    context.principal = "anonymous";
    core_.opened(who, context, now_);
    message hello;
    hello.type = message_type::hello;
    hello.role = role;
    hello.version_min = hello.version_max = gate2_version;
    if (role == peer_role::worker) {
      hello.service = "service";
      hello.capacity = capacity;
    }
    core_.received(who, hello, nullptr, now_);
  }

  const std::string payload_ = std::string(64, 'x');
  listener listener_;
  instant now_{std::chrono::hours(1)};
  core core_;
};

// One call at a time, or many in flight at once.
void request_and_final(benchmark::State& state) {
  const auto in_flight = static_cast<std::uint64_t>(state.range(0));
  fixture f(static_cast<std::uint32_t>(in_flight));
  std::uint64_t number = 0;
  while (number + 1 < in_flight) f.request(++number);
  for (auto _ : state) {
    f.request(++number);
    f.answer();
    f.pass(std::chrono::microseconds(1));
  }
  f.check();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(request_and_final)->Arg(1)->Arg(1000)->Arg(10'000);

// The worker takes one call at a time, and calls always wait for it: each request is stored first.
void queued_request_and_final(benchmark::State& state) {
  fixture f(1);
  std::uint64_t number = 0;
  while (number < static_cast<std::uint64_t>(state.range(0))) f.request(++number);
  for (auto _ : state) {
    f.request(++number);
    f.answer();
    f.pass(std::chrono::microseconds(1));
  }
  f.check();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(queued_request_and_final)->Arg(10)->Arg(10'000);

}  // namespace
}  // namespace gate::broker
