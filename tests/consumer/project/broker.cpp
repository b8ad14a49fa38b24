// Shows that a broker can be embedded: its header is found, and everything that its library needs is linked.
#include <iostream>
#include <type_traits>

#include <gate/broker.hpp>
#include <gate/version.hpp>

int main() {
  static_assert(std::is_class_v<gate::Broker>);
  std::cout << gate::version << '\n';
}
