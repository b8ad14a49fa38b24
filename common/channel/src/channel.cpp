#include "common/channel/channel.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <new>
#include <system_error>
#include <utility>

#include "common/base/option_bounds.hpp"
#include "common/channel/src/channel_impl.hpp"
#include "common/channel/src/envelope_channel.hpp"
#include "common/channel/src/frame_channel.hpp"
#include "common/channel/src/reach.hpp"
#include "common/dialects/foreign_broker.hpp"
#include "common/protocol/endpoint.hpp"
#include "common/transport/kernel_path.hpp"

namespace gate::peer {

namespace {

// Long past any life of a connection that failed: a socket is used for one connection only. Not -1, because then libzmq
// reports nothing at all when a name cannot be resolved; with an interval it announces each attempt that it will not
// make.
constexpr int reconnect_interval_ms = 3'600'000;

// The socket, its monitor at both ends, and the connection.
constexpr int descriptors_to_connect = 4;

// How long after a socket got stuck its descriptor is looked at again: at first, and then doubled up to the other.
// libzmq lets go of a connection before it closes the descriptor.
constexpr auto doubt_min = std::chrono::milliseconds(1), doubt_max = std::chrono::milliseconds(16);

// Of connections in a row that end while greeting so many are followed by one inquiry.
constexpr unsigned hang_ups_an_inquiry = 16;

bool is_inproc(std::string_view endpoint) { return endpoint.starts_with("inproc://"); }

std::string silence_text(const std::string& endpoint, duration silence) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(silence).count();
  return "the broker at '" + endpoint + "' is silent: no sign of life came from it for " + std::to_string(ms) + " ms";
}

// Fails only when the context has ended, and then nothing leaves any more.
void set(connection& c, int option, int value) noexcept {
  c.ready.used();
  static_cast<void>(::zmq_setsockopt(c.dealer.raw().handle(), option, &value, sizeof value));
}

}  // namespace

connection::connection(loop& where, const channel_options& options, high_water marks, std::string to)
    : address(std::move(to)), dealer(where, transport_context(descriptors_to_connect), zmq::socket_type::dealer) {
  zmq::socket_t& raw = dealer.raw();
  raw.set(zmq::sockopt::reconnect_ivl, reconnect_interval_ms);
  raw.set(zmq::sockopt::immediate, true);
  raw.set(zmq::sockopt::ipv6, is_ipv6(address));
  raw.set(zmq::sockopt::sndhwm, marks.send);
  raw.set(zmq::sockopt::rcvhwm, marks.receive);
  raw.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(options.frame_bytes_max));
  const auto interval = milliseconds_of(options.transport_heartbeat_interval);
  if (interval <= 0) return;
  raw.set(zmq::sockopt::heartbeat_ivl, interval);
  raw.set(zmq::sockopt::heartbeat_timeout, 0);  // life_watch judges: libzmq sees whole messages only
}

bool connection::take(zmq::message_t& frame) noexcept {
  ready.used();
  while (::zmq_msg_recv(frame.handle(), dealer.raw().handle(), ZMQ_DONTWAIT) < 0) {
    if (zmq_errno() == EINTR) continue;
    if (zmq_errno() != EAGAIN) fault = zmq_errno();
    return false;
  }
  return true;
}

bool connection::is_stuck() noexcept {
  ready.used();
  int state = 0;
  std::size_t size = sizeof state;
  while (::zmq_getsockopt(dealer.raw().handle(), ZMQ_EVENTS, &state, &size) != 0) {
    if (zmq_errno() == EINTR) continue;
    fault = zmq_errno();
    return false;
  }
  return (state & ZMQ_POLLOUT) == 0;
}

bool connection::give(zmq::message_t& frame, bool more) noexcept {
  ready.used();
  while (::zmq_msg_send(frame.handle(), dealer.raw().handle(), ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) < 0) {
    if (zmq_errno() == EINTR) continue;
    if (zmq_errno() != EAGAIN) fault = zmq_errno();
    return false;
  }
  return true;
}

channel::impl::impl(loop& where, const channel_options& options, handler& owner, high_water marks)
    : loop_(where), options_(options), owner_(owner), marks_(marks) {
  hook_ = loop_.at_turn_end([this] { turn_ended(); });
}

channel::impl::~impl() {
  retire();
  forget_attempts();
}

void channel::impl::open() {
  retire();
  forget_attempts();
  opened_at_ = loop_.now();
  if (!names_a_host(options_.endpoint)) {
    addresses_.push_back(options_.endpoint);
    return attempt();
  }
  try {
    lookup_ =
        std::make_unique<lookup>(loop_, options_.endpoint, [this](found_addresses what) { found(std::move(what)); });
  } catch (const std::exception& e) {
    return fail_later(e.what());
  }
  if (options_.connect_timeout.count() == 0) return;
  notice_ = loop_.at(loop_.now() + options_.connect_timeout * 3 / 4, [this] {
    fail(errc::unavailable, failed_text("its host is being looked up, and no name server answers"));
  });
}

