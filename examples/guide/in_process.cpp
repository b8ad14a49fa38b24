// The test of a worker, as a program: broker, worker and client in one process. Exit status 0 if all checks hold.
#include "examples/guide/in_process.hpp"

#include <chrono>
#include <exception>
#include <iostream>

#include <gate/client.hpp>

// [worker]
class Counter : public gate::Worker {
 public:
  GATE_INTERFACE_ON(gate::run_on::loop, add)
  GATE_DOC(add, "adds to the sum, and returns it", number)

  int add(int number) { return sum_ += number; }

 private:
  int sum_ = 0;  // needs no lock: each method of this class runs on the loop
};
// [/worker]

// [test]
gate::task<void> test_counter(gate::Client client) {
  const int first = co_await client["counter"]["add"](2).as<int>();
  check(first == 2, "the first sum is 2");
  const int second = co_await client["counter"]["add"](3).as<int>();
  check(second == 5, "the second sum is 5");
  try {
    co_await client["counter"]["add"]("three");
    check(false, "text is refused");
  } catch (const gate::Error& e) {
    check(e.code() == gate::errc::invalid_argument, "text is an invalid argument");
  }
}

int main() {
  try {
    gate::loop loop;
    Counter worker;
    gate::Client client(loop, "inproc://test");
    loop.run(run_beside(loop, worker, "inproc://test", test_counter(client)));
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
}
// [/test]
