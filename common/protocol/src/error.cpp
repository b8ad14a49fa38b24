#include <array>

#include <gate/error.hpp>

namespace gate {
namespace {

struct row {
  std::string_view name;
  retry_class retry;
};

// Indexed by the number on the wire. docs/protocol.md has the same table in words.
constexpr std::array<row, errc_max + 1> table{{
    {"ok", retry_class::never},
    {"cancelled", retry_class::never},
    {"timed_out", retry_class::if_idempotent},
    {"invalid_argument", retry_class::never},
    {"no_method", retry_class::never},
    {"failed", retry_class::never},
    {"unavailable", retry_class::safe},
    {"busy", retry_class::safe},
    {"worker_lost", retry_class::if_idempotent},
    {"too_large", retry_class::never},
    {"protocol_error", retry_class::never},
    {"unsupported", retry_class::never},
    {"unauthenticated", retry_class::never},
    {"permission_denied", retry_class::never},
    {"too_slow", retry_class::if_idempotent},
    {"internal", retry_class::never},
    {"data_loss", retry_class::if_idempotent},
}};

const row& row_of(errc code) noexcept {
  const auto number = static_cast<std::size_t>(code);
  return table[number < table.size() ? number : static_cast<std::size_t>(errc::internal)];
}

}  // namespace

std::string_view to_string(errc code) noexcept { return row_of(code).name; }

std::optional<errc> to_errc(std::uint8_t number) noexcept {
  if (number > errc_max) return std::nullopt;
  return static_cast<errc>(number);
}

retry_class retry_of(errc code) noexcept { return row_of(code).retry; }

std::string_view to_string(retry_class again) noexcept {
  switch (again) {
    case retry_class::never:
      return "never";
    case retry_class::safe:
      return "safe";
    case retry_class::if_idempotent:
      return "if_idempotent";
  }
  return "never";
}

std::string_view to_string(origin where) noexcept {
  switch (where) {
    case origin::local:
      return "local";
    case origin::broker:
      return "broker";
    case origin::worker:
      return "worker";
  }
  return "unknown";
}

}  // namespace gate
