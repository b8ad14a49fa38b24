// A broker with a method and a hook of its own (docs/extending.md).
// [broker]
#include <gate/run_broker.hpp>

class CountingBroker : public gate::Broker {
 public:
  using Broker::Broker;

 private:
  GATE_INTERFACE_ON(gate::run_on::loop, requests_done)
  GATE_DOC(requests_done, "requests that ended since the start")

  std::uint64_t requests_done() const { return done_; }
  void on_request_done(const request_record&) override { ++done_; }

  std::uint64_t done_ = 0;
};

int main(int argc, char** argv) { return gate::run_broker<CountingBroker>(argc, argv); }
// [/broker]
