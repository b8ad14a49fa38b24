// Finds the numeric addresses of an endpoint's host name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gate/loop.hpp>
#include <gate/unique_function.hpp>

namespace gate::peer {

// The result for a name. One of the two is empty.
struct found_addresses {
  std::vector<std::string> endpoints;  // tcp://number:port, in the system's order (RFC 6724)
  std::string fault;                   // a text for people
};

// True if the host must be looked up. Otherwise the transport takes the endpoint as it is.
bool names_a_host(std::string_view endpoint) noexcept;

// True if the endpoint has an IPv6 address.
bool is_ipv6(std::string_view endpoint) noexcept;

// Looks up the host. Blocks.
found_addresses look_up(const std::string& endpoint);

// Replaces look_up() by another function, which several threads may call. Null: look_up() again. For tests, which have
// no name server.
void answer_lookups_by(found_addresses (*other)(const std::string& endpoint)) noexcept;

// Looks up the host on another thread, because a name server that does not answer takes seconds. There is one thread
// for each name, however many objects ask for it. `tell` runs once on the loop, never within the constructor, and not
// after this object is gone. Use it on the loop's thread only.
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
