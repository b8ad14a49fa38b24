#include "broker/settings/service_keys.hpp"

#include <cstdint>
#include <utility>
#include <vector>

#include <gate/broker_options.hpp>
#include <gate/limits.hpp>

#include "broker/balancers/balancer.hpp"
#include "broker/core/reserved_names.hpp"
#include "broker/settings/src/key_places.hpp"
#include "broker/settings/src/key_ranges.hpp"
#include "common/settings/settings_text.hpp"
#include "common/settings/toml_text.hpp"

namespace gate::broker {
namespace {

template <auto Member> constexpr field<service_policy> of_service = field_of<service_policy, Member>();
template <auto Member> constexpr field<method_policy> of_method = field_of<method_policy, Member>();

constexpr std::string_view method_section = "method";

constexpr key_extras otherwise(std::string_view what, key_extras extras = {}) noexcept {
  extras.when_unset = what;
  return extras;
}
constexpr std::string_view limit_at_the_top =
    "the value in [service_defaults], or else the key of the same name at the top of the file";

const key<service_policy> policy_keys[] = {
    {"balancer", of_service<&service_policy::balancer>, unit::text, 1, 0,
     "How a worker is chosen for a call (docs/scheduling.md)", otherwise(default_balancer, one_of(balancer_names()))},
    {"queue_max", of_service<&service_policy::queue_max>, unit::count, 0, count_most,
     "Calls of the service that wait for a worker. One more ends as busy, unless the heaviest share of the service "
     "makes "
     "room (docs/scheduling.md)",
     otherwise(limit_at_the_top)},
    {"queue_bytes_max", of_service<&service_policy::queue_bytes_max>, unit::size, 0, bytes_most,
     "Bytes of the arguments of the calls of the service that wait. Beyond it: as for queue_max",
     otherwise(limit_at_the_top)},
    {"queue_age_max", of_service<&service_policy::queue_age_max>, unit::time, 1, day_ms,
     "Time that a call of the service may wait for a worker, whatever its budget; then it ends as unavailable",
     otherwise(limit_at_the_top)},
};

const key<method_policy> rule_keys[] = {
    {"requests_per_second_max", of_method<&method_policy::requests_per_second_max>, unit::count, 0, count_most,
     "Calls of the method in a second, on average and from all clients together. One more ends as busy, and its error "
     "says when to call again. 0: no limit",
     otherwise("no limit")},
    {"requests_burst_max", of_method<&method_policy::requests_burst_max>, unit::count, 0, count_most,
     "Calls of the method at once after a pause. 0: as many as in one second", otherwise("as many as in one second")},
    {"idempotent", of_method<&method_policy::idempotent>, unit::flag, 0, 0,
     "true: the broker may give a call of the method to a second worker if the first one is lost, whatever the client "
     "says. false: it never does",
     otherwise("the client says it with each call")},
};

const key_table<service_policy> service_table{policy_keys};
const key_table<method_policy> method_table{rule_keys};

class reader {
 public:
  explicit reader(const given_settings& given) : given_(given) {}

  service_policies run() {
    service_policies all;
    if (const toml_value* const defaults = given_.content.find("service_defaults")) {
      all.service_defaults = policy(*defaults, "service_defaults");
    }
    if (const toml_value* const services = given_.content.find("service")) {
      const file_section here = section(*services, "service");
      for (const toml_entry& entry : services->entries) {
        if (!entry.value.is(toml_kind::table)) {
          fail_at(here, entry.at,
                  "'" + entry.name + "' in [service]: the settings of a service stand in " +
                      "[service.NAME], those of all services in [service_defaults]");
        }
        check_name(here, entry, "service");
        if (is_reserved(entry.name)) {
          fail_at(here, entry.at, "'" + entry.name + "' is a service of the broker itself, and has no settings");
        }
        all.services.emplace(entry.name, policy(entry.value, "service." + toml_key(entry.name)));
      }
    }
    return all;
  }

 private:
  // The part of the file under this header. Throws settings_error if it is no table.
  file_section section(const toml_value& from, const std::string& header) const {
    file_section where{.file = given_.file, .table = &from, .title = "[" + header + "]", .others = {}, .unknown = {}};
    if (!from.is(toml_kind::table)) fail_at(where, from.begin, where.title + " must be a table");
    where.unknown = [title = where.title](const toml_entry& entry) { return fault_of(entry, title); };
    return where;
  }

