#include "common/value/msgpack_scan.hpp"

#include <cstddef>

#include <msgpack.hpp>
#include <msgpack/null_visitor.hpp>

namespace gate::wire::msgpack_scan {
namespace {

// The limits of Python's msgpack, which gate-rpc does not change.
constexpr std::uint32_t python_bytes_max = 32u << 20;
constexpr std::uint32_t python_elements_max = 1u << 20;

class checker : public msgpack::null_visitor {
 public:
  checker(reader who, std::size_t depth_max) noexcept : python_(who == reader::python), depth_max_(depth_max) {}

  bool good() const noexcept { return good_; }

  bool visit_str(const char* v, std::uint32_t size) {
    return require(!python_ || (size <= python_bytes_max && valid_utf8({v, size})));
  }
  bool visit_bin(const char*, std::uint32_t size) { return require(!python_ || size <= python_bytes_max); }
  bool start_array(std::uint32_t size) { return enter(size); }
  bool end_array() { return leave(); }
  bool start_map(std::uint32_t size) { return enter(size); }
  bool end_map() { return leave(); }
  bool start_map_key() {
    in_key_ = true;
    return true;
  }
  bool end_map_key() {
    in_key_ = false;
    return true;
  }
  void parse_error(std::size_t, std::size_t) noexcept { good_ = false; }
  void insufficient_bytes(std::size_t, std::size_t) noexcept { good_ = false; }

 private:
  bool require(bool holds) noexcept {
    good_ = good_ && holds;
    return good_;
  }
  bool enter(std::uint32_t size) noexcept {
    return require(depth_++ < depth_max_ && !(python_ && (in_key_ || size > python_elements_max)));
  }
  bool leave() noexcept {
    --depth_;
    in_key_ = false;
    return true;
  }

  const bool python_;
  const std::size_t depth_max_;
  bool good_ = true;
  bool in_key_ = false;
  std::size_t depth_ = 0;
};

std::uint8_t byte(bytes_view from, std::size_t at) noexcept { return static_cast<std::uint8_t>(from[at]); }

std::uint32_t big_endian(bytes_view from, std::size_t at, std::size_t byte_count) noexcept {
  std::uint32_t v = 0;
  for (std::size_t i = 0; i < byte_count; ++i) v = v << 8 | byte(from, at + i);
  return v;
}

// Reads a header. In the short form `fix` its low bits are the size. Otherwise it is one byte, then a size of 2 or 4
// bytes.
std::optional<std::uint32_t> take_header(bytes_view& raw, std::uint8_t fix, std::uint8_t two) noexcept {
  if (raw.empty()) return std::nullopt;
  const std::uint8_t first = byte(raw, 0);
  std::size_t length = 1;
  std::uint32_t size = first & 0x0fu;
  if ((first & 0xf0u) != fix) {
    if (first != two && first != two + 1) return std::nullopt;
    length = first == two ? 3 : 5;
    if (raw.size() < length) return std::nullopt;
    size = big_endian(raw, 1, length - 1);
  }
  raw.remove_prefix(length);
  return size;
}

}  // namespace

std::optional<bytes_view> take_value(bytes_view& raw, reader who, std::size_t depth_max) {
  if (raw.empty()) return std::nullopt;
  checker check(who, depth_max);
  std::size_t end = 0;
  const bool complete = msgpack::parse(raw.data(), raw.size(), end, check);
  if (!complete || !check.good()) return std::nullopt;
  const bytes_view value = raw.substr(0, end);
  raw.remove_prefix(end);
  return value;
}

std::optional<std::uint32_t> take_list(bytes_view& raw) noexcept { return take_header(raw, 0x90, 0xdc); }
std::optional<std::uint32_t> take_map(bytes_view& raw) noexcept { return take_header(raw, 0x80, 0xde); }

bool is_text(bytes_view value) noexcept {
  const std::uint8_t first = value.empty() ? 0 : byte(value, 0);
  return (first & 0xe0) == 0xa0 || (first >= 0xd9 && first <= 0xdb);
}

bool is_list(bytes_view value) noexcept {
  const std::uint8_t first = value.empty() ? 0 : byte(value, 0);
  return (first & 0xf0) == 0x90 || first == 0xdc || first == 0xdd;
}

bool is_map(bytes_view value) noexcept {
  const std::uint8_t first = value.empty() ? 0 : byte(value, 0);
  return (first & 0xf0) == 0x80 || first == 0xde || first == 0xdf;
}

std::optional<bytes_view> text_of(bytes_view value) noexcept {
  if (!is_text(value)) return std::nullopt;
  const std::uint8_t first = byte(value, 0);
  const std::size_t header = first < 0xd9 ? 1 : 1 + (std::size_t{1} << (first - 0xd9));
  return value.substr(header);
}

std::optional<bytes_view> binary_of(bytes_view value) noexcept {
  const std::uint8_t first = value.empty() ? 0 : byte(value, 0);
  if (first < 0xc4 || first > 0xc6) return std::nullopt;
  return value.substr(1 + (std::size_t{1} << (first - 0xc4)));
}

bool one_value(bytes_view raw, reader who, std::size_t depth_max) {
  return take_value(raw, who, depth_max) && raw.empty();
}

bool one_list(bytes_view raw, reader who) { return is_list(raw) && one_value(raw, who, depth_with_values); }

bool one_named_map(bytes_view raw, reader who) {
  if (!is_map(raw) || !one_value(raw, who, depth_with_values)) return false;
  for (std::uint32_t left = *take_map(raw); left > 0; --left) {
    if (!is_text(*take_value(raw))) return false;
    take_value(raw);
  }
  return true;
}

std::optional<bytes_view> one_text(bytes_view raw) {
  if (!is_text(raw) || !one_value(raw)) return std::nullopt;
  return text_of(raw);
}

bool valid_utf8(bytes_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const std::uint8_t first = byte(text, i++);
    if (first < 0x80) continue;
    if (first < 0xc2 || first > 0xf4) return false;
    const std::size_t more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (text.size() - i < more) return false;
    const std::uint8_t second = byte(text, i);
    // Refuses over-long forms, surrogates, and code points above U+10FFFF.
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
        (first == 0xf4 && second > 0x8f)) {
      return false;
    }
    for (std::size_t k = 0; k < more; ++k) {
      if ((byte(text, i + k) & 0xc0) != 0x80) return false;
    }
    i += more;
  }
  return true;
}

}  // namespace gate::wire::msgpack_scan
