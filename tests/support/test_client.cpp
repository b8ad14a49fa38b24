// A client that tests kill, stop and let go on: reads one huge result, as fast as it comes.
//
// usage: gate-test-client ENDPOINT SIZE
//   SIZE  of the result; `endless` for one that does not end
//
// Writes the line BEGUN when the first octets are there, ENDED when all are. Exit status 0 when they are right, 1
// otherwise.
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

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

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: gate-test-client ENDPOINT SIZE\n";
    return 2;
  }
  try {
    gate::Client client{std::string(argv[1])};
    return read_all(client["test"], argv[2]) ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& e) {
    std::cerr << "gate-test-client: " << e.what() << '\n';
    return EXIT_FAILURE;
  }
}
