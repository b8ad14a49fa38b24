// The smallest client. usage: hello-client [BROKER]
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

#include <gate/client.hpp>

// [client]
gate::task<void> greet(gate::Client client) {
  auto answer = co_await client["hello"]["greet"]("world").as<std::string>();
  std::cout << answer << '\n';
}
// [/client]

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--help") {
    std::cout << "usage: hello-client [BROKER]\n";
    return 0;
  }
  // [main]
  try {
    gate::loop loop;
    gate::Client client(loop, argc > 1 ? argv[1] : "tcp://127.0.0.1:5555");
    loop.run(greet(client));
  } catch (const std::exception& e) {  // for example if there is no broker
    std::cerr << "hello-client: " << e.what() << '\n';
    return 1;
  }
  // [/main]
}
