// A client that tests kill, stop and let go on: reads one huge result, as fast as it comes.
//
// usage: gate-test-client ENDPOINT SIZE [beside]
//   SIZE    of the result; `endless` for one that does not end
//   beside  makes small calls meanwhile, one after the other, and writes WORST and the milliseconds that the slowest
//   took
//
// Writes the line BEGUN when the first octets are there, ENDED when all are. Exit status 0 when they are right, 1
// otherwise.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include <gate/client.hpp>
#include <gate/huge_data.hpp>

#include "tests/support/huge_octets.hpp"

namespace {

gate::HugeData ask(const gate::Service& test, std::string_view size) {
  if (size == "endless") return test["huge_endless"]().get<gate::HugeData>();
  return test["huge"](std::strtoull(size.data(), nullptr, 10)).get<gate::HugeData>();
}

bool read_all(const gate::Service& test, const char* size) {
  auto data = ask(test, size).blocking();
  gate::test::octet_check check;
  while (auto chunk = data.next()) {
    if (check.position() == 0) std::cout << "BEGUN" << std::endl;
    check.take(*chunk);
  }
  std::cout << "ENDED" << std::endl;
  return check.sound() && check.position() == data.total();
}

// A call every 20 ms, until the transfer has ended.
bool read_beside_calls(const gate::Service& test, const char* size) {
  using clock = std::chrono::steady_clock;
  std::atomic<bool> ended = false;
  bool sound = false;
  std::thread reader([&] {
    sound = read_all(test, size);
    ended = true;
  });
  clock::duration worst{};
  while (!ended) {
    const auto began = clock::now();
    const int sum = test["add"](1, 2).get<int>();
    if (sum != 3) throw std::runtime_error("1 and 2 are not " + std::to_string(sum));
    worst = std::max(worst, clock::now() - began);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  reader.join();
  std::cout << "WORST " << std::chrono::duration_cast<std::chrono::milliseconds>(worst).count() << std::endl;
  return sound;
}

}  // namespace

int main(int argc, char** argv) {
  const bool beside = argc == 4 && argv[3] == std::string_view("beside");
  if (argc != 3 && !beside) {
    std::cerr << "usage: gate-test-client ENDPOINT SIZE [beside]\n";
    return 2;
  }
  try {
    gate::Client client{std::string(argv[1])};
    const auto run = beside ? read_beside_calls : read_all;
    return run(client["test"], argv[2]) ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& e) {
    std::cerr << "gate-test-client: " << e.what() << '\n';
    return EXIT_FAILURE;
  }
}
