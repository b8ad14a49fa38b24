#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>

#include <gate/quantity.hpp>

namespace gate {
namespace {

struct scale {
  std::string_view suffix;
  std::uint64_t factor;
};

// Units in which a value is shown come first, from small to large. The rest is only read.
constexpr std::array time_units{scale{"ms", 1}, scale{"s", 1000}, scale{"min", 60'000}, scale{"h", 3'600'000},
                                scale{"m", 60'000}};
constexpr std::size_t shown_time_units = 4;
constexpr std::array size_units{scale{"B", 1},
                                scale{"KiB", 1u << 10},
                                scale{"MiB", 1u << 20},
                                scale{"GiB", 1u << 30},
                                scale{"TiB", 1ull << 40},
                                scale{"PiB", 1ull << 50},
                                scale{"EiB", 1ull << 60},
                                scale{"KB", 1000},
                                scale{"MB", 1'000'000},
                                scale{"GB", 1'000'000'000},
                                scale{"TB", 1'000'000'000'000}};
constexpr std::size_t shown_size_units = 7;

std::span<const scale> units_of(quantity q) noexcept {
  if (q == quantity::time) return time_units;
  return size_units;
}

std::span<const scale> shown_units_of(quantity q) noexcept {
  return units_of(q).first(q == quantity::time ? shown_time_units : shown_size_units);
}

}  // namespace

std::optional<std::uint64_t> parse_quantity(std::string_view text, quantity of,
                                            std::string_view unit_of_bare) noexcept {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !(number >= 0)) return std::nullopt;
  std::string_view suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  suffix.remove_prefix(std::min(suffix.find_first_not_of(' '), suffix.size()));
  if (end == text.data() + text.size()) suffix = unit_of_bare;
  const auto units = units_of(of);
  const auto found = std::find_if(units.begin(), units.end(), [&](const scale& u) { return u.suffix == suffix; });
  if (found == units.end()) return std::nullopt;
  const double value = number * static_cast<double>(found->factor);
  if (!(value < 0x1p64)) return std::numeric_limits<std::uint64_t>::max();
  return std::max<std::uint64_t>(static_cast<std::uint64_t>(std::round(value)), value > 0 ? 1 : 0);
}

std::string format_quantity(std::uint64_t value, quantity of) {
  const auto units = shown_units_of(of);
  scale best = units.front();
  for (const scale& u : units) {
    if (value != 0 && value % u.factor == 0) best = u;
  }
  return std::to_string(value / best.factor) + std::string(best.suffix);
}

}  // namespace gate
