#include "common/protocol/endpoint.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include <arpa/inet.h>

#include <gate/error.hpp>

namespace gate::peer {
namespace {

constexpr std::string_view tcp = "tcp://", ipc = "ipc://", inproc = "inproc://";

std::optional<std::uint32_t> port_of(std::string_view text) noexcept {
  std::uint32_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port > 65535) return std::nullopt;
  return port;
}

std::string_view fault_of_path(std::string_view path) noexcept {
  if (path.empty()) return "a path must follow ipc://";
  return path.size() <= ipc_path_bytes_max ? "" : "the path is longer than the 107 bytes that the system takes";
}

bool is_ipv6_number(std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN> number{};
  text = text.substr(0, text.find('%'));  // the interface of a link-local address
  if (text.size() >= number.size()) return false;
  text.copy(number.data(), text.size());
  in6_addr parsed{};
  return ::inet_pton(AF_INET6, number.data(), &parsed) == 1;
}

std::string_view fault_of_host(std::string_view host) noexcept {
  if (host.find(';') != host.npos) return {};  // with `;` a source address stands before it, which libzmq reads
  if (host.starts_with('[')) {
    const bool closed = host.ends_with(']');
    return closed && is_ipv6_number(host.substr(1, host.size() - 2)) ? "" : "between [ and ] stands no IPv6 address";
  }
  if (host.find(':') != host.npos) return "write an IPv6 address in brackets: tcp://[::1]:5555";
  return {};
}

// Returns the fault in the part before the port. If there is none and the address is TCP, `port` gets the port.
std::string_view fault_of(std::string_view endpoint, std::optional<std::string_view>& port) noexcept {
  if (endpoint.starts_with(ipc)) return fault_of_path(endpoint.substr(ipc.size()));
  if (endpoint.starts_with(inproc)) return endpoint.size() > inproc.size() ? "" : "a name must follow inproc://";
  if (!endpoint.starts_with(tcp)) return "an address begins with tcp://, ipc:// or inproc://";
  const std::size_t colon = endpoint.rfind(':');
  if (colon < tcp.size() || host_of(endpoint).empty()) return "write it as tcp://host:port";
  port = endpoint.substr(colon + 1);
  return fault_of_host(host_of(endpoint));
}

}  // namespace

std::string_view fault_to_connect(std::string_view endpoint) noexcept {
  std::optional<std::string_view> port;
  if (const std::string_view fault = fault_of(endpoint, port); !fault.empty()) return fault;
  return !port || port_of(*port).value_or(0) > 0 ? "" : "the port must be a number from 1 to 65535";
}

void check_to_connect(const std::string& endpoint) {
  const std::string_view fault = fault_to_connect(endpoint);
  if (fault.empty()) return;
  throw Error(errc::invalid_argument, "cannot connect to '" + endpoint + "': " + std::string(fault));
}

std::string_view fault_to_bind(std::string_view endpoint) noexcept {
  std::optional<std::string_view> port;
  if (const std::string_view fault = fault_of(endpoint, port); !fault.empty()) return fault;
  return !port || port == "*" || port_of(*port) ? "" : "the port must be a number up to 65535, or *";
}

std::string bindable(std::string endpoint) {
  constexpr std::string_view localhost = "tcp://localhost:";
  if (endpoint.starts_with(localhost)) endpoint.replace(0, localhost.size(), "tcp://127.0.0.1:");
  return endpoint;
}

std::string_view host_of(std::string_view endpoint) noexcept {
  endpoint.remove_prefix(tcp.size());
  return endpoint.substr(0, endpoint.rfind(':'));
}

}  // namespace gate::peer
