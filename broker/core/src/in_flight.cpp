#include "broker/core/src/in_flight.hpp"

#include <algorithm>
#include <utility>

#include <gate/assert.hpp>

#include "broker/core/src/peer_table.hpp"

namespace gate::broker {

call& in_flight::take() {
  if (free_.empty() && !absent_.empty()) {
    const std::uint32_t chunk = absent_.back();
    make_chunk(chunk);
    absent_.pop_back();
    for (std::uint32_t i = chunk_calls; i-- > 0;) {
      const std::uint32_t index = chunk * chunk_calls + i;
      at(index).index = index;
      free_.push_back(index);
    }
  }
  if (free_.empty()) {
    if (used_ % chunk_calls == 0) {
      if (chunks_.size() == used_ / chunk_calls) chunks_.emplace_back();
      make_chunk(used_ / chunk_calls);
    }
    call& c = at(used_);
    c.index = used_++;
    return c;
  }
  call& c = at(free_.back());
  free_.pop_back();
  return c;
}

void in_flight::release(call& c) noexcept {
  GATE_ASSERT(c.stage == call_stage::loose && !c.kept && c.client == nullptr && c.holder == nullptr && !c.armed());
  c.flags = 0;
  c.budgeted = c.delivered = c.client_fed = c.client_ended = c.given = c.executed = c.huge_answer = false;
  c.recalled = c.answering = false;
  c.hand_backs = 0;
  c.attempt = 0;
  c.home = nullptr;
  c.answers = credit_window();
  c.arguments = credit_window();
  c.arguments_total.reset();
  c.orphan_caller.clear();
  free_.push_back(c.index);
}

void in_flight::make_chunk(std::uint32_t chunk) {
  free_.reserve(chunks_.size() * chunk_calls);  // so that release() cannot fail
  chunks_[chunk] = std::make_unique<call[]>(chunk_calls);
  // A worker may still name a call of the chunk that was here before. No name may come twice.
  for (std::uint32_t i = 0; i < chunk_calls; ++i) chunks_[chunk][i].generation = generation_floor_;
}

void in_flight::forget_spare() {
  std::vector<std::uint32_t> unused(chunks_.size());
  for (const std::uint32_t index : free_) ++unused[index / chunk_calls];
  bool any = false;
  for (std::uint32_t chunk = 0; chunk < chunks_.size(); ++chunk) {
    if (unused[chunk] < chunk_calls) continue;
    for (std::uint32_t i = 0; i < chunk_calls; ++i) {
      generation_floor_ = std::max(generation_floor_, chunks_[chunk][i].generation);
    }
    absent_.push_back(chunk);
    chunks_[chunk].reset();
    any = true;
  }
  if (any) std::erase_if(free_, [this](std::uint32_t index) { return chunks_[index / chunk_calls] == nullptr; });
  std::size_t entries = table_.size();
  while (entries > table_min && (entered_ + 1) * 4 <= entries) entries /= 2;
  if (entries < table_.size()) resize(entries);
}

call_id in_flight::rename(call& c) noexcept {
  if (++c.generation == 0) c.generation = 1;  // a name is never 0, which is the connection's
  return name_of(c);
}

call_id in_flight::name_of(const call& c) noexcept { return call_id{(std::uint64_t{c.generation} << 32) | c.index}; }

call* in_flight::held_by(const worker& holder, call_id name) const noexcept {
  const auto number = static_cast<std::uint64_t>(name);
  const auto index = static_cast<std::uint32_t>(number);
  if (index >= used_ || chunks_[index / chunk_calls] == nullptr) return nullptr;
  call& c = at(index);
  return c.holder == &holder && c.generation == number >> 32 ? &c : nullptr;
}

// The address of the peer is part of the hash, so a client cannot choose numbers that collide. Nothing depends on the
// order of the table.
std::uint64_t in_flight::hash_of(const peer& client, call_id id) const noexcept {
  std::uint64_t h = static_cast<std::uint64_t>(id) ^ reinterpret_cast<std::uintptr_t>(&client) * 0x9e3779b97f4a7c15u;
  h = (h ^ (h >> 32)) * 0xd6e8feb86659fd93u;
  h = (h ^ (h >> 32)) * 0xd6e8feb86659fd93u;
  return h ^ (h >> 32);
}

call* in_flight::find(const peer& client, call_id id, std::uint64_t hash) const noexcept {
  if (entered_ == 0) return nullptr;
  const std::size_t mask = table_.size() - 1;
  for (std::size_t i = hash & mask; table_[i].who != nullptr; i = (i + 1) & mask) {
    const entry& e = table_[i];
    if (e.hash == hash && e.who->client == &client && e.who->client_call == id) return e.who;
  }
  return nullptr;
}

void in_flight::enter(call& c, std::uint64_t hash) {
  if ((entered_ + 1) * 2 > table_.size()) resize(table_.empty() ? table_min : table_.size() * 2);
  c.hash = hash;
  const std::size_t mask = table_.size() - 1;
  std::size_t i = hash & mask;
  while (table_[i].who != nullptr) i = (i + 1) & mask;
  table_[i] = {hash, &c};
  ++entered_;
}

// Moves the entries behind the removed one, so that no gap stays. So the table needs no marks for removed entries.
void in_flight::remove(call& c) noexcept {
  const std::size_t mask = table_.size() - 1;
  std::size_t gap = c.hash & mask;
  while (table_[gap].who != &c) {
    GATE_ASSERT(table_[gap].who != nullptr);
    gap = (gap + 1) & mask;
  }
  for (std::size_t i = (gap + 1) & mask; table_[i].who != nullptr; i = (i + 1) & mask) {
    const std::size_t wanted = table_[i].hash & mask;
    if (((i - wanted) & mask) < ((i - gap) & mask)) continue;  // the gap is before its own place
    table_[gap] = table_[i];
    gap = i;
  }
  table_[gap] = {};
  --entered_;
}

void in_flight::resize(std::size_t entries) {
  std::vector<entry> former(entries);
  former.swap(table_);
  const std::size_t mask = table_.size() - 1;
  for (const entry& e : former) {
    if (e.who == nullptr) continue;
    std::size_t i = e.hash & mask;
    while (table_[i].who != nullptr) i = (i + 1) & mask;
    table_[i] = e;
  }
}

}  // namespace gate::broker
