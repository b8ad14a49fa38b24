// Searches, and prints each match as soon as it comes. usage: log-search-client TEXT [BROKER]
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

#include <gate/client.hpp>

#include "examples/log_search/match.hpp"

// [client]
gate::task<void> search(gate::Client client, std::string text) {
  auto matches = client["log_search"]["find"](text).stream<log_search::match>();
  while (auto m = co_await matches.next()) {
    std::cout << m->file << ':' << m->line << ": " << m->text << '\n';
  }
}
// [/client]

int main(int argc, char** argv) {
  const bool help = argc > 1 && std::string_view(argv[1]) == "--help";
  if (help || argc < 2 || argc > 3) {
    (help ? std::cout : std::cerr) << "usage: log-search-client TEXT [BROKER]\n";
    return help ? 0 : 2;
  }
  try {
    gate::loop loop;
    gate::Client client(loop, argc > 2 ? argv[2] : "tcp://127.0.0.1:5555");
    loop.run(search(client, argv[1]));
  } catch (const std::exception& e) {
    std::cerr << "log-search-client: " << e.what() << '\n';
    return 1;
  }
}
