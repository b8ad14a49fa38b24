#include "cli/context/duration.hpp"

#include <cstdint>

#include "cli/context/outcome.hpp"
#include "common/settings/quantity.hpp"

namespace gate::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t most_ms = std::uint64_t{365} * 24 * 60 * 60 * 1000;

}  // namespace

milliseconds parse_duration(const std::string& text) {
  const auto time = parse_quantity(text, quantity::time, "s");
  if (!time || *time == 0) throw usage_error("'" + text + "' is no time: write 250ms, 5s, 2min or 1h");
  if (*time > most_ms) throw usage_error("'" + text + "' is too long: 365 days (8760h) at the most");
  return milliseconds(static_cast<std::int64_t>(*time));
}

std::string show_duration(milliseconds time) {
  const std::int64_t ms = time.count();
  if (ms < 1'000) return std::to_string(ms) + " ms";
  const std::int64_t s = ms / 1'000;
  if (s < 60) return std::to_string(s) + " s";
  if (s < 3'600) return std::to_string(s / 60) + " min " + std::to_string(s % 60) + " s";
  if (s < 86'400) return std::to_string(s / 3'600) + " h " + std::to_string(s / 60 % 60) + " min";
  return std::to_string(s / 86'400) + " d " + std::to_string(s / 3'600 % 24) + " h";
}

}  // namespace gate::cli
