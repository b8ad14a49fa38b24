// A program around asio::io_context that makes calls (docs/guide.md). Exit status 0 if it does what the guide says.
#include <chrono>
#include <iostream>
#include <thread>

#include <asio.hpp>

#include "examples/guide/call_back.hpp"
#include "examples/guide/in_process.hpp"

using namespace std::chrono_literals;

namespace {

class Doubler : public gate::Worker {
 public:
  GATE_INTERFACE_ON(gate::run_on::loop, twice)
  int twice(int number) { return 2 * number; }
};

constexpr const char* address = "inproc://doubler";

// [asio]
void asio_program() {
  asio::io_context io;
  auto work = asio::make_work_guard(io);  // keeps io.run() going when only the client has work
  const std::thread::id here = std::this_thread::get_id();
  const auto on_answer = [&](const outcome<int>& what) {
    check(std::this_thread::get_id() == here, "it is the thread of io.run()");
    check(what.result == 42, "twice 21");
    work.reset();
  };
  const auto on_client_thread = [&](const outcome<int>& what) { asio::post(io, [&, what] { on_answer(what); }); };

  gate::Client client(address);  // destroyed before io: no callback comes after that
  call_back<int>(client, client["doubler"]["twice"](21).within(5s), on_client_thread);
  io.run();
}
// [/asio]

}  // namespace

int main() {
  Doubler worker;
  return run_program_beside(worker, address, asio_program);
}
