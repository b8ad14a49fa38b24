// A short way for values of the plainest types: text, bytes, whole numbers, bool and double. It writes the bytes that
// msgpack's packer writes, and reads the usual forms. All other bytes go the common way, which also has the error
// texts.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <gate/protocol.hpp>

namespace gate::detail {

template <class T>
concept plain_integer =
    std::same_as<T, signed char> || std::same_as<T, short> || std::same_as<T, int> || std::same_as<T, long> ||
    std::same_as<T, long long> || std::same_as<T, unsigned char> || std::same_as<T, unsigned short> ||
    std::same_as<T, unsigned> || std::same_as<T, unsigned long> || std::same_as<T, unsigned long long>;
template <class T>
concept plain_text = std::same_as<T, std::string> || std::same_as<T, std::string_view>;
template <class T>
concept plain_value = plain_integer<T> || plain_text<T> || std::same_as<T, std::vector<std::byte>> ||
                      std::same_as<T, bool> || std::same_as<T, double>;

// The most bytes that come before the content of a text or of bytes, or that a number takes.
inline constexpr std::size_t plain_header_bytes_max = 9;

void append_text(std::string& out, std::string_view text);
void append_binary(std::string& out, const void* data, std::size_t size);
void append_unsigned(std::string& out, std::uint64_t number);
void append_signed(std::string& out, std::int64_t number);
void append_double(std::string& out, double number);

template <plain_value T> void append_plain(std::string& out, const T& v) {
  if constexpr (plain_text<T>) {
    append_text(out, v);
  } else if constexpr (std::same_as<T, bool>) {
    out.push_back(v ? '\xc3' : '\xc2');
  } else if constexpr (std::same_as<T, double>) {
    append_double(out, v);
  } else if constexpr (std::unsigned_integral<T>) {
    append_unsigned(out, v);
  } else if constexpr (std::signed_integral<T>) {
    append_signed(out, v);
  } else {
    append_binary(out, v.data(), v.size());
  }
}

// Reads the one value that `encoded` consists of. False: it is something else, or of a rare form.
bool read_text(bytes_view encoded, std::string_view& into) noexcept;
bool read_binary(bytes_view encoded, std::string_view& into) noexcept;
bool read_double(bytes_view encoded, double& into) noexcept;
struct plain_number {
  std::uint64_t bits = 0;  // in two's complement
  bool negative = false;
};
bool read_number(bytes_view encoded, plain_number& into) noexcept;

template <plain_value T> bool read_plain(bytes_view encoded, T& into) {
  if constexpr (std::same_as<T, bool>) {
    if (encoded.size() != 1 || (encoded[0] & '\xfe') != '\xc2') return false;
    into = encoded[0] == '\xc3';
    return true;
  } else if constexpr (std::same_as<T, double>) {
    return read_double(encoded, into);
  } else if constexpr (plain_integer<T>) {
    plain_number number;
    if (!read_number(encoded, number)) return false;
    if (number.negative) {
      const auto value = static_cast<std::int64_t>(number.bits);
      if (!std::in_range<T>(value)) return false;
      into = static_cast<T>(value);
    } else {
      if (!std::in_range<T>(number.bits)) return false;
      into = static_cast<T>(number.bits);
    }
    return true;
  } else if constexpr (plain_text<T>) {
    std::string_view content;
    if (!read_text(encoded, content)) return false;
    into = content;
    return true;
  } else {
    std::string_view content;
    if (!read_binary(encoded, content)) return false;
    const auto* const data = reinterpret_cast<const std::byte*>(content.data());
    into.assign(data, data + content.size());
    return true;
  }
}

}  // namespace gate::detail