void channel::impl::forget_attempts() noexcept {
  loop_.cancel_timer(notice_);
  lookup_.reset();
  addresses_.clear();
  faults_.clear();
  next_ = 0;
}

void channel::impl::found(found_addresses what) {
  loop_.cancel_timer(notice_);
  lookup_.reset();
  if (!what.fault.empty()) return fail(errc::unavailable, failed_text(what.fault));
  addresses_ = std::move(what.endpoints);
  std::erase_if(strangers_, [this](const auto& one) {
    return std::find(addresses_.begin(), addresses_.end(), one.first) == addresses_.end();
  });
  const auto good = std::find(addresses_.begin(), addresses_.end(), good_address_);
  if (good != addresses_.end()) std::rotate(addresses_.begin(), good, good + 1);
  attempt();
}

// The session that asks for it is not told anything from within, and whatever it is that fails comes to it as the end
// of a connection.
void channel::impl::attempt() {
  retire();
  try {
    current_ = std::make_unique<connection>(loop_, options_, marks_, addresses_[next_]);
    show(options_.shown, current_->dealer.raw());
    begin(*current_);
    connect(*current_);
  } catch (const zmq::error_t& e) {
    fail_later(text_of(e.num()));
  } catch (const std::system_error& e) {
    fail_later(text_of(e.code().value()));
  } catch (const std::exception& e) {
    fail_later(e.what());
  }
}

void channel::impl::connect(connection& c) {
  c.ready = loop_.watch_socket(c.dealer.raw().handle(), [this, &c] { dealer_ready(c); });
  c.ready.tells_use();
  const bool silent = is_inproc(options_.endpoint);  // libzmq tells nothing of such a connection
  if (!silent) {
    c.events.emplace(transport_context(), c.dealer,
                     [this, &c](const connection_event& event) { take_event(c, event); });
  }
  c.dealer.connect(c.address);
  if (addresses_.size() > next_ + 1 && options_.connect_timeout.count() > 0) {
    const auto share = options_.connect_timeout / static_cast<int>(addresses_.size() + 1);
    c.patience = loop_.at(loop_.now() + share, [this, &c] {
      if (is_current(c)) report_ended(c, {errc::unavailable, "it does not answer"});
    });
  }
  if (!silent) return;
  notice_ = loop_.at(loop_.now(), [this] {
    if (current_) report_connected(*current_);
  });
}

void channel::impl::fail_later(std::string why) {
  retire();
  notice_ = loop_.at(loop_.now(), [this, why = std::move(why)] { fail(errc::unavailable, failed_text(why)); });
}

void channel::impl::fail(errc why, std::string_view text) {
  retire();
  const std::string kept(text);
  forget_attempts();
  owner_.ended(why, kept);
}

// Whether the next address is tried instead.
bool channel::impl::goes_on(const connection& c, const verdict& end) {
  if (c.connected || end.why != errc::unavailable) return false;
  faults_.push_back(end.text);
  return ++next_ < addresses_.size();
}

std::string channel::impl::attempts_failed(bool reached) const {
  if (faults_.size() == 1) return reached ? faults_.front() : failed_text(faults_.front());
  const bool alike = std::all_of(faults_.begin(), faults_.end(), [&](auto& text) { return text == faults_.front(); });
  std::string all;
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    all += (i == 0 ? "" : alike ? ", " : "; ") + std::string(host_of(addresses_[i]));
    if (!alike) all += ": " + faults_[i];
  }
  return failed_text(alike ? faults_.front() + " (" + all + ")" : all);
}

void channel::impl::retire() noexcept {
  loop_.cancel_timer(notice_);
  if (!current_) return;
  loop_.cancel_timer(current_->patience);
  loop_.cancel_timer(current_->doubt);
  current_->life.reset();
  if (current_->ready) current_->ready.want(poller::interest::none);
  retired_.push_back(std::move(current_));
  queued_bytes_ = 0;
  over_bound_ = false;
}

void channel::impl::report_connected(connection& c) {
  c.connected = true;
  strangers_.clear();
  loop_.cancel_timer(c.doubt);
  good_address_ = c.address;
  loop_.cancel_timer(c.patience);
  c.ready.want(calm());
  owner_.connected();
}

// Of inproc nothing but a full socket could look stuck for long, and no descriptor tells.
poller::interest channel::impl::calm() const noexcept {
  return is_inproc(options_.endpoint) ? poller::interest::read : poller::interest::read_or_stuck;
}

