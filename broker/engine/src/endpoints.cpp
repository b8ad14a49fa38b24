#include "broker/engine/endpoints.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <arpa/inet.h>

#include <gate/bind_error.hpp>

#include "common/protocol/endpoint.hpp"

namespace gate::broker {
namespace {

constexpr std::string_view tcp_prefix = "tcp://";

// Whether it is 127.x.y.z, four numbers. "127.evil.example" is a name.
bool is_loopback_ipv4(std::string_view host) noexcept {
  int numbers = 0;
  bool first_is_127 = false;
  while (true) {
    const std::size_t dot = std::min(host.find('.'), host.size());
    unsigned value = 256;
    const auto [end, error] = std::from_chars(host.data(), host.data() + dot, value);
    if (error != std::errc() || end != host.data() + dot || value > 255) return false;
    if (numbers++ == 0) first_is_127 = value == 127;
    if (dot == host.size()) return numbers == 4 && first_is_127;
    host.remove_prefix(dot + 1);
  }
}

// Whether it is ::1 in any spelling, or an IPv4 loopback address in the form of IPv6.
bool is_loopback_ipv6(std::string_view host) noexcept {
  if (!host.starts_with('[') || !host.ends_with(']')) return false;
  std::array<char, INET6_ADDRSTRLEN> text{};
  host = host.substr(1, host.size() - 2);
  if (host.size() >= text.size()) return false;
  host.copy(text.data(), host.size());
  in6_addr parsed{};
  if (::inet_pton(AF_INET6, text.data(), &parsed) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&parsed) || (IN6_IS_ADDR_V4MAPPED(&parsed) && parsed.s6_addr[12] == 127);
}

struct address {
  std::string endpoint;
  std::optional<dialect> only;
  std::optional<security::auth> how;
};

[[noreturn]] void refuse(const std::string& given, std::string_view why) {
  throw bind_error("cannot bind " + given + ": " + std::string(why));
}

// Cuts off options such as "?auth=curve&dialect=mdp02".
address split(const std::string& given) {
  const std::size_t mark = given.find('?');
  address result{given.substr(0, mark), std::nullopt, std::nullopt};
  if (mark == std::string::npos) return result;
  for (std::string_view rest = std::string_view(given).substr(mark); !rest.empty();) {
    rest.remove_prefix(1);
    const std::string_view option = rest.substr(0, rest.find('&'));
    rest.remove_prefix(option.size());
    const std::string_view key = option.substr(0, option.find('=') + 1), value = option.substr(key.size());
    if (key == "dialect=" && !result.only) {
      result.only = dialect_named(value);
      if (!result.only) refuse(given, "dialect is one of gate2, gate-rpc, mdp01, mdp02");
    } else if (key == "auth=" && !result.how) {
      result.how = security::parse_auth(value);
      if (!result.how) refuse(given, "auth is one of none, plain, curve, in-message");
    } else {
      refuse(given, "behind the question mark may stand auth= and dialect=, with & between them, and nothing else");
    }
  }
  return result;
}

binding to_binding(const std::string& given, const broker_options& options) {
  using security::auth;
  address a = split(given);
  binding b{peer::bindable(std::move(a.endpoint))};
  // The transport checks no logins of peers of the same process. So the default for logins does not count here.
  const bool inproc = b.endpoint.starts_with("inproc://");
  b.how = a.how.value_or(inproc ? auth::none : security::parse_auth(options.auth).value_or(auth::none));
  if (inproc && (b.how == auth::plain || b.how == auth::curve)) {
    refuse(given, "peers of the same process do not log in; say auth=none or auth=in-message");
  }
  b.only = a.only.value_or(dialect::unknown);
  if (b.how == auth::in_message) {
    if (a.only && a.only != dialect::gaterpc) refuse(given, "only peers of gate-rpc can log in with auth=in-message");
    b.only = dialect::gaterpc;
  }
  return b;
}

void add(std::vector<binding>& plan, const std::vector<std::string>& endpoints, const broker_options& options,
         bool binding::*role) {
  for (const std::string& given : endpoints) {
    binding b = to_binding(given, options);
    // Each wildcard port is another port, so two addresses with one are not the same.
    const bool wildcard = b.endpoint.ends_with(":*") || b.endpoint.ends_with(":0") || b.endpoint == "ipc://*";
    const auto same =
        std::find_if(plan.begin(), plan.end(), [&](const binding& other) { return other.endpoint == b.endpoint; });
    if (same != plan.end() && !wildcard) {
      if (same->only != b.only) refuse(given, "it stands there twice, for two dialects");
      if (same->how != b.how) refuse(given, "it stands there twice, with two ways to log in");
      (*same).*role = true;
      continue;
    }
    b.*role = true;
    plan.push_back(std::move(b));
  }
}

}  // namespace

bool is_local(std::string_view endpoint) noexcept {
  if (endpoint.starts_with("ipc://") || endpoint.starts_with("inproc://")) return true;
  if (!endpoint.starts_with(tcp_prefix)) return false;
  const std::string_view host = peer::host_of(endpoint);
  return host == "localhost" || host == "lo" || is_loopback_ipv6(host) || is_loopback_ipv4(host);
}

namespace {

// Checks the addresses at which this broker answers and asks questions about logins.
void check_zap(const broker_options& options) {
  const bool decides = !options.credentials.empty() || !options.zap_service.empty();
  for (const std::string& endpoint : options.zap_bind) {
    const std::string place = "zap_bind " + endpoint;
    if (const std::string_view fault = peer::fault_to_bind(endpoint); !fault.empty()) refuse(place, fault);
    if (!decides) refuse(place, "there is no credential store to answer from; set credentials");
    if (!options.insecure && !is_local(endpoint)) {
      refuse(place,
             "other machines could reach it and try passwords there without end; bind a loopback address, or set "
             "insecure = true to allow it");
    }
  }
  if (options.zap_service.empty()) return;
  const std::string_view fault = peer::fault_to_connect(options.zap_service);
  if (!fault.empty())
    throw bind_error("cannot connect to zap_service " + options.zap_service + ": " + std::string(fault));
}

}  // namespace

bool is_inproc(const binding& b) noexcept { return b.endpoint.starts_with("inproc://"); }

bool is_private(const binding& b) noexcept { return b.how == security::auth::none && is_local(b.endpoint); }

std::string_view role_name(const binding& b) noexcept {
  if (b.frontend && b.backend) return "frontend and backend";
  return b.frontend ? "frontend" : "backend";
}

std::vector<binding> plan_bindings(const broker_options& options) {
  if (options.frontend.empty()) throw bind_error("no frontend address: give --frontend, or `frontend` in the file");
  if (options.backend.empty()) throw bind_error("no backend address: give --backend, or `backend` in the file");
  check_zap(options);
  std::vector<binding> plan;
  add(plan, options.frontend, options, &binding::frontend);
  add(plan, options.backend, options, &binding::backend);
  for (const binding& b : plan) {
    const std::string place = std::string(role_name(b)) + " " + b.endpoint;
    if (const std::string_view fault = peer::fault_to_bind(b.endpoint); !fault.empty()) refuse(place, fault);
    security::endpoint_facts facts;
    facts.how = b.how;
    facts.local = is_local(b.endpoint);
    facts.insecure = options.insecure;
    facts.has_store = !options.credentials.empty();
    facts.has_external = !options.zap_service.empty();
    facts.has_curve_key = !options.curve_key.empty();
    if (const std::string_view fault = security::fault_of(facts); !fault.empty()) refuse(place, fault);
  }
  return plan;
}

}  // namespace gate::broker
