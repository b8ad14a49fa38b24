#include "tests/sim/client_process.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace gate::sim {

using std::chrono::milliseconds;
namespace flag = message_flag;

void client_process::start() {
  if (alive()) return;
  born();
  world_.say(name(), "started");
  leaving_ = false;
  client::session_options options = options_;
  options.name = name();
  options.seed = world_.random.next();
  session_ = std::make_unique<client::session>(options, *this);
  turn([this] { session_->start(clock()); });
}

void client_process::leave() {
  happen(life(), [this] {
    world_.say(name(), "closes");
    session_->close(clock());
  });
}

// No event will report how these calls ended.
void client_process::forget_session() {
  for (const auto& [id, c] : calls_) judge_.forgotten(c.number);
  calls_.clear();
  session_.reset();
}

void client_process::closed(errc why, std::string_view text) {
  if (why != errc::ok && !was_tainted()) world_.fail(name() + " was turned away: " + std::string(text));
  leaving_ = true;
}

void client_process::heal() {
  healed_ = true;
  habits_ = {.cancel_percent = 0,
             .reckless_percent = 0,
             .stalling_percent = 0,
             .payload_bytes_max = habits_.payload_bytes_max};
  if (!alive()) return;
  turn([this] {
    std::vector<call_id> stalled;
    for (auto& [id, c] : calls_) {
      if (std::exchange(c.stalled, false)) stalled.push_back(id);
    }
    for (const call_id id : stalled) read(id);
  });
}

void client_process::end_of_turn() {
  peer_process::end_of_turn();
  if (session_->open_calls() != calls_.size())
    world_.fail(name() + ": its session and its callers disagree about open calls");
  if (session_->kept_bytes() > options_.kept_bytes_max) world_.fail(name() + ": its session keeps more than it may");
  if (calls_.empty() && session_->kept_bytes() != 0)
    world_.fail(name() + ": its session keeps requests of calls that have ended");
  if (!leaving_) return;
  if (!calls_.empty()) world_.fail(name() + ": its session has closed with calls left open");
  world_.say(name(), "ends");
  dead();
  forget_session();
}

client_process::own_call* client_process::find(call_id id) {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : &found->second;
}

client_process::own_call client_process::take_out(call_id id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) {
    world_.fail(name() + ": its session reports a call that is not open");
    return {};
  }
  own_call c = std::move(found->second);
  calls_.erase(found);
  return c;
}

// --- beginning ------------------------------------------------------------------------------------------------------

tracked_call client_process::random_call(std::string_view service) {
  random_source& r = world_.random;
  tracked_call c;
  c.service = service;
  const std::uint64_t dice = r.below(100);
  c.what = dice < 34   ? method::echo
           : dice < 43 ? method::slow
           : dice < 46 ? method::never
           : dice < 50 ? method::fail
           : dice < 62 ? method::count
           : dice < 71 ? method::sum
           : dice < 82 ? method::chat
           : dice < 92 ? method::fetch
           : dice < 97 ? method::put
                       : method::missing;
  const bool in_items = c.what == method::count || c.what == method::sum || c.what == method::chat;
  if (in_items || c.what == method::fetch || c.what == method::put) {
    c.items = static_cast<std::uint32_t>(r.percent(10) ? 0 : r.between(1, 12));
  }
  c.padding_bytes = r.percent(80) ? r.below(40) : r.below(600);
  if (r.percent(1)) c.padding_bytes = habits_.payload_bytes_max + 1;
  if (c.what == method::count || c.what == method::chat) c.flags |= flag::wants_stream;
  if (c.what == method::sum || c.what == method::chat || c.what == method::put) c.flags |= flag::client_stream;
  if (r.percent(40)) c.flags |= flag::idempotent;
  const bool streams = (c.flags & (flag::wants_stream | flag::client_stream)) != 0 || c.what == method::fetch;
  if (!streams && r.percent(8)) c.flags |= flag::one_way;
  return c;
}

