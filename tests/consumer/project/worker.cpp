#include <gate/run_worker.hpp>
#include <gate/worker.hpp>

class Calculator : public gate::Worker {
 public:
  GATE_INTERFACE(add)

  int add(int a, int b) const { return a + b; }
};

int main(int argc, char** argv) { return gate::run_worker<Calculator>(argc, argv); }
