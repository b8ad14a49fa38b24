// Maps the broker's call numbers to the session's. An open-addressing table: a node-based map would allocate for each
// call.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <gate/protocol.hpp>

namespace gate::peer {

class id_map {
 public:
  // Returns false, and changes nothing, if `from` is in the map already. No id is 0.
  bool insert(call_id from, call_id to) {
    if ((size_ + 1) * 2 > cells_.size()) grow();
    std::size_t at = home(from);
    for (; cells_[at].from != none; at = next(at)) {
      if (cells_[at].from == from) return false;
    }
    cells_[at] = {from, to};
    ++size_;
    return true;
  }

  // Returns 0 if `from` is not in the map.
  call_id find(call_id from) const noexcept {
    if (cells_.empty()) return none;
    for (std::size_t at = home(from); cells_[at].from != none; at = next(at)) {
      if (cells_[at].from == from) return cells_[at].to;
    }
    return none;
  }

  void erase(call_id from) noexcept {
    if (cells_.empty()) return;
    std::size_t hole = home(from);
    while (cells_[hole].from != from) {
      if (cells_[hole].from == none) return;
      hole = next(hole);
    }
    // Moves later entries up if they would be unreachable behind the hole: a search ends at an empty cell.
    for (std::size_t at = next(hole); cells_[at].from != none; at = next(at)) {
      const std::size_t wanted = home(cells_[at].from);
      const bool reachable = ((at - wanted) & mask()) >= ((at - hole) & mask());
      if (!reachable) continue;
      cells_[hole] = cells_[at];
      hole = at;
    }
    cells_[hole] = {};
    --size_;
  }

  void clear() noexcept {
    cells_.assign(cells_.size(), {});
    size_ = 0;
  }

  std::size_t size() const noexcept { return size_; }

 private:
  static constexpr call_id none{};
  struct cell {
    call_id from{}, to{};
  };

  std::size_t mask() const noexcept { return cells_.size() - 1; }
  std::size_t next(std::size_t at) const noexcept { return (at + 1) & mask(); }
  // The high bits of the product are mixed best.
  std::size_t home(call_id id) const noexcept {
    const auto mixed = static_cast<std::uint64_t>(id) * 0x9e3779b97f4a7c15u;
    return static_cast<std::size_t>(mixed >> (64 - std::bit_width(mask())));
  }

  void grow() {
    std::vector<cell> old(cells_.empty() ? 64 : cells_.size() * 2);
    old.swap(cells_);
    size_ = 0;
    for (const cell& c : old) {
      if (c.from != none) insert(c.from, c.to);
    }
  }

  std::vector<cell> cells_;
  std::size_t size_ = 0;
};

}  // namespace gate::peer
