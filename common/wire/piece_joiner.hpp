// Joins the pieces of an envelope (docs/protocol.md, section 6). It is the receiving end of a pacer. No I/O. One
// thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <utility>

#include <gate/bytes.hpp>
#include <gate/protocol.hpp>

#include "common/base/byte_total.hpp"
#include "common/base/text_memory.hpp"

namespace gate::peer {

class piece_joiner {
 public:
  // no_memory, let_go: the last piece came, but most of the envelope was not kept, for one of these two reasons.
  enum class outcome : std::uint8_t { more, whole, too_large, no_memory, let_go };

  // `all` counts the bytes that all joiners hold together. It may be null, and outlives this.
  explicit piece_joiner(byte_total* all = nullptr) noexcept : share_(all) {}

  outcome add(const message& piece, std::size_t bytes_max) {
    came_bytes_ += piece.payload.size_bytes();
    if (came_bytes_ > bytes_max) return outcome::too_large;
    try {
      for (std::size_t i = 0; i < piece.payload.frames() && is_kept(); ++i) parts_ += piece.payload[i];
    } catch (const std::bad_alloc&) {
      let_go(parts_.empty() ? piece.payload[0] : bytes_view(parts_), outcome::no_memory);
    }
    share_.set(parts_.capacity());
    return piece.has(message_flag::end_of_parts) ? end_ : outcome::more;
  }
  // The header of the envelope whose pieces are coming, or the part of it that has come (docs/protocol.md, section 2).
  bytes_view header() const noexcept {
    return is_kept() ? bytes_view(parts_).substr(0, header_.size()) : bytes_view(header_.data(), header_bytes_);
  }
  // The memory that holds the pieces.
  std::size_t bytes() const noexcept { return is_kept() ? parts_.capacity() : 0; }
  // Drops the pieces of the present envelope, except its header.
  void let_go() noexcept {
    if (is_kept()) let_go(bytes_view(parts_), outcome::let_go);
    share_.set(0);
  }
  // Returns the whole envelope. The next piece begins another one.
  std::string take() noexcept {
    came_bytes_ = 0;
    end_ = outcome::whole;
    share_.set(0);
    return std::exchange(parts_, {});
  }

 private:
  bool is_kept() const noexcept { return end_ == outcome::whole; }
  void let_go(bytes_view from, outcome why) noexcept {
    end_ = why;
    header_bytes_ = from.copy(header_.data(), header_.size());
    free_memory(parts_);
  }

  std::string parts_;
  byte_share share_;
  std::array<char, 16> header_{};
  std::size_t header_bytes_ = 0;
  std::size_t came_bytes_ = 0;
  outcome end_ = outcome::whole;  // the outcome of the last piece
};

}  // namespace gate::peer
