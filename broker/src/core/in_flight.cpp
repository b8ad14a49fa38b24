#include "broker/src/core/in_flight.hpp"

#include <utility>

#include <gate/assert.hpp>

#include "broker/src/core/peers.hpp"

namespace gate::broker {

call& in_flight::take() {
  if (free_.empty()) {
    if (used_ % chunk_calls == 0) {
      chunks_.push_back(std::make_unique<call[]>(chunk_calls));
      free_.reserve(chunks_.size() * chunk_calls);  // so that release() cannot fail
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
  c.budgeted = c.delivered = c.client_fed = c.client_ended = c.given = c.executed = c.huge_answer = c.recalled = false;
  c.hand_backs = 0;
  c.attempt = 0;
  c.home = nullptr;
  c.answers = credit_window();
  c.arguments = credit_window();
  c.arguments_total.reset();
  c.orphan_caller.clear();
  free_.push_back(c.index);
}

call_id in_flight::rename(call& c) noexcept {
  if (++c.generation == 0) c.generation = 1;  // a name is never 0, which is the connection's
  return name_of(c);
}

call_id in_flight::name_of(const call& c) noexcept { return call_id{(std::uint64_t{c.generation} << 32) | c.index}; }

call* in_flight::held_by(const worker& holder, call_id name) const noexcept {
  const auto number = static_cast<std::uint64_t>(name);
  const auto index = static_cast<std::uint32_t>(number);
  if (index >= used_) return nullptr;
  call& c = at(index);
  return c.holder == &holder && c.generation == number >> 32 ? &c : nullptr;
}

// Seeded with an address, so that a client cannot choose numbers that collide; the order of the table is never seen.
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
  if ((entered_ + 1) * 2 > table_.size()) grow();
  c.hash = hash;
  const std::size_t mask = table_.size() - 1;
  std::size_t i = hash & mask;
  while (table_[i].who != nullptr) i = (i + 1) & mask;
  table_[i] = {hash, &c};
  ++entered_;
}

// Closes the gap by moving back what stands behind it, so that no markers of removed entries pile up.
void in_flight::remove(call& c) noexcept {
  const std::size_t mask = table_.size() - 1;
  std::size_t gap = c.hash & mask;
  while (table_[gap].who != &c) {
    GATE_ASSERT(table_[gap].who != nullptr);
    gap = (gap + 1) & mask;
  }
  for (std::size_t i = (gap + 1) & mask; table_[i].who != nullptr; i = (i + 1) & mask) {
    const std::size_t wanted = table_[i].hash & mask;
    if (((i - wanted) & mask) < ((i - gap) & mask)) continue;  // it would land before its own place
    table_[gap] = table_[i];
    gap = i;
  }
  table_[gap] = {};
  --entered_;
}

void in_flight::grow() {
  std::vector<entry> former(table_.empty() ? table_min : table_.size() * 2);
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
