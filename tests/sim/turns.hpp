// Checks the promise that the clients of a service take turns, from the broker's messages alone: while a call of one
// client waits, no other client is served again and again with calls of the same method.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include <gate/protocol.hpp>

#include "tests/sim/oracle.hpp"

namespace gate::sim {

class turn_watch {
 public:
  // A client's request came over that connection.
  void heard(std::uint64_t connection, const message& request);
  // It was answered, or its client has left.
  void ended(std::uint64_t connection, call_id number);
  void left(std::uint64_t connection);
  // A worker is given that request. Empty, or what is unfair about it.
  std::string given(const message& request);
  // Workers came or left: turns begin anew.
  void regrouped() noexcept { served_since_.clear(); }

 private:
  struct waiting_call {
    std::uint64_t connection = 0;
    call_id number{};
    std::string service, method;
    bool waits = false;  // for a one-way call, the end in the queue is not reported
  };

  using client_key = std::pair<std::uint64_t, std::string>;  // a connection, and a service or a method

  // The turn that is going on, and one that was served just before the call came.
  static constexpr unsigned turns_max = 2;

  std::map<call_number, waiting_call> waiting_;
  std::map<std::pair<std::uint64_t, call_id>, call_number> numbers_;
  std::map<call_number, client_key> given_;  // given at least once: if given again, they do not count for other clients
  std::map<client_key, std::map<client_key, unsigned>> served_since_;
};

}  // namespace gate::sim
