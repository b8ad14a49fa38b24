#include <iostream>
#include <string>

#include <unistd.h>

#include "cli/context/broker_connection.hpp"
#include "cli/context/foreign.hpp"
#include "cli/context/json.hpp"
#include "cli/context/outcome.hpp"
#include "cli/context/reports.hpp"
#include "cli/terminal/terminal.hpp"

namespace gate::cli {
namespace {

// Returns "stream<int64>" for "int64" and for "stream<int64>": results have the first form, parameters the second.
std::string stream_of(const std::string& type) {
  if (type.starts_with("stream<") && type.ends_with('>')) return type;
  return "stream<" + (type.empty() ? "any" : type) + '>';
}

void show_methods(const service_lines& service) {
  const bool coloured = colours_on(STDOUT_FILENO);
  std::cout << bold(printable_line(service.name), coloured);
  if (!service.description.empty()) std::cout << ": " << in_one_line(service.description);
  std::cout << '\n';
  if (!service.described) {
    std::cout << "Its workers do not say what methods they have; call one by its name.\n";
    return;
  }
  table methods({{"METHOD"}, {"WHAT IT DOES"}});
  for (const method_line& m : service.methods) methods.add({signature_of(m), in_one_line(m.doc)});
  std::cout << '\n' << methods.text(coloured);
}

}  // namespace

std::string signature_of(const method_line& method) {
  std::string text = method.name + "(";
  for (std::size_t i = 0; i < method.parameters.size(); ++i) {
    const parameter_line& p = method.parameters[i];
    const bool is_stream = method.client_stream && i + 1 == method.parameters.size();
    if (i != 0) text += ", ";
    std::string type = is_stream ? stream_of(p.type) : p.type;
    if (p.name.starts_with('*') && type == "any") type.clear();  // Python does not show it either
    text += p.name;
    if (!p.name.empty() && !type.empty()) text += ": ";
    text += type;
  }
  text += ")";
  if (method.kind == "stream") return text + " -> " + stream_of(method.result);
  if (!method.result.empty() && method.result != "nil" && method.result != "None") text += " -> " + method.result;
  return text;
}

service_lines describe(const Client& client, const settings& common, const std::string& service) {
  if (is_foreign(common)) return foreign_description(client, common, service);
  return ask(client, common, "describe", service).as<service_lines>();
}

namespace {

int show_description_of(const settings& common, const std::string& service) {
  const Client client = connect(common);
  if (common.output == output_format::for_people) {
    show_methods(describe(client, common, service));
  } else if (is_foreign(common)) {
    print(to_json(value::of(foreign_description(client, common, service))));
  } else {
    print(to_json(ask(client, common, "describe", service)));  // everything, also what is not shown to people
  }
  return succeeded;
}

}  // namespace

// "shop.find" may be a service, or a method of one. The user may have typed a method of a service that exists.
int show_description(const settings& common, const std::string& service) {
  const std::size_t point = service.rfind('.');
  try {
    return show_description_of(common, service);
  } catch (const Error& e) {
    const bool unknown = e.code() == errc::unavailable && e.where() != origin::local;
    if (!unknown || point == std::string::npos || point == 0) throw;
    const std::string before = service.substr(0, point);
    return fail(e, before, common.output, "a service is described, not one method: gate describe " + before);
  }
}

}  // namespace gate::cli
