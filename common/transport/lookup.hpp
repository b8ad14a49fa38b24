// The numeric addresses behind the host of an endpoint.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gate/loop.hpp>
#include <gate/unique_function.hpp>

namespace gate::peer {

// What a name came to. One of the two is empty.
struct found_addresses {
  std::vector<std::string> endpoints;  // tcp://number:port, in the order to be tried: RFC 6724, as the system has it
  std::string fault;                   // for people
};

// Whether the host has to be looked up; else the endpoint is what the transport takes.
bool names_a_host(std::string_view endpoint) noexcept;

// Whether the endpoint's address is one of IPv6.
bool is_ipv6(std::string_view endpoint) noexcept;

// Looks the host up, which blocks.
found_addresses look_up(const std::string& endpoint);

// Has lookups answered by another function, which may be called by several threads; null: by look_up(). For tests,
// which have no name server.
void answer_lookups_by(found_addresses (*other)(const std::string& endpoint)) noexcept;

// The same on a thread of its own, one for each name however many ask: a name server that does not answer takes
// seconds. `tell` is called on the loop once, not from within this, and not at all after this is gone. The loop's
// thread only.
class lookup {
 public:
  lookup(loop& where, const std::string& endpoint, unique_function<void(found_addresses)> tell);
  lookup(const lookup&) = delete;
  lookup& operator=(const lookup&) = delete;
  ~lookup();

 private:
  struct waiting;
  std::shared_ptr<waiting> waiting_;
};

}  // namespace gate::peer
