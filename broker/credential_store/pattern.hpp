// Names with wild cards, as grants write them: "calculator", "log_*", "*".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gate::security {

// `*` stands for any number of characters, none included; all others for themselves. Prepared once, then cheap.
class pattern {
 public:
  explicit pattern(std::string_view text);

  bool matches(std::string_view name) const noexcept;
  bool matches_all() const noexcept { return kind_ == kind::all; }
  // It names one thing, without wild cards.
  bool is_exact() const noexcept { return kind_ == kind::exact; }

 private:
  enum class kind : std::uint8_t { exact, prefix, all, general };
  std::string text_;
  kind kind_;
};

}  // namespace gate::security
