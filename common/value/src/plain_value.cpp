#include <array>
#include <bit>
#include <limits>
#include <stdexcept>

#include <gate/detail/plain_value.hpp>

namespace gate::detail {

namespace {

// A byte that says what follows, and a number of `Bytes` bytes, the highest first.
template <std::size_t Bytes> void append_tagged(std::string& out, unsigned char tag, std::uint64_t number) {
  std::array<char, Bytes + 1> encoded;
  encoded[0] = static_cast<char>(tag);
  for (std::size_t i = 0; i < Bytes; ++i) encoded[i + 1] = static_cast<char>(number >> (8 * (Bytes - 1 - i)));
  out.append(encoded.data(), encoded.size());
}

std::uint64_t number_at(const char* at, std::size_t bytes) noexcept {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes; ++i) number = number << 8 | static_cast<unsigned char>(at[i]);
  return number;
}

// Makes room for a value with a header and so much content. Grows as strings do, so that many values take linear time.
void make_room(std::string& out, std::size_t content) {
  const std::size_t needed = out.size() + plain_header_bytes_max + content;
  if (needed > out.capacity() && needed > 2 * out.capacity()) out.reserve(needed);
}

// The content behind a header with a length of so many bytes, if it is all that there is.
bool read_content(bytes_view encoded, std::size_t length_bytes, std::string_view& into) noexcept {
  if (encoded.size() < 1 + length_bytes) return false;
  const std::string_view content = encoded.substr(1 + length_bytes);
  if (number_at(encoded.data() + 1, length_bytes) != content.size()) return false;
  into = content;
  return true;
}

unsigned char first_byte(bytes_view encoded) noexcept {
  return encoded.empty() ? 0xc1 : static_cast<unsigned char>(encoded[0]);  // 0xc1 begins no value
}

constexpr std::uint64_t length_max = std::numeric_limits<std::uint32_t>::max();

}  // namespace

void append_text(std::string& out, std::string_view text) {
  const std::size_t size = text.size();
  make_room(out, size);
  if (size < 32) {
    out.push_back(static_cast<char>(0xa0 | size));
  } else if (size <= 0xff) {
    append_tagged<1>(out, 0xd9, size);
  } else if (size <= 0xffff) {
    append_tagged<2>(out, 0xda, size);
  } else {
    if (size > length_max) throw std::length_error("a text of 4 GiB or more does not travel");
    append_tagged<4>(out, 0xdb, size);
  }
  out.append(text);
}

void append_binary(std::string& out, const void* data, std::size_t size) {
  make_room(out, size);
  if (size <= 0xff) {
    append_tagged<1>(out, 0xc4, size);
  } else if (size <= 0xffff) {
    append_tagged<2>(out, 0xc5, size);
  } else {
    if (size > length_max) throw std::length_error("bytes of 4 GiB or more do not travel");
    append_tagged<4>(out, 0xc6, size);
  }
  out.append(static_cast<const char*>(data), size);
}

void append_unsigned(std::string& out, std::uint64_t number) {
  if (number < 0x80) {
    out.push_back(static_cast<char>(number));
  } else if (number <= 0xff) {
    append_tagged<1>(out, 0xcc, number);
  } else if (number <= 0xffff) {
    append_tagged<2>(out, 0xcd, number);
  } else if (number <= 0xffffffff) {
    append_tagged<4>(out, 0xce, number);
  } else {
    append_tagged<8>(out, 0xcf, number);
  }
}

void append_signed(std::string& out, std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  if (number >= 0) {
    append_unsigned(out, bits);
  } else if (number >= -32) {
    out.push_back(static_cast<char>(number));
  } else if (number >= std::numeric_limits<std::int8_t>::min()) {
    append_tagged<1>(out, 0xd0, bits);
  } else if (number >= std::numeric_limits<std::int16_t>::min()) {
    append_tagged<2>(out, 0xd1, bits);
  } else if (number >= std::numeric_limits<std::int32_t>::min()) {
    append_tagged<4>(out, 0xd2, bits);
  } else {
    append_tagged<8>(out, 0xd3, bits);
  }
}

void append_double(std::string& out, double number) {
  append_tagged<8>(out, 0xcb, std::bit_cast<std::uint64_t>(number));
}

bool read_text(bytes_view encoded, std::string_view& into) noexcept {
  const unsigned char tag = first_byte(encoded);
  if ((tag & 0xe0) == 0xa0) {
    if (encoded.size() != 1u + (tag & 0x1f)) return false;
    into = encoded.substr(1);
    return true;
  }
  if (tag < 0xd9 || tag > 0xdb) return false;
  return read_content(encoded, std::size_t{1} << (tag - 0xd9), into);
}

bool read_binary(bytes_view encoded, std::string_view& into) noexcept {
  const unsigned char tag = first_byte(encoded);
  if (tag < 0xc4 || tag > 0xc6) return false;
  return read_content(encoded, std::size_t{1} << (tag - 0xc4), into);
}

bool read_double(bytes_view encoded, double& into) noexcept {
  if (encoded.size() != 9 || first_byte(encoded) != 0xcb) return false;
  into = std::bit_cast<double>(number_at(encoded.data() + 1, 8));
  return true;
}

bool read_number(bytes_view encoded, plain_number& into) noexcept {
  const unsigned char tag = first_byte(encoded);
  const std::size_t size = encoded.size();
  if (tag < 0x80 || tag >= 0xe0) {
    if (size != 1) return false;
    into.negative = tag >= 0xe0;
    into.bits = into.negative ? ~std::uint64_t{0xff} | tag : tag;
    return true;
  }
  if (tag < 0xcc || tag > 0xd3) return false;
  const std::size_t bytes = std::size_t{1} << ((tag - 0xcc) & 3);
  if (size != 1 + bytes) return false;
  into.bits = number_at(encoded.data() + 1, bytes);
  if (tag >= 0xd0) {
    const auto unused = static_cast<unsigned>(64 - 8 * bytes);
    into.bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(into.bits << unused) >> unused);
    into.negative = static_cast<std::int64_t>(into.bits) < 0;
  }
  return true;
}

}  // namespace gate::detail
