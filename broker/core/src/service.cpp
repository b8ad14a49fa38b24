#include "broker/core/src/service.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include <gate/assert.hpp>

#include "broker/core/reserved_names.hpp"
#include "common/protocol/qualified_name.hpp"

namespace gate::broker {

service::service(std::string_view space, std::string_view name, service_rules held_to, std::uint64_t seed)
    : timer(timer_kind::service),
      rules(std::move(held_to)),
      pool(make_balancer(rules.balancer, seed)),
      space_(space),
      name_(name),
      full_name_(gate::full_name(space, name)) {}

const service::known_method* service::find_method(std::string_view method) const noexcept {
  if (by_method_.empty()) return nullptr;
  const auto at = by_method_.find(method);
  return at == by_method_.end() ? nullptr : &*at;
}

// A method that is known already keeps its number. The others get the smallest free numbers.
void service::number(text_map<method_place>& fresh) {
  std::vector<bool> taken(fresh.size() + by_number_.size());
  for (auto& [method, place] : fresh) {
    const auto known = by_method_.find(method);
    if (known == by_method_.end()) continue;
    place.number = known->second.number;
    taken[place.number] = true;
  }
  std::uint32_t next = 0;
  for (auto& [method, place] : fresh) {
    if (place.number != method_place::no_number) continue;
    while (taken[next]) ++next;
    place.number = next++;
  }
  by_number_.assign(taken.size(), &queue.first_lane());
  std::uint32_t end = 0;
  for (const auto& [method, place] : fresh) {
    by_number_[place.number] = place.where;
    end = std::max(end, place.number + 1);
  }
  by_number_.resize(end);
}

bool service::leave(worker& w) {
  method_group* const group = &w.methods();
  if (group->members == 1) {
    for (const lane_of_group& l : group->lanes) {
      std::erase_if(l.where->offers, [group](const offer& o) { return o.group == group; });
    }
  }
  return pool.leave(w);
}

std::vector<call*> service::sort_out() {
  const std::vector<call*> calls = queue.take_lanes();

  std::vector<offer> takes_all;
  text_map<std::vector<offer>> offered;
  for (const auto& g : pool.groups()) {
    g->lanes.clear();
    if (g->methods.empty()) takes_all.push_back({g.get(), call_way::capacity});
    for (const offered_method& method : g->methods) offered[method.name].push_back({g.get(), method.way});
  }
  queue.add_lane(takes_all);
  std::map<std::vector<offer>, lane*> by_offers;
  text_map<method_place> places;
  for (auto& [method, offers] : offered) {
    offers.insert(offers.end(), takes_all.begin(), takes_all.end());
    lane*& where = by_offers[offers];
    if (where == nullptr) where = &queue.add_lane(offers);
    places.emplace(method, method_place{.where = where});
  }
  number(places);
  by_method_ = std::move(places);
  for (const auto& g : pool.groups()) {
    for (const offered_method& method : g->methods) {
      g->numbers_end = std::max(g->numbers_end, place_of(method.name).number + 1);
    }
  }

  std::vector<call*> stranded;
  for (call* c : calls) {
    const method_place place = place_of(c->method);
    lane& where = *place.where;
    c->number = place.number;
    queue.put_back(*c, where);
    if (where.offers.empty() && pool.members() > 0) stranded.push_back(c);
  }
  return stranded;
}

service* service_table::find(std::string_view space, std::string_view name) const {
  const auto names = spaces_.find(is_reserved(name) ? std::string_view() : space);
  if (names == spaces_.end()) return nullptr;
  const auto at = names->second.find(name);
  return at == names->second.end() ? nullptr : at->second.get();
}

service& service_table::create(std::string_view space, std::string_view name, service_rules rules, std::uint64_t seed) {
  if (is_reserved(name)) space = {};
  auto made = std::make_unique<service>(space, name, std::move(rules), seed);
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
