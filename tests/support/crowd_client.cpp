// Many clients in one process.
//
// usage: gate-test-crowd ENDPOINT COUNT HOW
//   HOW  `loop` for clients on one loop, `threads` for clients with a thread of their own each
//
// Makes the clients and has each make a call. Then writes the line CONNECTED ANSWERED DESCRIPTORS: how many calls were
// answered, and how many descriptors are open after the last answer. For each line of its input all clients call again,
// and it writes CALLED ANSWERED. Exit status 0 at the end of its input.
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gate/client.hpp>
#include <gate/error.hpp>
#include <gate/loop.hpp>
#include <gate/task.hpp>

#include "tests/support/open_descriptors.hpp"

namespace {

using crowd = std::vector<std::unique_ptr<gate::Client>>;

gate::task<std::size_t> call_all(const crowd& all) {
  std::size_t answered = 0;
  for (const auto& client : all) {
    try {
      co_await client->ping();
      ++answered;
    } catch (const gate::Error& e) {
      std::cerr << e.what() << std::endl;
    }
  }
  co_return answered;
}

// The monitors of the last connections may still be closing.
std::size_t settled_descriptors() {
  std::size_t now = gate::test::open_descriptors();
  for (int calm = 0; calm < 20;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const std::size_t then = std::exchange(now, gate::test::open_descriptors());
    calm = then == now ? calm + 1 : 0;
  }
  return now;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: gate-test-crowd ENDPOINT COUNT HOW\n";
    return 2;
  }
  const std::string endpoint = argv[1];
  const std::size_t count = std::strtoull(argv[2], nullptr, 10);
  const bool on_loop = std::string_view(argv[3]) == "loop";
  try {
    gate::loop here;
    crowd all;
    for (std::size_t i = 0; i < count; ++i) {
      gate::client_options options;
      options.endpoint = endpoint;
      options.connect_timeout = std::chrono::seconds(60);
      all.push_back(on_loop ? std::make_unique<gate::Client>(here, options) : std::make_unique<gate::Client>(options));
    }
    const std::size_t answered = here.run(call_all(all));
    std::cout << "CONNECTED " << answered << ' ' << settled_descriptors() << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
      std::cout << "CALLED " << here.run(call_all(all)) << std::endl;
    }
    return EXIT_SUCCESS;
  } catch (const std::exception& e) {
    std::cerr << "gate-test-crowd: " << e.what() << '\n';
    return EXIT_FAILURE;
  }
}
