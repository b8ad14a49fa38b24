// Who may call and offer what, and how much at once. Asks `access`, `allowance` and the rules of the service, and acts
// on the answers.
#include <string>
#include <utility>
#include <vector>

#include "broker/core/reserved_names.hpp"
#include "broker/core/src/core_state.hpp"
#include "common/protocol/qualified_name.hpp"

namespace gate::broker {

core::state::service_key core::state::meant_by(const peer& p, std::string_view said) noexcept {
  const qualified_name name = split_name(said);
  return {name.name_space.value_or(p.context.name_space), name.name};
}

namespace {

// "not granted by any role; the operator grants it by ...".
std::string with_way(std::string_view why, std::string&& way) {
  return way.empty() ? std::string(why) : std::string(why) + "; " + way;
}

}  // namespace

bool core::state::may_call(peer& client, const service_key& what, const message& m) {
  if (rights_ == nullptr) return true;
  if (is_reserved(what.name) && is_for_everybody(m.method)) return true;
  const std::string_view why = rights_->may_call(client.context.principal, what.space, what.name, m.method);
  if (why.empty()) return true;
  tell_refused(refusal::call_denied, client, what, m.method, why);
  const std::string_view who = client.context.principal;
  const std::string said = with_way(why, rights_->way_to_call(who, what.space, what.name, m.method));
  refuse(client, m, refusal::call_denied,
         text_of({"'", who, "' may not call ", m.method, " of service '", m.service, "': ", said}));
  return false;
}

bool core::state::may_offer(peer& p, const service_key& what) {
  if (rights_ == nullptr || p.internal()) return true;
  const std::string_view why = rights_->may_offer(p.context.principal, what.space, what.name);
  if (why.empty()) return true;
  ++counted_.offers_refused;
  tell_refused(refusal::offer_denied, p, what, {}, why);
  const std::string said = with_way(why, rights_->way_to_offer(p.context.principal, what.space, what.name));
  dismiss(p, refusal::offer_denied,
          text_of({"'", p.context.principal, "' may not offer the service '", full_name(what.space, what.name),
                   "': ", said}));
  return false;
}

void core::state::rights_changed(instant now) {
  enter(now);
  if (rights_ == nullptr) return;
  ++epoch_;                    // a name without a namespace may mean another service
  std::vector<peer_id> known;  // ids, since dismissing a peer may end other peers too
  for (const peer& p : peers_.all()) {
    if (!p.internal()) known.push_back(p.id);
  }
  for (const peer_id id : known) {
    peer* const p = peers_.find(id);
    if (p == nullptr) continue;
    std::string former_home(rights_->home(p->context.principal));
    std::swap(former_home, p->context.name_space);
    if (p->state == peer_state::worker) review_offer(*p, former_home);
  }
}

// Dismisses a worker that may not offer its service any more. Also one whose home has changed, if its service was in
// its former home: the name in its hello may mean another service now.
void core::state::review_offer(peer& p, std::string_view former_home) {
  const service& home = *p.work->home;
  const std::string_view why = rights_->may_offer(p.context.principal, home.space(), home.name());
  if (!why.empty()) {
    ++counted_.offers_ended;
    tell_refused(refusal::offer_ended, p, {home.space(), home.name()}, {}, why);
    dismiss(
        p, refusal::offer_ended,
        text_of({"'", p.context.principal, "' may not offer the service '", home.full_name(), "' any more: ", why}));
  } else if (home.space() == former_home && p.context.name_space != former_home) {
    dismiss(p, refusal::namespace_changed,
            text_of({"'", p.context.principal, "' has another namespace now; register again"}));
  }
}

// --- how much --------------------------------------------------------------------------------------------------------

std::size_t core::state::charge_of(const message& m) const noexcept {
  return allowance_ == nullptr ? 0 : stored_request::measure(m);
}

bool core::state::is_within_allowance(peer& client, const service_key& what, const message& m) {
  if (allowance_ == nullptr) return true;
  const allowance::answer said = allowance_->begin(client.context.principal, charge_of(m), now_);
  if (said.why.empty()) return true;
  ++counted_.over_allowance;
  tell_refused(refusal::over_allowance, client, what, m.method, said.why);
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(said.wait).count();
  const std::string when = milliseconds > 0 ? "in " + std::to_string(milliseconds) + " ms" : std::string("later");
  refuse(client, m, refusal::over_allowance, text_of({said.why, "; call again ", when}));
  return false;
}

// The rate of a method, of all its clients together.
bool core::state::is_within_rate(peer& client, const service_key& what, const message& m, method_rule& rule) {
  if (!rule.rate || rule.rate->take(now_)) return true;
  ++counted_.over_method_rate;
  constexpr std::string_view why = "the method gets too many requests a second";
  tell_refused(refusal::over_method_rate, client, what, m.method, why);
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(rule.rate->wait(now_));
  refuse(client, m, refusal::over_method_rate,
         text_of({"method '", m.method, "' of service '", m.service, "' takes ", std::to_string(rule.per_second),
                  " requests a second (requests_per_second_max of the method); call again in ",
                  std::to_string(wait.count()), " ms"}));
  return false;
}

void core::state::give_back_allowance(std::string_view principal, std::size_t bytes) {
  if (allowance_ != nullptr) allowance_->end(principal, bytes);
}

void core::state::tell_refused(refusal reason, const peer& p, const service_key& of, std::string_view method,
                               std::string_view why) {
  if (observer_ == nullptr) return;
  observer_->refused({.reason = reason,
                      .principal = p.context.principal,
                      .address = p.context.address,
                      .name_space = of.space,
                      .service = of.name,
                      .method = method,
                      .why = why});
}

}  // namespace gate::broker
