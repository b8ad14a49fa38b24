// The kinds of calls that a client can make. usage: calculator-client [BROKER]
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

#include <gate/client.hpp>
#include <gate/generator.hpp>

using namespace std::chrono_literals;

// [typed]
gate::task<void> add(gate::Client client) {
  auto add = client["calculator"].method<double(double, double)>("add");  // types are checked by the compiler
  const double sum = co_await add(2, 3);
  std::cout << "2 + 3 = " << sum << '\n';
}
// [/typed]

// [named]
gate::task<void> divide(gate::Client client) {
  auto dividend = gate::named("dividend", 17);
  auto divisor = gate::named("divisor", 5);
  gate::Reply reply = co_await client["calculator"]["divide"](dividend, divisor).within(2s);
  const auto parts = reply.as<std::map<std::string, std::int64_t>>();
  std::cout << "17 / 5 = " << parts.at("whole") << ", rest " << parts.at("rest") << '\n';
}
// [/named]

// [stream]
gate::task<void> print_primes(gate::Client client) {
  auto primes = client["calculator"]["primes"](30).stream<int>();
  while (auto prime = co_await primes.next()) std::cout << *prime << ' ';
  std::cout << "are primes\n";
}
// [/stream]

// [client_stream]
gate::generator<double> measurements() {
  for (int i = 1; i <= 1000; ++i) co_yield i * 0.5;
}

gate::task<void> average(gate::Client client) {
  auto items = measurements();
  const double mean = co_await client["calculator"]["mean"](std::move(items)).as<double>();
  std::cout << "the mean is " << mean << '\n';
}
// [/client_stream]

// [errors]
gate::task<void> fail(gate::Client client) {
  try {
    co_await client["calculator"]["divide"](1, 0);
  } catch (const gate::Error& e) {
    std::cout << to_string(e.code()) << ": " << e.remote_type() << ": " << e.what() << '\n';
  }
  try {
    co_await client["calculator"]["add_slowly"](1, 2, 60.0).within(100ms);
  } catch (const gate::Error& e) {
    std::cout << to_string(e.code()) << '\n';
  }
}
// [/errors]

gate::task<void> all(gate::Client client) {
  co_await add(client);
  co_await divide(client);
  co_await print_primes(client);
  co_await average(client);
  co_await fail(client);
}

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--help") {
    std::cout << "usage: calculator-client [BROKER]\n";
    return 0;
  }
  try {
    gate::loop loop;
    gate::Client client(loop, argc > 1 ? argv[1] : "tcp://127.0.0.1:5555");
    loop.run(all(client));
  } catch (const std::exception& e) {
    std::cerr << "calculator-client: " << e.what() << '\n';
    return 1;
  }
}