call_id client_process::begin(const tracked_call& c, std::optional<milliseconds> budget) {
  const call_number n = judge_.begin(c);
  const std::string payload = oracle::payload_of(n, 0, c.padding_bytes);
  own_call own;
  own.number = n;
  own.items = c.items;
  own.padding_bytes = c.padding_bytes / 4;
  own.client_stream = c.has(flag::client_stream);
  own.huge_arguments = c.what == method::put;
  own.reckless = world_.random.percent(habits_.reckless_percent);
  own.stalled = world_.random.percent(habits_.stalling_percent);
  own.slow = world_.random.percent(10);
  own.budget = budget;
  own.begun = clock();
  own.disturbances = disturbances();
  message m;
  m.type = message_type::request;
  m.flags = c.flags;
  m.service = c.service;
  m.method = method_names[static_cast<std::size_t>(c.what)];
  m.payload = bytes_view(payload);
  m.budget = budget;
  m.caller = "root";  // the broker must not believe this
  if (c.what == method::fetch) m.accept = payload_encoding::all;
  if (c.what == method::put) {
    m.content = huge_content::value;
    m.total_bytes = c.items;
    m.etag = "whole";
  }
  if (c.has(flag::wants_stream)) {
    m.credit_items = static_cast<std::uint32_t>(world_.random.between(1, 6));
    m.credit_bytes = static_cast<std::uint32_t>(world_.random.between(1, 400));
    own.granted.grow(m.credit_items, m.credit_bytes);
  }
  const call_id id = session_->begin(m, clock());
  if (world_.readable()) {
    world_.say(name(), "begins call " + std::to_string(n) + " as " + std::to_string(static_cast<std::uint64_t>(id)) +
                           ", " + std::string(c.service) + '.' + std::string(m.method) + ", flags " +
                           std::to_string(c.flags) +
                           (budget ? ", budget " + std::to_string(budget->count()) + " ms" : ""));
  }
  if (!calls_.emplace(id, own).second) world_.fail(name() + ": two open calls have the same number");
  return id;
}

