// The sections of gate-broker's file for services: [service_defaults], [service.NAME], and below each of them a section
// for each method, such as [service.NAME.method.METHOD]. A name with a dot or a slash is quoted:
// [service."prod/billing"].
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <gate/service_policy.hpp>

#include "common/settings/key_table.hpp"
#include "common/settings/settings_reader.hpp"

namespace gate::broker {

inline constexpr std::array<std::string_view, 2> service_sections{"service", "service_defaults"};

// A field that is not set counts as in [service_defaults]; if it is not set there either, as the broker's own limit.
const key_table<service_policy>& service_keys() noexcept;
const key_table<method_policy>& method_keys() noexcept;

// Replaces the policies by those of the file. Flags and variables set none. Throws settings_error, and then `to` is
// unchanged.
void read_services(const given_settings& given, service_policies& to);

// The sections with what is set, as a file has them.
std::string services_text(const service_policies& policies);
// The sections of the example file.
std::string example_services();

}  // namespace gate::broker
