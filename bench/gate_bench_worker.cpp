// The worker of the benchmark: echo on the loop and in the pool, a stream of numbered items, and one large result.
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include <gate/huge_data.hpp>
#include <gate/limits.hpp>
#include <gate/run_worker.hpp>
#include <gate/value.hpp>

#include "bench/harness.hpp"

namespace {

class Bench : public gate::Worker {
 public:
  GATE_INTERFACE(echo, plain_echo, stream, blob)

  gate::task<gate::bytes> echo(gate::bytes payload) { co_return payload; }

  gate::bytes plain_echo(gate::bytes payload) const { return payload; }

  // `items` of `size` bytes; each begins with its number.
  gate::generator<gate::bytes> stream(std::uint64_t items, std::uint64_t size) {
    gate::bytes item = gate::bench::echo_payload(size);
    for (std::uint64_t i = 0; i < items; ++i) {
      gate::bench::put_tag(item, i);
      co_yield item;
    }
  }

  // The first `size` bytes of a blob. The first call makes the blob, so that making it is not measured. `uncompressed`
  // is the compressible blob, sent without compression.
  gate::HugeData blob(const std::string& kind, std::uint64_t size) {
    const bool random = kind == "random";
    std::string& whole = random ? random_ : compressible_;
    if (whole.empty()) whole = gate::bench::make_blob(random);
    gate::huge_options options;
    options.total = size;
    if (kind == "uncompressed") options.compression = gate::huge_compression::none;
    return gate::HugeData::from_chunks(pieces(whole, size), std::move(options));
  }

 private:
  static gate::generator<std::string> pieces(const std::string& whole, std::uint64_t size) {
    constexpr std::uint64_t piece_bytes = gate::limits::huge_chunk_bytes;
    for (std::uint64_t at = 0; at < size; at += piece_bytes) {
      co_yield whole.substr(at, std::min(piece_bytes, size - at));
    }
  }

  std::string compressible_, random_;
};

}  // namespace

int main(int argc, char** argv) { return gate::run_worker<Bench>(argc, argv); }
