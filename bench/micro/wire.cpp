// Measures the encoding and the decoding of envelopes and of values.
#include <string>

#include <benchmark/benchmark.h>

#include <gate/assert.hpp>
#include <gate/value.hpp>

#include "common/wire/gate2.hpp"

namespace gate {
namespace {

message request_of(bytes_view payload) {
  message m;
  m.type = message_type::request;
  m.call = call_id{12345};
  m.service = "service";
  m.method = "method";
  m.budget = std::chrono::seconds(5);
  m.payload = payload;
  return m;
}

message final_of(bytes_view payload) {
  message m;
  m.type = message_type::final;
  m.call = call_id{12345};
  m.service_time = std::chrono::microseconds(10);
  m.payload = payload;
  return m;
}

constexpr std::size_t envelopes_per_batch = 256;

void compose(benchmark::State& state, const message& m) {
  std::string batch;
  for (auto _ : state) {
    batch.clear();
    for (std::size_t i = 0; i < envelopes_per_batch; ++i) wire::gate2::append(batch, m);
    benchmark::DoNotOptimize(batch.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(envelopes_per_batch));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(batch.size()));
}

void parse(benchmark::State& state, const message& m) {
  std::string batch;
  for (std::size_t i = 0; i < envelopes_per_batch; ++i) wire::gate2::append(batch, m);
  for (auto _ : state) {
    wire::gate2::reader envelopes(batch);
    message read;
    std::size_t count = 0;
    while (envelopes.next(read)) ++count;
    GATE_ASSERT(count == envelopes_per_batch);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(envelopes_per_batch));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(batch.size()));
}

void compose_request(benchmark::State& state) {
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
  compose(state, request_of(payload));
}
void compose_final(benchmark::State& state) {
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
  compose(state, final_of(payload));
}
void parse_request(benchmark::State& state) {
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
  parse(state, request_of(payload));
}
void parse_final(benchmark::State& state) {
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
  parse(state, final_of(payload));
}
BENCHMARK(compose_request)->Arg(64)->Arg(4096);
BENCHMARK(compose_final)->Arg(64)->Arg(4096);
BENCHMARK(parse_request)->Arg(64)->Arg(4096);
BENCHMARK(parse_final)->Arg(64)->Arg(4096);

void encode_arguments_of_a_call(benchmark::State& state) {
  const std::string text(40, 'x');
  std::string out;
  for (auto _ : state) {
    out.clear();
    encode_arguments_to(out, 42, text, 3.5);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(encode_arguments_of_a_call);

void parse_arguments_of_a_call(benchmark::State& state) {
  const std::string encoded = encode_arguments(42, std::string(40, 'x'), 3.5);
  for (auto _ : state) {
    detail::object_arena arena;
    msgpack::object root;
    const decode_error error = detail::parse_value(encoded, arena, root);
    GATE_ASSERT(error == decode_error::none);
    benchmark::DoNotOptimize(root);
  }
}
BENCHMARK(parse_arguments_of_a_call);

}  // namespace
}  // namespace gate
