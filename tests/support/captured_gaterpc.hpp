// Messages that were captured from gate-rpc 0.2.12, and a replay of them with this project's broker. The same frames go
// in, and the frames that its peers expect come out. Only ids towards a worker differ: each broker makes its own.
#pragma once

#include <string>
#include <vector>

#include "tests/support/programs.hpp"
#include "tests/support/raw_peer.hpp"

namespace gate::test {

// Throws did_not_happen if there is no capture of that name.
const frames& captured(const std::string& name);
// The messages of one kind ("creq", "wreq", "wrep", "crep") in an exchange ("generator3"): a single one, or those with
// the numbers from 0 on.
std::vector<frames> captured(const std::string& exchange, const std::string& kind);

// Captured messages between brokers of a cluster, with datagrams.
std::vector<frames> captured_between_gates();

// The next message. Throws did_not_happen if none comes.
frames received_by(raw_dealer& peer);

// A gate-broker, a registered worker like that of the capture, and a client.
class replay {
 public:
  replay();

  // Sends the request of the exchange, passes the captured replies on, and compares the messages at the other side.
  // Returns an empty text, or the first difference.
  std::string pass(const std::string& exchange);

  // The next request for the worker. Answers heartbeats before it.
  frames next_request();
  // Sends a captured reply as the answer to a request of this broker, with or without a login.
  void answer(const frames& request, const frames& reply_of_old);

  broker_program broker;
  raw_dealer worker, client;
};

// The exchanges that pass() can replay.
const std::vector<std::string>& captured_calls();

// The class of the exception in a reply. Empty if there is no exception.
std::string exception_class_in(const frames& reply);

}  // namespace gate::test