  // What is wrong with an entry that is no key of the section.
  static std::string fault_of(const toml_entry& entry, const std::string& title) {
    const std::string places = places_of_key(entry.name);
    if (!places.empty()) return "'" + entry.name + "' is no key of " + title + ": it belongs " + places;
    if (!entry.value.is(toml_kind::table)) return {};
    return "unknown table '" + entry.name + "' in " + title +
           ": put a name that has a dot into quotes, such as [service.\"a.b\"]; methods stand in " +
           "[service.NAME.method.METHOD]";
  }

  static void check_name(const file_section& where, const toml_entry& entry, std::string_view what) {
    const std::string_view name = entry.name;
    if (!name.empty() && name.size() <= limits::name_bytes_max && !name.starts_with('/') && !name.ends_with('/'))
      return;
    fail_at(where, entry.at,
            "the name of a " + std::string(what) + " has 1 to " + std::to_string(limits::name_bytes_max) +
                " bytes, and no / at its begin or end");
  }

  service_policy policy(const toml_value& from, const std::string& header) const {
    file_section where = section(from, header);
    where.others.push_back(method_section);
    service_policy p;
    put_settings(service_table, find_in_file(service_table.infos(), where), p);
    const toml_value* const methods = from.find(method_section);
    if (methods == nullptr) return p;
    const std::string below = header + "." + std::string(method_section);
    const file_section all = section(*methods, below);
    for (const toml_entry& entry : methods->entries) {
      check_name(all, entry, "method");
      const file_section one = section(entry.value, below + "." + toml_key(entry.name));
      method_policy m;
      put_settings(method_table, find_in_file(method_table.infos(), one), m);
      p.methods.emplace(entry.name, m);
    }
    return p;
  }

  const given_settings& given_;
};

std::string policy_text(const std::string& header, const service_policy& policy) {
  std::string text = "\n[" + header + "]\n" + config_text(shown_keys(service_table, policy), {});
  for (const auto& [name, rules] : policy.methods) {
    text += "\n[" + header + "." + std::string(method_section) + "." + toml_key(name) + "]\n" +
            config_text(shown_keys(method_table, rules), {});
  }
  return text;
}

}  // namespace

const key_table<service_policy>& service_keys() noexcept { return service_table; }
const key_table<method_policy>& method_keys() noexcept { return method_table; }

void read_services(const given_settings& given, service_policies& to) { to = reader(given).run(); }

std::string services_text(const service_policies& policies) {
  std::string text;
  const service_policy& defaults = policies.service_defaults;
  const bool has_defaults = !defaults.methods.empty() || !config_text(shown_keys(service_table, defaults), {}).empty();
  if (has_defaults) text += policy_text("service_defaults", defaults);
  for (const auto& [name, policy] : policies.services) text += policy_text("service." + toml_key(name), policy);
  return text;
}

// What counts without any section, so that the example changes nothing if its marks are removed.
std::string example_services() {
  const broker_options limits;
  service_policy policy;
  policy.balancer = std::string(default_balancer);
  policy.queue_max = limits.queue_max;
  policy.queue_bytes_max = limits.queue_bytes_max;
  policy.queue_age_max = limits.queue_age_max;
  method_policy rules;
  rules.requests_per_second_max = 0;
  rules.requests_burst_max = 0;
  rules.idempotent = false;
  return example_text("[service_defaults]",
                      "Settings of all services. [service_defaults.method.METHOD] has those of one method.",
                      shown_keys(service_table, policy)) +
         "\n\n" +
         example_text(
             "[service.calculator]",
             "Settings of one service, here calculator. A name with a dot or a slash stands in quotes, such as "
             "[service.\"prod/billing\"]. A key that is not set counts as in [service_defaults].",
             shown_keys(service_table, policy)) +
         "\n\n" +
         example_text("[service.calculator.method.add]", "Settings of one method of a service.",
                      shown_keys(method_table, rules));
}

}  // namespace gate::broker
