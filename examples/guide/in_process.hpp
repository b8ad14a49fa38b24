// Runs a broker, a worker and a test of it on one loop, in one thread, without a network.
#pragma once

#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <gate/broker.hpp>
#include <gate/error.hpp>
#include <gate/event.hpp>
#include <gate/loop.hpp>
#include <gate/task.hpp>
#include <gate/task_group.hpp>
#include <gate/worker.hpp>

// Fails the test. With Catch2 or GoogleTest, use CHECK or EXPECT instead.
inline void check(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error("not so: " + what);
}

// [run_beside]
// Runs the test, then stops the broker and the worker.
inline gate::task<void> stop_after(gate::task<void> test, gate::task_group& system) {
  co_await std::move(test);
  system.cancel();
}

// Runs broker, worker and test side by side on this loop. The address has the form "inproc://name".
inline gate::task<void> run_beside(gate::loop& loop, gate::Worker& worker, std::string address, gate::task<void> test) {
  gate::broker_options broker_options;
  broker_options.frontend = {address};
  broker_options.backend = {address};
  gate::Broker broker(broker_options);
  broker.bind(loop);
  gate::worker_options worker_options;
  worker_options.broker = address;

  const gate::env here = co_await gate::current_env();
  gate::task_group system(here);
  system.spawn(broker.run());
  system.spawn(gate::serve(loop, worker, worker_options));
  system.spawn(stop_after(std::move(test), system));
  co_await system.join();  // throws what the test throws
}
// [/run_beside]

inline gate::task<void> until(gate::async_event& end) { co_await end.wait(); }

// For a program that blocks, or has an event loop of its own: runs it in a thread of its own, beside a broker and a
// worker. Returns the value that main() returns.
inline int run_program_beside(gate::Worker& worker, const std::string& address, const std::function<void()>& program) {
  int status = 0;
  gate::loop loop;
  gate::async_event end;
  std::thread other([&] {
    try {
      program();
    } catch (const std::exception& e) {
      std::cerr << e.what() << '\n';
      status = 1;
    }
    loop.post([&] { end.set(); });
  });
  try {
    loop.run(run_beside(loop, worker, address, until(end)));
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    std::_Exit(1);  // the other thread still uses these objects
  }
  other.join();
  return status;
}
