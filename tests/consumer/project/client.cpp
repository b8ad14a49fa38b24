#include <exception>
#include <iostream>

#include <gate/client.hpp>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    gate::Client client(argv[1]);
    std::cout << client["calculator"]["add"](2, 3).get<int>() << '\n';
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
}
