// The smallest worker: a class with one method that others may call.
#include <string>

#include <gate/run_worker.hpp>

// [worker]
class Hello : public gate::Worker {
  GATE_INTERFACE(greet)
  std::string greet(const std::string& name) { return "Hello, " + name + "!"; }
};

int main(int argc, char** argv) { return gate::run_worker<Hello>(argc, argv); }
// [/worker]
