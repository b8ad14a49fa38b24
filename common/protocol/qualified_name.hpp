// Names of services with their namespace, in the form that people and peers write: "prod/billing".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gate {

// The part before the last slash is the namespace. A name without a slash has none given. "/billing" has the empty
// namespace.
struct qualified_name {
  std::optional<std::string_view> name_space;
  std::string_view name;
};

inline qualified_name split_name(std::string_view text) noexcept {
  const std::size_t stroke = text.rfind('/');
  if (stroke == std::string_view::npos) return {std::nullopt, text};
  return {text.substr(0, stroke), text.substr(stroke + 1)};
}

// The name with its namespace, for a reader whose own namespace is not known.
inline std::string full_name(std::string_view name_space, std::string_view name) {
  std::string text;
  text.reserve(name_space.size() + 1 + name.size());
  if (!name_space.empty()) text.append(name_space) += '/';
  return text.append(name);
}

}  // namespace gate
