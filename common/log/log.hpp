// Log lines of the library. They go to spdlog's default logger. Only common/log/src/program_log.cpp includes spdlog:
// its headers cost each source file a second of compile time.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace gate::log {

enum class level : std::uint8_t { trace, debug, info, warn, error };

// One value in a line: an integer, or a text that must outlive the call.
class argument {
 public:
  argument(std::string_view text) noexcept : text_(text.data()), size_(text.size()) {}  // NOLINT: implicit on purpose
  argument(const std::string& text) noexcept : argument(std::string_view(text)) {}      // NOLINT
  argument(const char* text) noexcept : argument(std::string_view(text)) {}             // NOLINT
  template <std::integral Number>
    requires(!std::same_as<Number, bool> && !std::same_as<Number, char>)
  argument(Number number) noexcept  // NOLINT
      : size_(static_cast<std::size_t>(std::to_chars(digits_, digits_ + sizeof digits_, number).ptr - digits_)) {}

  std::string_view text() const noexcept { return {text_ != nullptr ? text_ : digits_, size_}; }

 private:
  const char* text_ = nullptr;  // null: the value is in digits_
  std::size_t size_;
  char digits_[24];
};

// Whether lines of this level are written. Ask it before you compute a costly value for a line.
bool is_on(level at) noexcept;

// Writes a line. Each `{}` in `format` stands for the next argument; there are no other forms. Thread-safe. Never
// throws: a line that cannot be composed is left out.
void write(level at, std::string_view format, std::initializer_list<argument> arguments) noexcept;

template <class... Arguments> void info(std::string_view format, const Arguments&... arguments) noexcept {
  write(level::info, format, {argument(arguments)...});
}
template <class... Arguments> void warn(std::string_view format, const Arguments&... arguments) noexcept {
  write(level::warn, format, {argument(arguments)...});
}
template <class... Arguments> void error(std::string_view format, const Arguments&... arguments) noexcept {
  write(level::error, format, {argument(arguments)...});
}

}  // namespace gate::log
