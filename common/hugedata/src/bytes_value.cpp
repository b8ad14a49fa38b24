#include "common/hugedata/bytes_value.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include <gate/error.hpp>
#include <gate/value.hpp>

#include "common/hugedata/source.hpp"

namespace gate::huge {

namespace {

constexpr std::uint64_t bin_bytes_max = 0xffffffffu;

struct bytes_header {
  std::size_t header_bytes = 0;  // 0: more bytes are needed
  std::uint64_t bytes = 0;
};

// Reads the header of a msgpack bin or str.
bytes_header read_header(bytes_view encoded) {
  bytes_header h;
  if (encoded.empty()) return h;
  const auto first = static_cast<unsigned char>(encoded[0]);
  if (first >= 0xa0 && first <= 0xbf) {
    h.header_bytes = 1;
    h.bytes = first & 0x1f;
    return h;
  }
  std::size_t length_bytes = 0;
  if (first == 0xc4 || first == 0xd9) length_bytes = 1;
  if (first == 0xc5 || first == 0xda) length_bytes = 2;
  if (first == 0xc6 || first == 0xdb) length_bytes = 4;
  if (length_bytes == 0) throw Error(errc::invalid_argument, "what came is a value, but not bytes");
  if (encoded.size() < 1 + length_bytes) return h;
  for (std::size_t i = 1; i <= length_bytes; ++i) h.bytes = h.bytes << 8 | static_cast<unsigned char>(encoded[i]);
  h.header_bytes = 1 + length_bytes;
  return h;
}

bool is_text(bytes_view value) noexcept {
  const auto tag = value.empty() ? 0u : static_cast<unsigned char>(value.front());
  return (tag & 0xe0u) == 0xa0u || (tag >= 0xd9u && tag <= 0xdbu);
}

// Passes on the reads of an inner source, and changes the bytes.
class wrapping_source : public detail::huge_source {
 public:
  explicit wrapping_source(HugeData inner) : inner_(std::move(inner)) {}
  bool blocking() const noexcept override { return inner_.source().blocking(); }
  const std::string& etag() const noexcept override { return inner_.etag(); }
  std::uint64_t offset() const noexcept override { return 0; }
  bool seek(std::uint64_t offset) override { return offset == 0; }
  void give_up() noexcept override { inner_.source().give_up(); }
  bool fed_by_this_thread() const override { return inner_.source().fed_by_this_thread(); }
  bool account(std::uint64_t bytes) noexcept override { return inner_.source().account(bytes); }

 protected:
  HugeData inner_;
};

class as_value_source final : public wrapping_source {
 public:
  explicit as_value_source(HugeData inner) : wrapping_source(std::move(inner)) {
    append_bytes_header(header_, static_cast<std::uint32_t>(*inner_.total()));
    total_ = header_.size() + *inner_.total();
  }
  std::optional<std::uint64_t> total() const noexcept override { return total_; }
  detail::huge_piece read(std::size_t bytes_max) override {
    if (header_.empty()) return inner_.source().read(bytes_max);
    detail::huge_piece piece;
    piece.own = std::exchange(header_, {});
    piece.own += inner_.source().read(bytes_max - piece.own.size()).bytes();
    return piece;
  }
  task<std::optional<std::string>> next() override {
    if (!header_.empty()) {
      std::string header = std::exchange(header_, {});
      co_return header;
    }
    co_return co_await inner_.source().next();
  }

 private:
  std::string header_;
  std::uint64_t total_ = 0;
};

class bytes_source final : public wrapping_source {
 public:
  explicit bytes_source(HugeData inner) : wrapping_source(std::move(inner)) {}
  bool blocking() const noexcept override { return false; }
  std::optional<std::uint64_t> total() const noexcept override { return total_; }
  task<std::optional<std::string>> next() override {
    for (;;) {
      auto piece = co_await inner_.next();
      if (!piece) {
        if (!total_ || read_ != *total_) throw Error(errc::data_loss, "the value ends before its bytes do");
        co_return std::nullopt;
      }
      std::string raw = without_header(std::move(*piece));
      read_ += raw.size();
      if (total_ && read_ > *total_) throw Error(errc::data_loss, "something follows the value");
      if (!raw.empty()) co_return raw;
    }
  }

 private:
  std::string without_header(std::string piece) {
    if (total_) return piece;
    start_ += piece;
    const bytes_header h = read_header(start_);
    if (h.header_bytes == 0) return {};
    total_ = h.bytes;
    start_.erase(0, h.header_bytes);
    return std::exchange(start_, {});
  }

  std::string start_;  // collected until the header is complete
  std::optional<std::uint64_t> total_;
  std::uint64_t read_ = 0;
};

}  // namespace

task<HugeData> as_value(HugeData raw, std::size_t collect_bytes_max) {
  huge_options options = raw.options();
  if (!raw.total()) {
    std::string collected = co_await raw.to_memory(collect_bytes_max);
    raw = HugeData::from_memory(std::move(collected), options);
  }
  if (*raw.total() - raw.offset() > bin_bytes_max) {
    throw Error(errc::too_large, "more than 4 GiB - 1 cannot travel as one value");
  }
  options.total.reset();
  co_return HugeData(std::make_unique<as_value_source>(std::move(raw)), std::move(options));
}

HugeData bytes_of_value(HugeData value) { return HugeData(std::make_unique<bytes_source>(std::move(value)), {}); }

HugeData bytes_of_value(bytes_view value) {
  if (is_text(value)) return HugeData::from_memory(decode_as<std::string>(value));
  return HugeData::from_memory(decode_as<bytes>(value));
}

}  // namespace gate::huge
