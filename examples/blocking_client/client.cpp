// A program without coroutines: calls that block, futures, and a stream in a for loop. Talks to the calculator.
// usage: blocking-client [BROKER]
#include <chrono>
#include <exception>
#include <future>
#include <iostream>
#include <string_view>
#include <vector>

#include <gate/client.hpp>

using namespace std::chrono_literals;

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--help") {
    std::cout << "usage: blocking-client [BROKER]\n";
    return 0;
  }
  try {
    // [blocking]
    gate::Client client(argc > 1 ? argv[1] : "tcp://127.0.0.1:5555");  // has a thread of its own
    auto calculator = client["calculator"];

    const double sum = calculator["add"](2, 3).within(5s).get<double>();  // waits
    std::cout << "2 + 3 = " << sum << '\n';

    std::vector<std::future<double>> sums;  // ten at once
    for (int i = 0; i < 10; ++i) sums.push_back(calculator["add_slowly"](i, i, 0.1).future<double>());
    for (auto& doubled : sums) std::cout << doubled.get() << ' ';
    std::cout << "are even\n";

    auto primes = calculator["primes"](30).stream<int>().blocking();
    for (const int prime : primes) std::cout << prime << ' ';
    std::cout << "are primes\n";
    // [/blocking]
  } catch (const std::exception& e) {
    std::cerr << "blocking-client: " << e.what() << '\n';
    return 1;
  }
}