void client_process::call(std::string_view service) {
  if (!alive() || frozen()) return;
  turn([this, service] {
    random_source& r = world_.random;
    const tracked_call c = random_call(service);
    std::optional<milliseconds> budget;
    if (r.percent(60)) budget = milliseconds(r.percent(20) ? r.between(1, 60) : r.between(50, 15'000));
    const call_id id = begin(c, budget);
    if (c.has(flag::client_stream)) later(r.about(milliseconds(3)), [this, id] { pump(id); });
    if (r.percent(habits_.cancel_percent)) later(r.about(milliseconds(400)), [this, id] { give_up(id); });
  });
}

call_number client_process::probe(std::string_view service) {
  if (!alive() || frozen()) return 0;
  call_number n = 0;
  turn([&] {
    tracked_call c;
    c.service = service;
    n = calls_[begin(c, milliseconds(5000))].number;
  });
  return n;
}

// --- going on -------------------------------------------------------------------------------------------------------

void client_process::window_opened(call_id call) {
  if (find(call) == nullptr) return world_.fail(name() + ": a window opens for a call that is not open");
  later(world_.random.about(milliseconds(2)), [this, call] { pump(call); });
}

void client_process::pump(call_id id) {
  own_call* const c = find(id);
  if (c == nullptr || c->sent_all) return;
  while (c->sent < c->items) {
    const std::string item = oracle::payload_of(c->number, c->sent, c->padding_bytes);
    message m;
    m.type = message_type::part;
    m.call = id;
    m.payload = bytes_view(item);
    if (c->huge_arguments) {
      m.offset = c->sent;
      m.checksum = c->number;
    }
    if (session_->window_open(id)) {
      const bool last = c->sent + 1 == c->items && c->number % 2 == 0 &&
                        !c->huge_arguments;  // half of the streams end with an item, half with a message of its own
      if (last) m.flags = flag::end_of_parts;
      ++c->sent;
      c->sent_all = last;
      if (!session_->part(m, clock())) {
        return world_.fail(name() + ": its session does not know an open call");
      }
      if (last) return;
    } else if (c->reckless && ready() && c->sent > 0) {
      ++c->sent;
      transport_send(m);
    } else {
      return;
    }
    if (!healed_ && world_.random.percent(3)) {
      later(world_.random.about(milliseconds(1500)), [this, id] { pump(id); });
      return;
    }
  }
  c->sent_all = true;
  message end;
  end.call = id;
  end.flags = flag::end_of_parts | flag::no_payload;
  if (c->huge_arguments) end.total_bytes = c->items;
  if (!session_->part(end, clock())) {
    world_.fail(name() + ": its session does not know an open call");
  }
}

void client_process::part(call_id call, const message& m) {
  own_call* const c = find(call);
  if (c == nullptr) return world_.fail(name() + ": an item comes for a call that is not open");
  if (m.is_head()) {
    judge_.head_received(c->number, m);
    const auto items = static_cast<std::uint32_t>(world_.random.between(1, 6));
    const auto bytes = static_cast<std::uint32_t>(world_.random.between(1, 400));
    later(world_.random.about(milliseconds(5)), [this, call, items, bytes] {
      own_call* const opened = find(call);
      if (opened == nullptr) return;
      opened->granted.grow(items, bytes);
      if (!session_->grant(call, items, bytes, clock()))
        world_.fail(name() + ": its session does not know an open call");
    });
    return;
  }
  judge_.part_received(c->number, m);
  if (!c->granted.open()) return world_.fail(name() + ": an item comes beyond the credit that was granted");
  c->granted.take(m.payload.size_bytes());
  ++c->unread_items;
  c->unread_bytes += static_cast<std::uint32_t>(m.payload.size_bytes());
  if (c->stalled) return;
  const duration pause =
      c->slow && !healed_ ? world_.random.about(milliseconds(1000)) : world_.random.about(milliseconds(5));
  later(pause, [this, call] { read(call); });
}

// The consumer takes the items that have come, and grants credit for as many again.
void client_process::read(call_id id) {
  own_call* const c = find(id);
  if (c == nullptr || c->stalled) return;
  const std::uint32_t items = std::exchange(c->unread_items, 0u), bytes = std::exchange(c->unread_bytes, 0u);
  if (items == 0) return;
  c->granted.grow(items, bytes);
  if (!session_->grant(id, items, bytes, clock())) world_.fail(name() + ": its session does not know an open call");
}

void client_process::give_up(call_id id) {
  own_call* const c = find(id);
  if (c == nullptr) return;
  if (world_.readable()) world_.say(name(), "gives up call " + std::to_string(c->number));
  judge_.forgotten(take_out(id).number);
  session_->cancel(id, clock());
}

// --- ends -----------------------------------------------------------------------------------------------------------

void client_process::check_lateness(const own_call& c) {
  if (!c.budget || c.disturbances != disturbances()) return;
  if (clock() - c.begun > *c.budget + milliseconds(5))
    world_.fail("call " + std::to_string(c.number) + " ended after its budget");
}

void client_process::finished(call_id call, const message& m) {
  const own_call c = take_out(call);
  if (world_.failed()) return;
  if (world_.readable()) world_.say(name(), "call " + std::to_string(c.number) + " ends well");
  judge_.finished(c.number, m);
  check_lateness(c);
}

void client_process::failed(call_id call, const client::session::failure& f) {
  const own_call c = take_out(call);
  if (world_.failed()) return;
  if (world_.readable()) {
    world_.say(name(), "call " + std::to_string(c.number) + " fails: " + std::string(to_string(f.status)) + ", " +
                           std::string(f.text));
  }
  // A peer that broke the protocol may get an error for that.
  const bool deserved = was_tainted() && (f.status == errc::protocol_error || f.status == errc::unsupported);
  judge_.failed(c.number, deserved ? errc::unavailable : f.status, f.retry, f.text);
  check_lateness(c);
}

}  // namespace gate::sim