void channel::impl::report_ended(connection& c, const verdict& end) {
  // What had arrived before the end still counts: a farewell, an answer.
  while (is_current(c) && take_message(c)) {
  }
  if (!is_current(c)) return;
  if (goes_on(c, end)) return attempt();
  if (!c.connected && end.why == errc::unavailable) return fail(end.why, attempts_failed(c.reached));
  fail(end.why, end.text);
}

void channel::impl::close(std::chrono::milliseconds linger) {
  forget_attempts();
  if (!current_) return;
  connection& c = *current_;
  set(c, ZMQ_LINGER, static_cast<int>(linger.count()));
  if (c.connected) {
    lift_mark(c);
    c.blocked = false;
    release_all(c);
    end_batch(c);
  }
  retire();
}

// Lets the socket take all that is queued, which our own queue bounds. libzmq tells the pipe's other end of a new mark.
// Once this end has agreed to close the pipe, the other end may be freed memory. The pipe is whole while the socket
// takes messages. A full socket looks like one whose pipe is closing; then the connection's descriptor tells. Over
// inproc nothing tells: what a full socket does not take is dropped.
void channel::impl::lift_mark(connection& c) noexcept {
  if (!c.is_stuck() || c.link.is_whole()) set(c, ZMQ_SNDHWM, 0);
}

// --- receiving

void channel::impl::take_event(connection& c, const connection_event& event) {
  using kind = connection_event::kind;
  if (!is_current(c) || c.inquiring) return;
  switch (event.what) {
    case kind::connected:
      c.reached = true;
      c.link = socket_mark::of(event.descriptor);
      bound_greeting(c);
      if (!options_.shown.empty()) bound_login(c);
      break;
    case kind::handshake_succeeded:
      watch_life(c);
      if (!c.connected) report_connected(c);
      break;
    case kind::handshake_failed_no_detail:
    case kind::handshake_failed_protocol:
    case kind::handshake_failed_auth:
      greeting_failed(c, event);
      break;
    case kind::closed:
    case kind::connect_retried:
    case kind::disconnected:
      if (c.reached && !c.connected) return hung_up(c);
      report_ended(c, {errc::unavailable, c.connected ? gone() : why_nobody_answers(c.address)});
      break;
    default:
      break;
  }
}

void channel::impl::watch_life(connection& c) {
  if (options_.transport_heartbeat_interval.count() <= 0 || options_.transport_heartbeat_timeout.count() <= 0) return;
  const pulse_options how{.ping_interval = options_.transport_heartbeat_interval,
                          .timeout = options_.transport_heartbeat_timeout,
                          .speaks_by_itself = broker_speaks_by_itself()};
  c.life.emplace(loop_, c.link, how, [this, &c](life_watch::sign what, duration silence) {
    if (!is_current(c)) return;
    if (what == life_watch::sign::message_arrives) return owner_.arriving();
    set(c, ZMQ_LINGER, 0);
    report_ended(c, {errc::unavailable, silence_text(options_.endpoint, silence)});
  });
}

void channel::impl::greeting_failed(connection& c, const connection_event& event) {
  if (event.what == connection_event::kind::handshake_failed_auth) {
    return report_ended(c, of_refusal(event.value, options_.shown, options_.endpoint));
  }
  hung_up(c);
}

// Who takes no connections now hangs up on each: it is not asked again each time. With credentials it is, since only an
// inquiry tells whether these are wrong.
void channel::impl::hung_up(connection& c) {
  stranger& there = strangers_[c.address];
  if (!options_.shown.empty() || there.hang_ups++ % hang_ups_an_inquiry == 0) return inquire(c);
  report_ended(c, of_server(there.facts, options_.shown, options_.endpoint));
}

// A broker greets at once, however much it has to do. What has not greeted by now is asked by itself if it may have
// said something, which libzmq waits to understand.
void channel::impl::bound_greeting(connection& c) {
  if (options_.connect_timeout.count() == 0) return;
  c.doubt = loop_.at(loop_.now() + options_.connect_timeout * 3 / 4, [this, &c] {
    if (!is_current(c) || c.connected || c.inquiring) return;
    if (what_came(c) == came::nothing) return report_ended(c, of_mute(options_.endpoint));
    if (options_.shown.empty() || options_.login_timeout.count() <= 0) inquire(c);
  });
}

// The kernel counts what comes by TCP only.
channel::impl::came channel::impl::what_came(const connection& c) const {
  if (c.inquiring) return c.inquiring->heard_bytes() > 0 ? came::something : came::nothing;
  const auto seen = c.link.is_open() ? sample_path(c.link.descriptor, loop_.now()) : std::nullopt;
  if (!seen || !seen->counted) return came::unknown;
  return seen->received > 0 ? came::something : came::nothing;
}

