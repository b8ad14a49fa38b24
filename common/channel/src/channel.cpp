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

// The socket, both ends of its monitor, and the connection.
constexpr int descriptors_to_connect = 4;

// When to look at a stuck socket's descriptor: first after `doubt_min`, then after twice the time each, up to
// `doubt_max`. libzmq drops a connection before it closes the descriptor.
constexpr auto doubt_min = std::chrono::milliseconds(1), doubt_max = std::chrono::milliseconds(16);

// One inquiry is made for each 16 connections in a row that end during the greeting.
constexpr unsigned hang_ups_an_inquiry = 16;

bool is_inproc(std::string_view endpoint) { return endpoint.starts_with("inproc://"); }

std::string silence_text(const std::string& endpoint, duration silence) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(silence).count();
  return "the broker at '" + endpoint + "' is silent: no sign of life came from it for " + std::to_string(ms) + " ms";
}

// Fails only if the context has ended, and then nothing is sent any more.
void set(connection& c, int option, int value) noexcept {
  c.ready.used();
  static_cast<void>(::zmq_setsockopt(c.dealer.raw().handle(), option, &value, sizeof value));
}

}  // namespace

connection::connection(loop& where, const channel_options& options, high_water marks, std::string to)
    : address(std::move(to)), dealer(where, transport_context(descriptors_to_connect), zmq::socket_type::dealer) {
  zmq::socket_t& raw = dealer.raw();
  raw.set(zmq::sockopt::reconnect_ivl, never_reconnect_ms);
  raw.set(zmq::sockopt::immediate, true);
  raw.set(zmq::sockopt::ipv6, is_ipv6(address));
  raw.set(zmq::sockopt::sndhwm, marks.send);
  raw.set(zmq::sockopt::rcvhwm, marks.receive);
  raw.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(options.frame_bytes_max));
  const auto interval = milliseconds_of(options.transport_heartbeat_interval);
  if (interval <= 0) return;
  raw.set(zmq::sockopt::heartbeat_ivl, interval);
  raw.set(zmq::sockopt::heartbeat_timeout, 0);  // life_watch decides: libzmq sees only whole messages
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

int connection::state() noexcept {
  int found = 0;
  std::size_t size = sizeof found;
  while (::zmq_getsockopt(dealer.raw().handle(), ZMQ_EVENTS, &found, &size) != 0) {
    if (zmq_errno() == EINTR) continue;
    fault = zmq_errno();
    ready.used();
    return ZMQ_POLLIN | ZMQ_POLLOUT;
  }
  if ((found & ZMQ_POLLIN) == 0 && !blocked) ready.asked();
  return found;
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

void channel::impl::open(const std::string& endpoint) {
  retire();
  forget_attempts();
  endpoint_ = endpoint;
  opened_at_ = loop_.now();
  if (!names_a_host(endpoint_)) {
    addresses_.push_back(endpoint_);
    return attempt();
  }
  try {
    lookup_ = std::make_unique<lookup>(loop_, endpoint_, [this](found_addresses what) { found(std::move(what)); });
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

// Never throws: the session that called open() is not called from within. Any failure reaches it later, as the end of a
// connection.
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
  const bool silent = is_inproc(endpoint_);  // libzmq reports no events for inproc
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

// Whether to try the next address.
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

// Over inproc, only a full socket looks stuck for long, and there is no descriptor that could tell.
poller::interest channel::impl::calm() const noexcept {
  return is_inproc(endpoint_) ? poller::interest::read : poller::interest::read_or_stuck;
}

void channel::impl::report_ended(connection& c, const verdict& end) {
  // Messages that had arrived before the end still count: a bye, a reply.
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

// Removes the limit of the socket, so that it takes the whole queue; our own limits bound the queue. libzmq tells the
// other end of the pipe about the new limit. That end may be freed memory once this end has agreed to close the pipe.
// If the socket takes messages, the pipe is whole. A full socket looks like one whose pipe is closing: the connection's
// descriptor shows which. Over inproc there is no descriptor: a full socket's rest is dropped.
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
    report_ended(c, {errc::unavailable, silence_text(endpoint_, silence)});
  });
}

void channel::impl::greeting_failed(connection& c, const connection_event& event) {
  if (event.what == connection_event::kind::handshake_failed_auth) {
    return report_ended(c, of_refusal(event.value, options_.shown, endpoint_));
  }
  hung_up(c);
}

// A server that takes no connections at the moment ends each one. Without credentials, not every end is worth an
// inquiry. With credentials each one is: only an inquiry tells whether they are wrong.
void channel::impl::hung_up(connection& c) {
  stranger& there = strangers_[c.address];
  if (!options_.shown.empty() || there.hang_ups++ % hang_ups_an_inquiry == 0) return inquire(c);
  report_ended(c, of_server(there.facts, options_.shown, endpoint_));
}

// A broker greets at once, however busy it is. If no greeting has come by now, an inquiry asks the server, provided
// that it may have sent something: libzmq waits until it understands that.
void channel::impl::bound_greeting(connection& c) {
  if (options_.connect_timeout.count() == 0) return;
  c.doubt = loop_.at(loop_.now() + options_.connect_timeout * 3 / 4, [this, &c] {
    if (!is_current(c) || c.connected || c.inquiring) return;
    if (what_came(c) == came::nothing) return report_ended(c, of_mute(endpoint_));
    if (options_.shown.empty() || options_.login_timeout.count() <= 0) inquire(c);
  });
}

// Only TCP connections have byte counts in the kernel.
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
      report_ended(c, of_server(theirs, options_.shown, endpoint_));
    });
  } catch (const std::exception&) {  // the process has no socket or descriptor left
    report_ended(c, of_server({}, options_.shown, endpoint_));
  }
}

// The time left for the whole attempt. The session gives up after it, without knowing a reason.
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
    report_ended(c, mute ? of_mute(endpoint_) : of_silence(endpoint_));
  });
}

// The connection cannot go on: messages that arrived, or were to leave, are lost.
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
  std::optional<int> state;  // when no message is left
  for (std::size_t n = 0; n < options_.messages_per_turn_max && !state; ++n) {
    const bool taken = take_message(c);
    if (!is_current(c)) return;
    if (taken && n > 0) continue;
    // Usually a message comes alone: this look finds that there is no other.
    const int now = c.state();
    if (!taken || (now & ZMQ_POLLIN) == 0) state = now;
  }
  if (state && !c.blocked && (*state & ZMQ_POLLOUT) == 0) wait_until_writable(c);
}

// If the descriptor of a stuck socket is closed, the connection has ended. Otherwise the other side may be slow, or
// libzmq is about to close the descriptor.
void channel::impl::look_for_end(connection& c, std::chrono::milliseconds again) {
  if (!is_current(c) || !c.blocked || is_inproc(endpoint_)) return;
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
void channel::open(const std::string& endpoint) { impl_->open(endpoint); }
void channel::close(std::chrono::milliseconds linger) { impl_->close(linger); }
void channel::send(const message& m) { impl_->send(m); }
std::size_t channel::queued_bytes() const noexcept { return impl_->queued_bytes(); }
bool channel::writable() const noexcept { return impl_->writable(); }

}  // namespace gate::peer
