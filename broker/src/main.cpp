// gate-broker: gate::Broker as it is.
#include <gate/run_broker.hpp>

int main(int argc, char** argv) { return gate::run_broker(argc, argv); }
