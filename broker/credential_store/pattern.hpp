// Names with wild cards, as grants write them: "calculator", "log_*", "*".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gate::security {

// `*` stands for any number of characters, also for none. Other characters stand for themselves. Parsed once, cheap to
// match.
class pattern {
 public:
  explicit pattern(std::string_view text);

  bool matches(std::string_view name) const noexcept;
  bool matches_all() const noexcept { return kind_ == kind::all; }
  // True if the pattern has no wild card and so fits exactly one name.
  bool is_exact() const noexcept { return kind_ == kind::exact; }

 private:
  enum class kind : std::uint8_t { exact, prefix, all, general };
  std::string text_;
  kind kind_;
};

}  // namespace gate::security
