#include "tests/sim/worker_process.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <gate/descriptor.hpp>

#include "common/wire/descriptor_codec.hpp"

namespace gate::sim {

using std::chrono::milliseconds;

void worker_process::start() {
  if (alive()) return;
  born();
  world_.say(name(), "started");
  leaving_ = false;
  descriptor about;
  about.host = "simulated";
  for (const std::string_view& method : method_names) {
    if (!has(static_cast<gate::sim::method>(&method - method_names.data()))) continue;
    method_descriptor& described = about.methods.emplace_back();
    described.name = method;
    described.pooled = is_plain(static_cast<gate::sim::method>(&method - method_names.data()));
  }
  about.threads = habits_.threads;
  worker::session_options options = options_;
  options.service = habits_.service;
  options.name = name();
  options.capacity = habits_.capacity;
  options.encoded_descriptor = encode_descriptor(about);
  options.seed = world_.random.next();
  session_ = std::make_unique<worker::session>(options, *this);
  turn([this] { session_->start(clock()); });
}

void worker_process::drain() {
  happen(life(), [this] {
    world_.say(name(), "drains");
    session_->drain(clock());
  });
}

void worker_process::say_hello_again() {
  message m;
  m.type = message_type::hello;
  m.role = peer_role::worker;
  m.service = habits_.service;
  m.capacity = habits_.capacity;
  m.version_min = m.version_max = gate2_version;
  std::string raw;
  wire::gate2::append(raw, m);
  inject(std::move(raw));
}

void worker_process::heal() {
  healed_ = true;
  habits_.reckless_percent = 0;
  if (!alive()) return;
  turn([this] {
    std::vector<call_id> stuck;
    for (const auto& [id, j] : jobs_) {
      if (j.what == method::never && j.started) stuck.push_back(id);
    }
    for (const call_id id : stuck) refuse(id, errc::failed, "it ended after all");
  });
}

void worker_process::forget_session() {
  session_.reset();
  forget_jobs();
}

void worker_process::forget_jobs() noexcept {
  jobs_.clear();
  waiting_.clear();
  threads_busy_ = 0;
}

void worker_process::end_of_turn() {
  peer_process::end_of_turn();
  if (session_->open_calls() > habits_.capacity) world_.fail(name() + " holds more calls than its capacity");
  if (session_->open_calls() != jobs_.size())
    world_.fail(name() + ": its session and its methods disagree about open calls");
  if (!leaving_) return;
  world_.say(name(), "ends");
  dead();
  forget_session();
}

void worker_process::closed(errc why, std::string_view text) {
  if (why != errc::ok && !was_tainted()) world_.fail(name() + " was turned away: " + std::string(text));
  forget_jobs();
  leaving_ = true;
}

worker_process::job* worker_process::find(call_id id) {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second;
}

// --- a call ---------------------------------------------------------------------------------------------------------

void worker_process::request(const message& m) {
  if (m.payload.single() == rogue_payload) {
    job& j = jobs_[m.call];
    j.rogue = true;
    later(world_.random.about(habits_.service_time), [this, id = m.call] { begin(id); });
    return;
  }
  const call_number n = judge_.arrived(m);
  const tracked_call& asked = judge_.at(n);
  job j;
  j.number = n;
  j.broker_number = broker_number_;
  j.what = asked.what;
  j.items = asked.items;
  j.padding_bytes = asked.padding_bytes;
  j.reckless = world_.random.percent(habits_.reckless_percent);
  if (!has(j.what)) {
    // A hello without a descriptor takes every method, and a rogue one may have come over this connection.
    if (!was_tainted()) world_.fail("call " + std::to_string(n) + " reached a worker that has no such method");
    j.unknown = true;
  } else if (habits_.threads > 0 && is_plain(j.what)) {
    j.on_thread = true;
    j.arguments = m.payload.single();
  } else {
    judge_.executed(n);
  }
  const bool huge_arguments = m.content == huge_content::value && m.total_bytes == asked.items && m.etag == "whole";
  if (huge_arguments != (j.what == method::put)) world_.fail("call " + std::to_string(n) + " lost what makes it huge");
  jobs_.emplace(m.call, j);
  if (!j.on_thread) return begin_later(m.call);
  waiting_.push_back(m.call);
  run_next();
}

void worker_process::begin_later(call_id id) {
  duration delay = world_.random.about(habits_.service_time);
  if (find(id)->what == method::slow && !healed_) {
    delay = world_.random.between(milliseconds(500), milliseconds(8000));
  }
  later(delay, [this, id] { begin(id); });
}

void worker_process::run_next() {
  while (threads_busy_ < habits_.threads && !waiting_.empty()) {
    const call_id id = waiting_.front();
    waiting_.pop_front();
    job* const j = find(id);
    if (j == nullptr) continue;  // the call was handed back
    if (j->cancelled) {
      refuse(id, errc::cancelled, "cancelled before it began");
      continue;
    }
    ++threads_busy_;
    j->has_thread = true;
    j->begun = clock();
    judge_.executed(j->number);
    begin_later(id);
  }
}

void worker_process::recalled(call_id call) {
  job* const j = find(call);
  if (j == nullptr) return world_.fail(name() + " was asked to hand back a call that it does not have");
  if (!j->on_thread || j->has_thread || j->cancelled) return;
  message m;
  m.call = call;
  m.service = habits_.service;
  m.method = method_names[static_cast<std::size_t>(j->what)];
  m.payload = bytes_view(j->arguments);
  world_.say(name(), "hands a call back");
  if (!session_->hand_back(m)) world_.fail(name() + ": its session does not know a call that it gave");
  jobs_.erase(call);
}

void worker_process::begin(call_id id) {
  job* const j = find(id);
  if (j == nullptr) return;  // its connection is gone
  j->started = true;
  if (j->unknown) return refuse(id, errc::no_method, "it has no such method");
  if (j->cancelled) return refuse(id, errc::cancelled, "cancelled before it began");
  switch (j->what) {
    case method::echo:
    case method::slow:
      return answer(id, 0);
    case method::fail:
      return refuse(id, errc::failed, "it threw");
    case method::never:
      if (healed_) refuse(id, errc::failed, "it ended after all");
      return;
    case method::fetch:
      send_head(id, *j);
      return pump(id);
    case method::count:
      return pump(id);
    case method::put:
    case method::sum:
    case method::chat:
      session_->grant(id, static_cast<std::uint32_t>(world_.random.between(1, 4)), 200);
      if (j->input_ended) pump(id);
      return;
    case method::missing:
      break;
  }
}

void worker_process::part(const message& m) {
  job* const j = find(m.call);
  if (j == nullptr) return world_.fail(name() + " got an item for a call that it does not have");
  if (j->rogue) return;
  if (m.has(message_flag::end_of_parts)) j->input_ended = true;
  if (j->input_ended && j->what == method::put && m.total_bytes != j->received) {
    return world_.fail(name() + " got huge arguments whose end does not fit them");
  }
  if (!(m.has(message_flag::end_of_parts) && m.has(message_flag::no_payload))) {
    const oracle::parsed p = oracle::parse(m.payload.single());
    if (!p.sound || p.call != j->number) return world_.fail(name() + " got an item of another call");
    if (p.item != j->received) return world_.fail(name() + " got a caller's items out of order");
    if (j->what == method::put && (m.offset != j->received || m.checksum != j->number)) {
      return world_.fail(name() + " got a damaged chunk");
    }
    ++j->received;
    // Sometimes the method waits before it takes the next item.
    const duration pause = world_.random.percent(5) && !healed_ ? world_.random.about(milliseconds(1500))
                                                                : world_.random.about(milliseconds(5));
    const auto bytes = static_cast<std::uint32_t>(m.payload.size_bytes());
    later(pause, [this, id = m.call, bytes] {
      if (find(id) != nullptr) session_->grant(id, 1, bytes);
    });
  }
  if (j->started) pump(m.call);
}

void worker_process::window_opened(call_id call) {
  if (find(call) != nullptr) later(world_.random.about(milliseconds(2)), [this, call] { pump(call); });
}

// Sends the items that may be sent. Ends the call after the last one.
void worker_process::pump(call_id id) {
  job* j = find(id);
  if (j == nullptr || !j->started || j->cancelled) return;
  if (j->what == method::count || j->what == method::chat || j->what == method::fetch) {
    const std::uint32_t available = j->what == method::chat ? j->received : j->items;
    unsigned burst = static_cast<unsigned>(world_.random.between(1, 6));
    while (j->sent < available && (j->reckless || session_->window_open(id))) {
      if (burst-- == 0) {
        if (std::exchange(j->pumping, true)) return;
        later(world_.random.about(milliseconds(3)), [this, id] {
          if (job* const again = find(id); again != nullptr) {
            again->pumping = false;
            pump(id);
          }
        });
        return;
      }
      if (!send_item(id, *j)) return;
    }
    if (j->sent < available) return;
  }
  if (j->what == method::fetch) return end_huge(id, *j);
  if (j->what == method::count) return answer(id, j->items);
  if (j->what != method::sum && j->what != method::chat && j->what != method::put) return;
  if (j->input_ended) answer(id, j->received);
}

bool worker_process::send_item(call_id id, job& j) {
  const std::string item = oracle::payload_of(j.number, j.sent, j.padding_bytes / 4);
  message m;
  m.type = message_type::part;
  m.payload = bytes_view(item);
  if (j.what == method::fetch) {
    m.offset = j.sent;
    m.checksum = j.number;
  }
  ++j.sent;
  if (session_->window_open(id)) {
    m.call = id;
    if (session_->part(m)) return true;
    world_.fail(name() + ": its session does not know a call that it gave");
    return false;
  }
  // Past the session, as a peer that does not know credit.
  m.call = j.broker_number;
  transport_send(m);
  return true;
}

void worker_process::send_head(call_id id, const job& j) {
  message m;
  m.call = id;
  m.flags = message_flag::no_payload;
  m.content = huge_content::raw;
  m.total_bytes = j.items;
  m.etag = "whole";
  if (!session_->part(m)) world_.fail(name() + ": its session does not know a call that it gave");
}

void worker_process::end_huge(call_id id, const job& j) {
  message m;
  m.call = id;
  m.flags = message_flag::no_payload;
  m.total_bytes = j.items;
  done(id, session_->final(m));
}

void worker_process::answer(call_id id, std::uint32_t item) {
  const job& j = *find(id);
  const std::string result = j.rogue ? std::string(rogue_payload)
                                     : oracle::payload_of(j.number, item, j.what == method::echo ? j.padding_bytes : 0);
  message m;
  m.call = id;
  if (j.has_thread) m.service_time = std::chrono::duration_cast<std::chrono::microseconds>(clock() - j.begun);
  m.payload = bytes_view(result);
  done(id, session_->final(m));
}

void worker_process::refuse(call_id id, errc status, std::string_view text) {
  message m;
  m.call = id;
  m.status = status;
  m.text = text;
  done(id, session_->error(m));
}

void worker_process::done(call_id id, bool accepted) {
  if (!accepted) world_.fail(name() + ": its session does not know a call that it gave");
  const job* const j = find(id);
  if (j != nullptr && j->has_thread) --threads_busy_;
  jobs_.erase(id);
  run_next();
}

void worker_process::cancelled(call_id call, errc why) {
  job* const j = find(call);
  if (j == nullptr) return world_.fail(name() + " was told of the end of a call that it does not have");
  if (why != errc::cancelled) {
    jobs_.erase(call);
    return;
  }
  j->cancelled = true;
  if (j->on_thread && !j->has_thread) return refuse(call, errc::cancelled, "cancelled before it began");
  if (!j->started || (j->what == method::never && !healed_ && world_.random.percent(50))) return;
  later(world_.random.about(milliseconds(20)), [this, call] {
    if (find(call) != nullptr) refuse(call, errc::cancelled, "stopped as asked");
  });
}

}  // namespace gate::sim
