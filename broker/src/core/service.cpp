#include "broker/src/core/service.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <gate/assert.hpp>

#include "common/src/qualified_name.hpp"

namespace gate::broker {

service::service(std::string_view space, std::string_view name)
    : timer(timer_kind::service), space_(space), name_(name), full_name_(gate::full_name(space, name)) {
  lanes_.push_back(std::make_unique<lane>());
}

lane& service::lane_of(std::string_view method) noexcept {
  if (by_method_.empty()) return *lanes_.front();
  const auto at = by_method_.find(method);
  return at == by_method_.end() ? *lanes_.front() : *at->second;
}

std::vector<call*> service::sort_out() {
  const std::vector<call*> calls = waiting();
  for (call* c : calls) intrusive_list<call, in_queue>::unlink(*c);

  std::vector<method_group*> takes_all;
  text_map<std::vector<method_group*>> offered;
  for (const auto& g : pool.groups()) {
    g->lanes.clear();
    if (g->methods.empty()) takes_all.push_back(g.get());
    for (const std::string& method : g->methods) offered[method].push_back(g.get());
  }
  by_method_.clear();
  lanes_.clear();
  const auto add_lane = [this](const std::vector<method_group*>& groups) {
    lanes_.push_back(std::make_unique<lane>());
    lanes_.back()->groups = groups;
    for (method_group* g : groups) g->lanes.push_back(lanes_.back().get());
    return lanes_.back().get();
  };
  add_lane(takes_all);
  std::map<std::vector<method_group*>, lane*> by_groups;
  for (auto& [method, groups] : offered) {
    groups.insert(groups.end(), takes_all.begin(), takes_all.end());
    lane*& where = by_groups[groups];
    if (where == nullptr) where = add_lane(groups);
    by_method_.emplace(method, where);
  }

  std::vector<call*> stranded;
  for (call* c : calls) {
    lane& where = lane_of(c->method);
    c->waits_in = &where;
    where.waiting.push_back(*c);
    if (where.groups.empty() && pool.members() > 0) stranded.push_back(c);
  }
  return stranded;
}

void service::push_back(call& c, lane& where) noexcept {
  c.position = ++back_;
  where.waiting.push_back(c);
  push(c, where);
}

void service::push_front(call& c, lane& where) noexcept {
  c.position = --front_;
  where.waiting.push_front(c);
  push(c, where);
}

void service::push(call& c, lane& where) noexcept {
  GATE_ASSERT(c.kept != nullptr);
  c.waits_in = &where;
  ++queued_;
  queued_bytes_ += c.kept->bytes();
}

void service::remove(call& c) noexcept {
  intrusive_list<call, in_queue>::unlink(c);
  c.waits_in = nullptr;
  --queued_;
  queued_bytes_ -= c.kept->bytes();
}

call* service::next_for(const method_group& group) const noexcept {
  if (queued_ == 0) return nullptr;
  call* oldest = nullptr;
  for (const lane* l : group.lanes) {
    call* c = l->waiting.first();
    if (c != nullptr && (oldest == nullptr || c->position < oldest->position)) oldest = c;
  }
  return oldest;
}

call* service::next() const noexcept {
  if (queued_ == 0) return nullptr;
  call* oldest = nullptr;
  for (const auto& l : lanes_) {
    call* c = l->waiting.first();
    if (c == nullptr || (oldest != nullptr && oldest->position < c->position)) continue;
    if (worker_pool::pick(l->groups) != nullptr) oldest = c;
  }
  return oldest;
}

std::vector<call*> service::waiting() const {
  std::vector<call*> calls;
  calls.reserve(queued_);
  for (const auto& l : lanes_) {
    for (call& c : l->waiting) calls.push_back(&c);
  }
  std::sort(calls.begin(), calls.end(), [](const call* a, const call* b) { return a->position < b->position; });
  return calls;
}

bool is_reserved(std::string_view service) noexcept {
  return service == "gate" || service == "Gate" || service.starts_with("mmi.");
}

bool is_for_everybody(std::string_view method) noexcept {
  return method == "ping" || method == "services" || method == "describe";
}

service* service_table::find(std::string_view space, std::string_view name) const {
  const auto names = spaces_.find(is_reserved(name) ? std::string_view() : space);
  if (names == spaces_.end()) return nullptr;
  const auto at = names->second.find(name);
  return at == names->second.end() ? nullptr : at->second.get();
}

service& service_table::create(std::string_view space, std::string_view name) {
  if (is_reserved(name)) space = {};
  auto made = std::make_unique<service>(space, name);
  const auto [at, fresh] = spaces_[std::string(space)].emplace(name, std::move(made));
  GATE_ASSERT(fresh);
  ++count_;
  return *at->second;
}

void service_table::erase(const service& s) {
  const auto names = spaces_.find(s.space());
  GATE_ASSERT(names != spaces_.end());
  names->second.erase(std::string(s.name()));
  if (names->second.empty()) spaces_.erase(names);
  --count_;
}

std::vector<service*> service_table::all() const {
  std::vector<service*> list;
  list.reserve(count_);
  for (const auto& [space, names] : spaces_) {
    for (const auto& [name, s] : names) list.push_back(s.get());
  }
  std::sort(list.begin(), list.end(), [](const service* a, const service* b) {
    return std::tie(a->space(), a->name()) < std::tie(b->space(), b->name());
  });
  return list;
}

}  // namespace gate::broker
