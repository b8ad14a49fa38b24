#include "cli/context/foreign.hpp"

#include <algorithm>
#include <future>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include <gate/descriptor.hpp>
#include <gate/error.hpp>
#include <gate/value.hpp>

#include "common/dialects/gaterpc.hpp"

namespace gate::cli {
namespace {

constexpr std::string_view broker_name = "Gate";
// The most services to describe: nobody reads a longer list. For further services only the names are shown.
constexpr std::size_t described_max = 1'000;

PendingCall ask_gate(const Client& client, const settings& common, const std::string& service) {
  return client[broker_name]["query_service"](service).within(common.timeout);
}

std::string text_of(const value& description) {
  return description.kind() == value_kind::string ? description.as<std::string>() : std::string();
}

method_line line_of(const method_descriptor& m) {
  method_line line;
  line.name = m.name;
  line.kind = "unary";  // the signature does not show whether it is a stream
  line.result = m.result;
  line.doc = m.doc;
  for (const parameter_info& p : m.parameters) {
    parameter_line parameter;
    parameter.name = p.name;
    parameter.type = p.type;
    line.parameters.push_back(std::move(parameter));
  }
  return line;
}

}  // namespace

std::vector<service_line> foreign_services(const Client& client, const settings& common) {
  const auto names = client[broker_name]["get_services"]().within(common.timeout).get<std::vector<std::string>>();
  std::vector<std::future<value>> answers;
  for (std::size_t i = 0; i < std::min(names.size(), described_max); ++i) {
    if (names[i] != broker_name) answers.push_back(ask_gate(client, common, names[i]).future<value>());
  }
  std::vector<service_line> all;
  auto answer = answers.begin();
  for (const std::string& name : names) {
    service_line line;
    line.name = name;
    if (name == broker_name) {
      line.description = "the broker itself";
    } else if (answer != answers.end()) {
      line.description = text_of((answer++)->get());
    }
    all.push_back(std::move(line));
  }
  std::sort(all.begin(), all.end(), [](const service_line& a, const service_line& b) { return a.name < b.name; });
  return all;
}

service_lines foreign_description(const Client& client, const settings& common, const std::string& service) {
  service_lines all;
  all.name = service;
  if (service != broker_name) {
    const auto description = ask_gate(client, common, service).get<value>();
    if (description.is_nil()) {
      throw Error(errc::unavailable, "no worker offers the service '" + service + "'", origin::broker);
    }
    all.description = text_of(description);
  }
  const auto interfaces = client[service]["get_interfaces"]().within(common.timeout).get<value>();
  const auto methods = wire::gaterpc::read_interfaces(encode(interfaces));
  all.described = methods.has_value();
  if (methods) std::transform(methods->begin(), methods->end(), std::back_inserter(all.methods), line_of);
  return all;
}

}  // namespace gate::cli
