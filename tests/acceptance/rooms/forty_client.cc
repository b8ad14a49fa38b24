// A client of forty lines, as a user writes one: the time that it takes to compile is measured.
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include <gate/client.hpp>

using namespace std::chrono_literals;

struct item {
  std::string sku;
  int count = 0;
  double price = 0;
  MSGPACK_DEFINE_MAP(sku, count, price)
};

gate::task<void> shop(gate::Client client) {
  const item nuts{"nut", 5, 0.25};
  co_await client["warehouse"]["put"](nuts).within(2s);
  const auto stock = co_await client["warehouse"]["count"]("nut").as<int>();
  std::cout << stock << " nuts\n";
  const auto found = co_await client["warehouse"]["find"]("nut").idempotent().as<item>();
  std::cout << found.sku << " costs " << found.price << '\n';
  auto all = client["warehouse"]["all"]().stream<item>();
  while (auto next = co_await all.next()) std::cout << next->sku << '\n';
}

int main(int argc, char** argv) {
  try {
    gate::loop loop;
    gate::Client client(loop, std::string(argc > 1 ? argv[1] : "tcp://127.0.0.1:5555"));
    loop.run(shop(client));
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
}
