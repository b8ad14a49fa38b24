#include "common/settings/did_you_mean.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace gate {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string did_you_mean(std::string_view unknown, std::span<const std::string_view> names, std::size_t letters_max) {
  std::string_view best;
  std::size_t least = (letters_max != 0 ? letters_max : std::max<std::size_t>(2, unknown.size() / 3)) + 1;
  for (const std::string_view name : names) {
    const std::size_t distance = edit_distance(unknown, name);
    if (distance >= least) continue;
    least = distance;
    best = name;
  }
  return best.empty() ? std::string() : " (did you mean '" + std::string(best) + "'?)";
}

}  // namespace gate