void channel::impl::inquire(connection& c) {
  bound_login(c);
  try {
    c.inquiring.emplace(loop_, c.address, options_.shown, [this, &c](const server_facts& theirs) {
      if (!is_current(c)) return;
      strangers_[c.address].facts = theirs;
      report_ended(c, of_server(theirs, options_.shown, options_.endpoint));
    });
  } catch (const std::exception&) {  // the process has no more sockets, or descriptors
    report_ended(c, of_server({}, options_.shown, options_.endpoint));
  }
}

// Of the whole attempt, which its owner gives up at the end without a reason.
duration channel::impl::time_left() const noexcept {
  if (options_.connect_timeout.count() == 0) return duration::max() / 8;
  return std::max<duration>(opened_at_ + options_.connect_timeout - loop_.now(), duration::zero());
}

void channel::impl::bound_login(connection& c) {
  if (options_.login_timeout.count() <= 0) return;
  loop_.cancel_timer(c.patience);
  c.patience = loop_.at(loop_.now() + std::min<duration>(options_.login_timeout, time_left() * 7 / 8), [this, &c] {
    if (!is_current(c)) return;
    const bool mute = options_.shown.empty() || (c.reached && !c.connected && what_came(c) == came::nothing);
    report_ended(c, mute ? of_mute(options_.endpoint) : of_silence(options_.endpoint));
  });
}

// The connection cannot go on: some of what came over it, or was to leave, is lost.
void channel::impl::without_memory() {
  if (!current_) return;
  fail(errc::unavailable, "this process has no memory for what comes and goes over the connection");
}

void channel::impl::dealer_ready(connection& c) {
  try {
    read_and_write(c);
  } catch (const std::bad_alloc&) {
    without_memory();
  }
}

void channel::impl::read_and_write(connection& c) {
  if (!is_current(c)) return;
  if (c.blocked) {
    c.blocked = false;
    flush(c);
    if (!is_current(c)) return;
    if (!c.blocked) c.ready.want(calm());
  }
  for (std::size_t n = 0; n < options_.messages_per_turn_max; ++n) {
    if (!is_current(c)) return;
    if (take_message(c)) continue;
    if (is_current(c) && !c.blocked && c.is_stuck()) wait_until_writable(c);
    return;
  }
}

// A stuck socket's connection has ended if its descriptor is closed; else the other side may be slow, or libzmq about
// to close it.
void channel::impl::look_for_end(connection& c, std::chrono::milliseconds again) {
  if (!is_current(c) || !c.blocked || is_inproc(options_.endpoint)) return;
  if (!c.link.is_open()) return report_ended(c, {errc::unavailable, gone()});
  c.doubt = loop_.at(loop_.now() + again, [this, &c, again] { look_for_end(c, std::min(2 * again, doubt_max)); });
}

// --- sending

void channel::impl::turn_ended() {
  retired_.clear();
  if (!current_) return;
  connection& c = *current_;
  if (c.fault != 0) return report_ended(c, {errc::unavailable, gone() + ": " + text_of(c.fault)});
  if (c.connected) c.events.reset();
  try {
    if (!c.blocked) end_batch(c);
  } catch (const std::bad_alloc&) {
    return without_memory();
  }
  if (over_bound_ && queued_bytes_ <= options_.out_queue_bytes_max / 2) {
    over_bound_ = false;
    owner_.flushed();
  }
}

void channel::impl::wait_until_writable(connection& c) {
  c.blocked = true;
  c.ready.want(poller::interest::read_write);
  loop_.cancel_timer(c.doubt);
  c.doubt = loop_.at(loop_.now(), [this, &c] { look_for_end(c, doubt_min); });
}

channel::channel(loop& where, const channel_options& options, handler& owner)
    : impl_(std::make_unique<envelope_channel>(where, options, owner)) {}
channel::channel(loop& where, const channel_options& options, handler& owner, std::unique_ptr<foreign_broker> broker)
    : impl_(broker ? std::unique_ptr<impl>(std::make_unique<frame_channel>(where, options, owner, std::move(broker)))
                   : std::make_unique<envelope_channel>(where, options, owner)) {}
channel::~channel() = default;
void channel::use_credentials(credentials own) { impl_->use_credentials(std::move(own)); }
void channel::open() { impl_->open(); }
void channel::close(std::chrono::milliseconds linger) { impl_->close(linger); }
void channel::send(const message& m) { impl_->send(m); }
std::size_t channel::queued_bytes() const noexcept { return impl_->queued_bytes(); }
bool channel::writable() const noexcept { return impl_->writable(); }

}  // namespace gate::peer
