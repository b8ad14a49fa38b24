// The kinds of methods a worker can have: plain, coroutine, a stream out, a stream in, and errors.
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include <gate/async_generator.hpp>
#include <gate/generator.hpp>
#include <gate/run_worker.hpp>
#include <gate/sleep.hpp>

// [types]
struct quotient {
  std::int64_t whole = 0, rest = 0;
  MSGPACK_DEFINE_MAP(whole, rest)
};
// [/types]

class Calculator : public gate::Worker {
 public:
  GATE_INTERFACE(add, add_slowly, divide, primes, mean, running_sum)
  GATE_DOC(add, "adds two numbers", a, b)
  GATE_DOC(add_slowly, "adds two numbers after a while", a, b, seconds)
  GATE_DOC(divide, "divides whole numbers; fails when the divisor is 0", dividend, divisor)
  GATE_DOC(primes, "the primes below a number, one by one", below)
  GATE_DOC(mean, "the mean of the numbers that the caller streams", numbers)
  GATE_DOC(running_sum, "answers each number with the sum so far", numbers)

  std::string description() const override { return "does sums"; }

  // [plain]
  // A plain method runs in a pool of threads: it may compute, or block.
  double add(double a, double b) const { return a + b; }
  // [/plain]

  // [coroutine]
  // A coroutine runs on the worker's loop. While it waits, it holds no thread. If the caller gives up, it ends at the
  // await.
  gate::task<double> add_slowly(double a, double b, double seconds) {
    if (!(seconds >= 0 && seconds <= 86'400)) throw gate::Error(gate::errc::invalid_argument, "0 to 86400 seconds");
    const std::chrono::milliseconds pause(static_cast<std::int64_t>(seconds * 1000));
    co_await gate::sleep_for(pause);
    co_return a + b;
  }
  // [/coroutine]

  // [errors]
  // If a method throws, its caller gets the type and the message. A gate::Error sets the code as well.
  quotient divide(std::int64_t dividend, std::int64_t divisor) const {
    if (divisor == 0) throw std::domain_error("division by zero");
    if (divisor == -1 && dividend == INT64_MIN) throw gate::Error(gate::errc::too_large, "the quotient needs 65 bits");
    return {dividend / divisor, dividend % divisor};
  }
  // [/errors]

  // [stream]
  // A stream: each co_yield is an item. The generator runs at most one window ahead of the reader.
  gate::generator<std::int64_t> primes(std::int64_t below) const {
    for (std::int64_t n = 2; n < below; ++n) {
      if (is_prime(n)) co_yield n;
    }
  }
  // [/stream]

  // [client_stream]
  // Takes a stream from the caller, and returns one value.
  gate::task<double> mean(gate::async_generator<double> numbers) {
    double sum = 0;
    std::int64_t count = 0;
    while (auto number = co_await numbers.next()) {
      sum += *number;
      ++count;
    }
    if (count == 0) throw gate::Error(gate::errc::invalid_argument, "the mean of no numbers");
    co_return sum / static_cast<double>(count);
  }
  // [/client_stream]

  // Streams in both directions at once.
  gate::async_generator<double> running_sum(gate::async_generator<double> numbers) {
    double sum = 0;
    while (auto number = co_await numbers.next()) {
      sum += *number;
      co_yield sum;
    }
  }

 private:
  static bool is_prime(std::int64_t n) {
    for (std::int64_t d = 2; d <= n / d; ++d) {
      if (n % d == 0) return false;
    }
    return true;
  }
};

int main(int argc, char** argv) { return gate::run_worker<Calculator>(argc, argv); }
