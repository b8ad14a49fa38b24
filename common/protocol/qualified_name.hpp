// Names of services with their namespace, as people and peers write them: "prod/billing".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gate {

// What stands before the last stroke is the namespace; a name without a stroke says none. "/billing" says the namespace
// that has no name.
struct qualified_name {
  std::optional<std::string_view> name_space;
  std::string_view name;
};

inline qualified_name split_name(std::string_view text) noexcept {
  const std::size_t stroke = text.rfind('/');
  if (stroke == std::string_view::npos) return {std::nullopt, text};
  return {text.substr(0, stroke), text.substr(stroke + 1)};
}

// How a service is called by somebody whose namespace is not known.
inline std::string full_name(std::string_view name_space, std::string_view name) {
  std::string text;
  text.reserve(name_space.size() + 1 + name.size());
  if (!name_space.empty()) text.append(name_space) += '/';
  return text.append(name);
}

}  // namespace gate
