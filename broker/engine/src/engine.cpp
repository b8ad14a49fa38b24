#include "broker/engine/engine.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include <gate/bind_error.hpp>
#include <gate/sleep.hpp>
#include <gate/task_group.hpp>
#include <gate/timeout.hpp>

#include "broker/balancers/balancer.hpp"
#include "broker/engine/endpoints.hpp"
#include "broker/engine/src/peer_text.hpp"
#include "common/base/allocator.hpp"
#include "common/base/out_of_memory.hpp"
#include "common/base/random.hpp"
#include "common/log/log.hpp"
#include "common/wire/gate2.hpp"

namespace gate::broker {
namespace {

using namespace std::chrono_literals;

// A turn of reading ends after so many bytes, or after messages_per_turn_max messages. Batches that are only set aside
// do not count.
constexpr std::size_t bytes_per_turn_max = 4u << 20;

// How long a broker that leaves waits for its peers to close their connections.
constexpr duration farewell_time_max = 500ms;

// How often a broker that drains looks whether the transport has sent everything.
constexpr duration drain_pause = 50ms;

// About what a connection costs, in the transport and here.
constexpr std::size_t connection_bytes = 32u << 10;

// About what the core keeps of an open call, without its arguments.
constexpr std::size_t call_bytes = 512;

// The limits in force: peers_max may be less than the option says.
broker_limits limits_in_force(const broker_options& options, std::size_t peers_max) {
  broker_limits limits = options;
  limits.peers_max = peers_max;
  return limits;
}

void require_balancer(std::string_view service, const service_policy& policy) {
  if (!policy.balancer || is_balancer(*policy.balancer)) return;
  std::string names;
  for (const std::string_view name : balancer_names()) names.append(names.empty() ? "" : ", ").append(name);
  throw bind_error("no balancer is called '" + *policy.balancer + "' (of " + std::string(service) +
                   "); choose one of: " + names);
}

}  // namespace

engine::engine(loop& where, const broker_options& options, observer* listener)
    : loop_(where),
      options_(options),
      door_(where, options_),
      rights_(door_.current() ? std::make_unique<store_access>(door_.current()) : nullptr),
      allowed_(principal_allowance::is_limited(options_) ? std::make_unique<principal_allowance>(options_) : nullptr),
      budget_(plan_descriptors(options_.peers_max, plan_bindings(options_).size())),
      events_(
          loop_, [this](const security::audit_record& record) { door_.audit(record); }, rights_ != nullptr, listener),
      state_(limits_in_force(options_, budget_.peers_max), options_, rights_.get(), allowed_.get(), &events_, *this,
             where.now(), gate::peer::random_seed()),
      core_(state_),
      held_(options_),
      internal_(core_, held_.spare),
      outbox_(options_, peers_, held_.owed, counted_, *this, *this),
      foreign_(core_, rights_.get(), *this, counted_),
      connections_(loop_, options_, budget_, ports_, peers_, events_, counted_, *this),
      lives_(options_, peers_, outbox_, *this),
      logins_(
          peers_, counted_,
          [this](const security::attempt& what, unique_function<void(security::verdict)> decided) {
            return door_.check(what, std::move(decided));
          },
          *this),
      admission_(admission::neighbours{loop_, options_, rights_.get(), state_, ports_, peers_, held_, connections_,
                                       lives_, events_, counted_, *this}),
      gate2_(core_, outbox_, peers_, held_.pieces, budget_of_turn_, counted_, options_.frame_bytes_max, *this),
      backlog_(peers_, counted_, options_.frame_bytes_max, *this) {
  require_balancer("service_defaults", options_.service_defaults);
  for (const auto& [service, policy] : options_.services) require_balancer("service '" + service + "'", policy);
  door_.on_change([this](std::shared_ptr<const security::snapshot> store) { on_store_change(std::move(store)); });
  door_.on_failure([this](std::string_view why) {
    failure_ = why;
    stop();
  });
  for (const binding& b : plan_bindings(options_)) {
    const auto index = static_cast<port_index>(ports_.size());
    ports_.push_back(
        std::make_unique<port>(loop_, door_, b, options_, index,
                               [this](port& at, const connection_event& event) { connections_.on_event(at, event); }));
  }
  if (budget_.peers_max < options_.peers_max) {
    log::warn("peers_max is {}, not {}: this process may have no more files open than its {} (ulimit -n)",
              budget_.peers_max, options_.peers_max, budget_.limit);
  }
}

engine::~engine() { loop_.cancel_timer(alarm_); }

bound_addresses engine::endpoints() const {
  bound_addresses all;
  for (const auto& p : ports_) {
    if (p->plan().frontend) all.frontend.push_back(p->endpoint());
    if (p->plan().backend) all.backend.push_back(p->endpoint());
  }
  return all;
}

bool engine::may_see(std::string_view principal, std::string_view name_space, std::string_view service) const {
  return !rights_ || rights_->may_see(principal, name_space, service);
}

std::string_view engine::home_of(std::string_view principal) const noexcept {
  return rights_ ? rights_->home(principal) : std::string_view();
}

void engine::on_store_change(std::shared_ptr<const security::snapshot> store) {
  if (!rights_) return;
  rights_->replace(std::move(store));
  core_->rights_changed(loop_.now());
}

task<void> engine::run() {
  const gate::env here = co_await current_env();
  task_group readers(here);
  hook_ = loop_.at_turn_end([this] { end_turn(); });
  for (const auto& p : ports_) readers.spawn(read(*p));
  bool orderly = true;
  try {
    co_await finished_.wait();
  } catch (const cancelled&) {
    orderly = false;
  }
  if (!fault_ && !shut_down_) stop();
  if (!fault_) outbox_.flush(loop_.now());
  if (orderly && !fault_) {
    task<void> leaving = farewell();
    co_await std::move(leaving);
  }
  hook_.reset();
  readers.cancel();
  co_await readers.join();
  if (fault_) std::rethrow_exception(fault_);
  if (!failure_.empty()) throw std::runtime_error(failure_);
  if (!orderly) throw cancelled();
}

// --- reading

task<void> engine::read(port& from) {
  for (;;) {
    co_await from.socket().readable();
    try {
      receive(from);
    } catch (...) {  // usually there is no memory. The broker ends, since it does not read this port any more
      fault_ = std::current_exception();
      finished_.set();
    }
    if (fault_) co_return;
  }
}

// Returns false if more is left to read than fits in one turn.
bool engine::receive(port& from) {
  bool drained = false;
  if (!from.unread.is_paused(loop_.now())) {
    from.unread.begin_reading();
    budget_of_turn_.renew();
    const std::uint64_t bytes_max = counted_.bytes_received + bytes_per_turn_max;
    const auto is_over = [&] {
      return drained || counted_.bytes_received >= bytes_max + from.unread.set_aside_bytes ||
             budget_of_turn_.is_spent() || (from.unread.came_round && from.unread.has_much());
    };
    for (std::size_t n = 0; n < options_.messages_per_turn_max && !is_over(); ++n) {
      drained = !from.socket().try_receive(from.incoming);
      if (!drained) handle(from);
    }
    from.unread.end_reading(loop_.now());
  }
  connections_.last_read(from, drained);
  return drained;
}

void engine::handle(port& from) {
  multipart& frames = from.incoming;
  if (frames.size() < 2) return;
  ++counted_.messages_received;
  counted_.bytes_received += frames.bytes() - frames[0].size();
  remote_peer* const sender = admission_.sender_of(from);
  if (sender == nullptr || sender->cut) {
    ++counted_.discarded;
  } else if (sender->unread) {
    backlog_.put_behind(from.unread, frames, *sender);
  } else if (frames.excess() != 0) {
    refuse_frames(*sender);
  } else if (sender->logins) {
    logins_.received(*sender, from.frames());
  } else if (sender->foreign) {
    foreign_.received(sender->id, *sender->foreign, from.frames(), loop_.now());
  } else if (frames.size() > 3) {
    core_->malformed(sender->id, to_string(wire::gate2::parse_error::bad_frames), loop_.now(), refusal::wrong_frames);
  } else {
    zmq::message_t* const payload = frames.size() == 3 ? &frames[2] : nullptr;
    const std::size_t left = gate2_.received(*sender, from.first_frame(), payload, loop_.now());
    if (left != 0) backlog_.set_aside(from.unread, frames, *sender, left);
  }
  from.forget_incoming();
}

void engine::refuse_frames(remote_peer& sender) {
  ++counted_.too_many_frames;
  broken_off(sender, refusal::too_many_frames, "a message of too many frames");
}

// Forgets a peer whose connection has ended. If batches of it are not handled yet, that happens once they are.
void engine::end(remote_peer& gone) {
  if (gone.unread) {
    gone.ending = gone.ends_when_read = true;
    return;
  }
  if (!gone.cut) {
    explain_by_memory(gone);
    outbox_.take_unsent(gone);
    core_->closed(gone.id, loop_.now(), gone.end_reason);
  }
  peers_.remove(gone);
}

// If libzmq has no memory for a message, it ends the connection and does not tell why. So a log line names this reason
// if a connection ends without a bye while there is little memory.
void engine::explain_by_memory(const remote_peer& gone) {
  const std::size_t bytes = options_.payload_bytes_max;
  if (!is_memory_short(bytes)) return;
  events_.complain("the connection of " + peer_text(gone, state_) + " ended, and this process gets no " +
                       std::to_string(bytes) + " bytes of memory at the moment",
                   "what it sent may have been too large to be received");
}

// --- the end of a turn

void engine::end_turn() {
  const instant now = loop_.now();
  if (state_.next_deadline() <= now) core_->tick(now);
  outbox_.retry(now);
  backlog_.go_on(budget_of_turn_);
  if (!shut_down_) foreign_.tick(now);
  lives_.look(now);
  outbox_.finish_cuts(now);
  connections_.cut_refused();
  connections_.cut_silent(now);
  internal_.flush(now);
  for (bool more = true; more;) {
    foreign_.after_core(now);
    outbox_.flush(now);
    outbox_.bound(now);
    for (const auto& p : ports_) {
      // Flushing found out that peers are gone: read what they had sent, then end them. If a socket has more to read
      // than fits in a turn, it stays readable, and is read in the next turn.
      if (!p->ending.empty()) receive(*p);
    }
    more = outbox_.has_work() || foreign_.has_work();
  }
  check_drain();
  keep_memory();
  set_alarm();
  outbox_.end_turn();
}

// Gives freed memory back to the system some time after a flood.
void engine::keep_memory() {
  const totals core_holds = state_.measure();
  const std::size_t held = held_.bytes() + core_holds.queued_bytes + core_holds.kept_bytes +
                           (core_holds.queued + core_holds.in_flight) * call_bytes + connected() * connection_bytes +
                           backlog_.bytes();
  if (!memory_.is_due(held, loop_.now())) return;
  held_.spare.forget();
  core_->forget_spare();
  give_freed_memory_back();
}

void engine::set_alarm() {
  const instant now = loop_.now();
  instant next = std::min({outbox_.next_deadline(now), connections_.next_deadline(), lives_.next_look()});
  if (!shut_down_) next = std::min({next, state_.next_deadline(), foreign_.next_deadline(), memory_.next()});
  if (internal_.has_work() || backlog_.has_work()) next = now;
  if (draining_ && !shut_down_) {
    // The transport does not tell when it has sent everything, so look again soon.
    next = std::min(next, state_.drained() ? std::min<instant>(drain_until_, now + drain_pause) : drain_until_);
  }
  if (next >= alarm_at_) return;  // an alarm that comes too early does no harm
  loop_.cancel_timer(alarm_);
  alarm_at_ = next;
  alarm_ = loop_.at(next, [this] { alarm_at_ = instant::max(); });
}

// --- leaving

void engine::drain() {
  if (std::exchange(draining_, true)) return;
  drain_until_ = loop_.now() + options_.drain_timeout;
  core_->drain(loop_.now());
}

void engine::stop() {
  if (std::exchange(shut_down_, true)) return;
  if (!std::exchange(draining_, true)) core_->drain(loop_.now());
  core_->shut_down(loop_.now());
  finished_.set();
}

void engine::check_drain() {
  if (!draining_ || shut_down_) return;
  if (loop_.now() >= drain_until_ || (state_.drained() && outbox_.all_taken())) stop();
}

// Waits for the peers to close their connections after their bye, for farewell_time_max at the most.
task<void> engine::farewell() {
  if (connected() == 0) co_return;
  task<void> leaving = all_gone();
  try {
    co_await with_timeout(farewell_time_max, std::move(leaving));
  } catch (const timed_out&) {
  }
}

task<void> engine::all_gone() { co_await all_left_.wait(); }

}  // namespace gate::broker
