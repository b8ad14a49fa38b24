// What gate-rpc 0.2.12 was seen to put on the wire, and how to say it again to a broker of ours: the same frames go in,
// and those that its peers expect come out. Ids towards a worker are the broker's own, as they were Python's.
#pragma once

#include <string>
#include <vector>

#include "tests/support/programs.hpp"
#include "tests/support/raw_peer.hpp"

namespace gate::test {

// Throws did_not_happen when there is none of that name.
const frames& captured(const std::string& name);
// Of an exchange ("generator3") the messages of one kind ("creq", "wreq", "wrep", "crep"): its one message, or those
// numbered from 0 on.
std::vector<frames> captured(const std::string& exchange, const std::string& kind);

// What brokers of a cluster were seen to say to each other, datagrams included.
std::vector<frames> captured_between_gates();

// The next message; throws did_not_happen when none comes.
frames received_by(raw_dealer& peer);

// gate-broker, the worker that the capture was made with, registered, and a client.
class replay {
 public:
  replay();

  // Sends the exchange's request, passes the captured replies on, and compares what reaches the other side. Empty when
  // all is as it was, else what is not.
  std::string pass(const std::string& exchange);

  // The next request to the worker; heartbeats before it are answered.
  frames next_request();
  // Says a captured reply, with or without a login, to a request that this broker sent.
  void answer(const frames& request, const frames& reply_of_old);

  broker_program broker;
  raw_dealer worker, client;
};

// The exchanges that pass() can replay.
const std::vector<std::string>& captured_calls();

// The class of the exception in a reply; empty when there is none.
std::string exception_class_in(const frames& reply);

}  // namespace gate::test
