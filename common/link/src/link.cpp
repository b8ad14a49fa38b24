#include "common/link/link.hpp"

#include <algorithm>
#include <string>

#include <gate/limits.hpp>

#include "common/base/planted_bug.hpp"
#include "common/base/random.hpp"

namespace gate::peer {
namespace {

// True for a refusal that another attempt cannot change.
bool for_good(errc status) noexcept {
  return status == errc::permission_denied || status == errc::unauthenticated || status == errc::unsupported;
}

// How often the longest pause may be doubled if the broker puts us off again and again.
constexpr std::uint32_t put_off_doublings = 3;

constexpr std::string_view comes_back = "what it is sent comes back";

std::string at(const link_options& options) { return options.address.empty() ? "" : " at '" + options.address + "'"; }

// `greeted`: the other end answered the greeting of ZeroMQ.
std::string no_answer(const link_options& options, bool greeted) {
  const bool tells = greeted && options.silence_hint.empty() && !options.address.starts_with("inproc://");
  if (!tells) return "no answer from the broker" + std::string(options.silence_hint);
  return "a ZeroMQ socket" + at(options) + " does not answer our hello: it is no gate broker, or has too much to do";
}

}  // namespace

bool means_nobody(std::string_view text) noexcept {
  for (const std::string_view nobody :
       {"nobody answers there", "no answer from the broker", "nobody listens at that path",
        "there is no socket at that path", "the broker shut down"}) {
    if (text.find(nobody) != text.npos) return true;
  }
  return false;
}

link::link(const link_options& options, owner& session)
    : options_(options),
      session_(session),
      interval_(options.heartbeat_interval),
      silence_max_(options.heartbeat_interval * options.heartbeat_liveness),
      payload_bytes_max_(limits::payload_bytes_max),
      random_(options.seed) {}

void link::start(instant now) {
  if (state_ == state::idle) connect(now);
}

void link::connect(instant now) {
  state_ = state::connecting;
  give_up_at_ = now + options_.connect_timeout;
  session_.link_open();
}

void link::connected(instant now) {
  if (state_ != state::connecting) return;
  forgive_own_absence(now);
  state_ = state::greeting;
  message hello;
  hello.type = message_type::hello;
  hello.role = options_.role;
  hello.service = options_.service;
  hello.name = options_.name;
  hello.version_min = hello.version_max = gate2_version;
  hello.capabilities = options_.capabilities;
  hello.capacity = options_.capacity;
  hello.heartbeat_interval = options_.heartbeat_interval;
  hello.liveness = options_.heartbeat_liveness;
  if (!options_.encoded_descriptor.empty()) hello.payload = bytes_view(options_.encoded_descriptor);
  session_.link_send(hello);
}

void link::ended(errc why, std::string_view text, instant now) {
  if (!has_socket()) return;
  if (for_good(why)) return finish(why, text, false, now);
  const bool is_put_off = why == errc::busy;
  if (is_put_off) ++put_off_;
  lose(is_put_off ? errc::unavailable : why, text, false, now);
}

bool link::received(const message& m, instant now) {
  if (!connected_state()) return false;  // the message came over a connection that was given up
  forgive_own_absence(now);
  last_heard_ = now;
  switch (m.type) {
    case message_type::heartbeat:
      return false;
    case message_type::bye:
      said_bye(m, now);
      return false;
    case message_type::welcome:
      if (state_ == state::greeting)
        greeted(m, now);
      else
        violation("a second welcome", now);
      return false;
    case message_type::drain:
      return state_ == state::up;  // before the welcome, it says nothing that the welcome's own drain does not
    default:
      if (state_ == state::up) return true;
      violation(m.type == message_type::hello ? comes_back : "a message before the welcome", now);
      return false;
  }
}

void link::arriving(instant now) noexcept {
  if (!connected_state()) return;
  forgive_own_absence(now);
  last_heard_ = now;
}

void link::violation(std::string_view why, instant now) {
  if (!has_socket()) return;
  if (connected_state()) say(message_type::bye, errc::protocol_error, why);
  if (state_ != state::greeting || !options_.silence_hint.empty()) return lose(errc::protocol_error, why, true, now);
  std::string text = "something answers" + at(options_) + ", but it is no gate broker: ";
  text += why == comes_back ? std::string(why) : "it does not speak gate/2 (" + std::string(why) + ")";
  lose(errc::protocol_error, text, true, now);
}

void link::tick(instant now) {
  if (state_ == state::waiting) {
    if (now >= resume_at_) connect(now);
    return;
  }
  forgive_own_absence(now);
  if (state_ == state::connecting || state_ == state::greeting) {
    if (now >= give_up_at_) lose(errc::unavailable, no_answer(options_, state_ == state::greeting), true, now);
    return;
  }
  if (state_ != state::up) return;
  if (is_planted(planted_bug::ignores_silence)) last_heard_ = now;
  if (now >= last_heard_ + silence_max_) {
    lose(errc::unavailable, "the broker is silent", true, now);
    return;
  }
  if (now < next_beat_) return;
  next_beat_ = std::max(next_beat_ + interval_, now + interval_ / 2);
  say(message_type::heartbeat);
}

instant link::next_deadline() const noexcept {
  switch (state_) {
    case state::connecting:
    case state::greeting:
      return give_up_at_;
    case state::up:
      return std::min(next_beat_, last_heard_ + silence_max_);
    case state::waiting:
      return resume_at_;
    case state::idle:
    case state::closed:
      break;
  }
  return instant::max();
}

void link::close(std::string_view text, instant now) {
  if (state_ == state::closed) return;
  if (connected_state()) say(message_type::bye);
  finish(errc::ok, text, has_socket(), now);
}

// If we are much too late, this process stood still (stopped, swapped out, or the machine was asleep). Messages from
// the broker may still lie unread: that time does not count as the broker's silence.
void link::forgive_own_absence(instant now) noexcept {
  if (!has_socket()) return;
  const duration late = now - next_deadline();
  if (late <= interval_ / 2) return;
  last_heard_ += late;
  give_up_at_ += late;
}

void link::greeted(const message& m, instant now) {
  if (m.version_min != gate2_version || m.version_max != gate2_version) {
    const std::string text = "the broker chose version " + std::to_string(m.version_max) + ", which was not offered";
    say(message_type::bye, errc::unsupported, text);
    finish(errc::unsupported, text, true, now);
    return;
  }
  state_ = state::up;
  put_off_ = 0;
  if (m.heartbeat_interval.count() > 0) interval_ = m.heartbeat_interval;
  silence_max_ = interval_ * std::max(m.liveness, 1u);
  if (m.payload_bytes_max != 0) payload_bytes_max_ = m.payload_bytes_max;
  up_since_ = last_heard_ = now;
  next_beat_ = now + interval_;
  session_.link_up(m, now);
}

void link::said_bye(const message& m, instant now) {
  const std::string text(m.text.empty() ? std::string_view("the broker said bye")
                                        : m.text);  // a copy: it outlives the socket's frames
  if (for_good(m.status))
    finish(m.status, text, true, now);
  else
    lose(m.status == errc::ok ? errc::unavailable : m.status, text, true, now);
}

void link::say(message_type type, errc status, std::string_view text) {
  message m;
  m.type = type;
  m.status = status;
  m.text = text;
  session_.link_send(m);
}

void link::lose(errc why, std::string_view text, bool close_socket, instant now) {
  if (retiring_) {
    finish(errc::ok, text, close_socket, now);
    return;
  }
  const auto pause = next_pause(now);
  state_ = state::waiting;
  resume_at_ = now + pause;
  if (close_socket) session_.link_close();
  session_.link_lost(why, text, pause, now);
}

void link::finish(errc why, std::string_view text, bool close_socket, instant now) {
  state_ = state::closed;
  if (close_socket) session_.link_close();
  session_.link_closed(why, text, now);
}

// Returns the pause before the next attempt: doubled with each failure in a row, and a random time between half of that
// and all of it. So the peers of a broker do not all come back at the same moment.
std::chrono::milliseconds link::next_pause(instant now) noexcept {
  // A connection that was up for less than an interval still counts as a failure. So a broker that accepts and closes
  // at once is not asked in a tight loop.
  if (state_ == state::up && now - up_since_ >= interval_) failures_ = 0;
  auto doubled = options_.pause_min * (std::int64_t{1} << std::min(failures_, 20u));
  auto most = options_.pause_max;
  // Each attempt may count as one more failed login at the broker.
  if (put_off_ > 0)
    doubled = most = options_.pause_max * (std::int64_t{1} << std::min(put_off_ - 1, put_off_doublings));
  ++failures_;
  const auto whole = std::max(std::min(doubled, most), std::chrono::milliseconds(1));
  const auto half = static_cast<std::uint64_t>(whole.count()) / 2;
  return whole - std::chrono::milliseconds(next_random(random_) % (half + 1));
}

}  // namespace gate::peer
