#include "cli/context/duration.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <system_error>

#include "cli/context/outcome.hpp"

namespace gate::cli {
namespace {

using std::chrono::milliseconds;

struct unit {
  std::string_view name;
  double milliseconds;
};
constexpr std::array<unit, 6> units{{{"ms", 1}, {"s", 1e3}, {"min", 60e3}, {"m", 60e3}, {"h", 3600e3}, {"", 1e3}}};
constexpr double most = 365 * 86'400e3;

}  // namespace

milliseconds parse_duration(const std::string& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  for (const unit& u : units) {
    if (error != std::errc() || name != u.name) continue;
    const double total = std::ceil(number * u.milliseconds);
    if (!(total >= 1)) break;
    if (total > most) throw usage_error("'" + text + "' is too long: 365 days (8760h) at the most");
    return milliseconds(static_cast<std::int64_t>(total));
  }
  throw usage_error("'" + text + "' is no time: write 250ms, 5s, 2min or 1h");
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
