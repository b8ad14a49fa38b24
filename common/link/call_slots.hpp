// The open calls of a session: records in slots that are reused. The session never uses a call's id again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <gate/assert.hpp>
#include <gate/protocol.hpp>

namespace gate::peer {

// A record keeps its address while it is in use: references to it stay valid when other calls are added. Record{} is an
// unused record. If reset() keeps the memory of its members, the next user of the slot has that memory.
template <class Record> class call_slots {
 public:
  struct entry {
    call_id id;
    Record* record;
  };

  entry add() {
    if (free_.empty()) grow();
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    ++size_;
    const std::uint64_t id = ++serial_ << slot_bits | slot;
    cell& c = at(slot);
    c.id = id;
    return {call_id{id}, &c.record};
  }

  Record* find(call_id id) noexcept {
    const std::uint32_t slot = slot_of(id);
    if (slot >= capacity_) return nullptr;
    cell& c = at(slot);
    return c.id == static_cast<std::uint64_t>(id) && c.id != 0 ? &c.record : nullptr;
  }
  const Record* find(call_id id) const noexcept { return const_cast<call_slots*>(this)->find(id); }

  void remove(call_id id) noexcept {
    cell& c = at(slot_of(id));
    GATE_ASSERT(c.id == static_cast<std::uint64_t>(id));
    c.id = 0;
    c.record.reset();
    --size_;
    free_.push_back(slot_of(id));
  }

  // A small number that no other open call has at the same time.
  static std::uint32_t slot_of(call_id id) noexcept {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(id) & (slots_max - 1));
  }

  std::size_t size() const noexcept { return size_; }

  // The ids of all open calls, oldest first.
  std::vector<call_id> ids() {
    std::vector<call_id> all;
    all.reserve(size_);
    for (std::uint32_t slot = 0; slot < capacity_; ++slot) {
      if (at(slot).id != 0) all.push_back(call_id{at(slot).id});
    }
    std::sort(all.begin(), all.end());
    return all;
  }

 private:
  static constexpr unsigned slot_bits = 24;
  static constexpr std::uint32_t slots_max = 1u << slot_bits;
  static constexpr std::uint32_t chunk_bits = 8;
  static constexpr std::uint32_t chunk_slots = 1u << chunk_bits;

  struct cell {
    std::uint64_t id = 0;
    Record record;
  };

  cell& at(std::uint32_t slot) noexcept { return chunks_[slot >> chunk_bits][slot & (chunk_slots - 1)]; }

  void grow() {
    GATE_ASSERT(capacity_ + chunk_slots <= slots_max);
    chunks_.push_back(std::make_unique<cell[]>(chunk_slots));
    free_.reserve(capacity_ + chunk_slots);
    for (std::uint32_t i = chunk_slots; i-- > 0;) free_.push_back(capacity_ + i);
    capacity_ += chunk_slots;
  }

  std::vector<std::unique_ptr<cell[]>> chunks_;
  std::vector<std::uint32_t> free_;
  std::uint64_t serial_ = 0;
  std::uint32_t capacity_ = 0;
  std::size_t size_ = 0;
};

}  // namespace gate::peer
