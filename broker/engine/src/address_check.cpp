#include "broker/engine/address_check.hpp"

#include <cerrno>
#include <string_view>

#include <net/if.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gate/bind_error.hpp>

#include "broker/engine/endpoints.hpp"
#include "common/protocol/endpoint.hpp"
#include "common/transport/ipc_path.hpp"
#include "common/transport/lookup.hpp"
#include "common/transport/open_files.hpp"

namespace gate::broker {
namespace {

constexpr std::string_view tcp = "tcp://", ipc = "ipc://";
constexpr std::string_view in_use = "Address already in use";

// Binds the address without listening, and returns the errno. Nobody can connect, and the port is free again at once.
int try_to_bind(const std::string& host, const std::string& port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host == "*" ? nullptr : host.c_str(), port.c_str(), &wanted, &found) != 0) return EADDRNOTAVAIL;
  int error = 0;
  const int probe = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (probe >= 0) ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (probe < 0 || ::bind(probe, found->ai_addr, found->ai_addrlen) != 0) error = errno;
  if (probe >= 0) ::close(probe);
  ::freeaddrinfo(found);
  return error;
}

std::string fault_of_tcp(const std::string& endpoint) {
  std::string host(gate::peer::host_of(endpoint));
  std::string port = endpoint.substr(endpoint.rfind(':') + 1);
  if (port == "*") port = "0";
  if (host != "*" && ::if_nametoindex(host.c_str()) != 0) return {};  // an interface, by whatever address it has
  if (host != "*" && gate::peer::names_a_host(endpoint)) {
    return "bind takes an address or an interface of this machine, not a name";
  }
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  const int error = try_to_bind(host, port);
  if (error == EADDRINUSE) return std::string(in_use);
  if (error == EACCES) return "this user may not have that port: " + text_of(error);
  if (error == EADDRNOTAVAIL) return "this machine has no such address";
  return error == 0 ? std::string() : text_of(error);
}

std::string fault_of_folder(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return "the folder " + folder + " cannot be used: " + text_of(errno);
  if (!S_ISDIR(status.st_mode)) return folder + " is no folder";
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return "the folder " + folder + " cannot be used: " + text_of(errno);
  return {};
}

std::string fault_of_ipc(const std::string& endpoint) {
  const std::string path = endpoint.substr(ipc.size());
  if (path.starts_with('@') || path == "*") return {};
  if (std::string other = in_the_way_of(endpoint); !other.empty()) return other;
  return fault_of_folder(path);
}

bool is_any_ipv4(std::string_view host) { return host == "*" || host == "0.0.0.0"; }

// Whether the two addresses exclude each other: they have the same port, and one of them means all addresses.
bool overlap(const std::string& a, const std::string& b) {
  if (!a.starts_with(tcp) || !b.starts_with(tcp)) return false;
  const std::string port = a.substr(a.rfind(':') + 1);
  if (port != b.substr(b.rfind(':') + 1) || port == "*" || port == "0") return false;
  const std::string_view first = gate::peer::host_of(a), second = gate::peer::host_of(b);
  if (first == second || first == "[::]" || second == "[::]") return true;
  const bool both_ipv4 = !first.starts_with('[') && !second.starts_with('[');
  return both_ipv4 && (is_any_ipv4(first) || is_any_ipv4(second));
}

void check_overlaps(const std::vector<std::string>& endpoints) {
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (!overlap(endpoints[i], endpoints[k])) continue;
      throw bind_error("cannot bind " + endpoints[i] + ": " + endpoints[k] + " has that port already");
    }
  }
}

std::string fault_of_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return fault_of_folder(path);
  if (S_ISDIR(status.st_mode)) return text_of(EISDIR);
  return ::access(path.c_str(), W_OK) != 0 ? text_of(errno) : std::string();
}

void check(const std::string& what, const std::string& endpoint, std::vector<std::string>& taken) {
  std::string fault;
  if (endpoint.starts_with(tcp)) fault = fault_of_tcp(endpoint);
  if (endpoint.starts_with(ipc)) fault = fault_of_ipc(endpoint);
  if (fault == in_use) {
    taken.push_back(endpoint);
  } else if (!fault.empty()) {
    throw bind_error("cannot bind " + what + " " + endpoint + ": " + fault);
  }
}

}  // namespace

std::vector<std::string> check_addresses(const broker_options& options) {
  std::vector<std::string> taken, all;
  for (const binding& b : plan_bindings(options)) all.push_back(b.endpoint);
  for (const std::string& endpoint : options.zap_bind) all.push_back(gate::peer::bindable(endpoint));
  check_overlaps(all);
  for (const binding& b : plan_bindings(options)) check(std::string(role_name(b)), b.endpoint, taken);
  for (const std::string& endpoint : options.zap_bind) check("zap_bind", gate::peer::bindable(endpoint), taken);
  if (options.audit_log.empty()) return taken;
  const std::string fault = fault_of_file(options.audit_log);
  if (!fault.empty()) throw bind_error("cannot write the audit log " + options.audit_log + ": " + fault);
  return taken;
}

}  // namespace gate::broker
