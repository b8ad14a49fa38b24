#include "common/src/peer/channel.hpp"

#include <cstdint>
#include <utility>

#include "common/src/option_bounds.hpp"
#include "common/src/peer/channel_impl.hpp"
#include "common/src/peer/envelope_channel.hpp"
#include "common/src/peer/foreign_broker.hpp"
#include "common/src/peer/frame_channel.hpp"

namespace gate::peer {

namespace {

// Long past any life of a connection that failed: a socket is used for one connection only. Not -1, because then libzmq
// reports nothing at all when a name cannot be resolved; with an interval it announces each attempt that it will not
// make.
constexpr int reconnect_interval_ms = 3'600'000;

bool is_inproc(std::string_view endpoint) { return endpoint.starts_with("inproc://"); }

}  // namespace

connection::connection(loop& where, const channel_options& options, high_water marks)
    : dealer(where, transport_context(), zmq::socket_type::dealer) {
  zmq::socket_t& raw = dealer.raw();
  raw.set(zmq::sockopt::reconnect_ivl, reconnect_interval_ms);
  raw.set(zmq::sockopt::sndhwm, marks.send);
  raw.set(zmq::sockopt::rcvhwm, marks.receive);
  raw.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(options.frame_bytes_max));
  const auto interval = milliseconds_of(options.transport_heartbeat_interval);
  const auto timeout = milliseconds_of(options.transport_heartbeat_timeout);
  if (interval > 0) raw.set(zmq::sockopt::heartbeat_ivl, interval);
  if (interval > 0 && timeout > 0) raw.set(zmq::sockopt::heartbeat_timeout, timeout);
}

channel::impl::impl(loop& where, const channel_options& options, handler& owner, high_water marks)
    : loop_(where), options_(options), owner_(owner), marks_(marks) {
  hook_ = loop_.at_turn_end([this] { turn_ended(); });
}

void channel::impl::open() {
  retire();
  current_ = std::make_unique<connection>(loop_, options_, marks_);
  connection& c = *current_;
  try {
    show(options_.shown, c.dealer.raw());
    begin(c);
    connect(c);
  } catch (const zmq::error_t& e) {
    report_later(c, "cannot connect to '" + options_.endpoint + "': " + e.what());
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
  c.dealer.connect(options_.endpoint);
  if (silent) report_later(c, {});
}

void channel::impl::report_later(connection& c, std::string why) {
  c.notice = loop_.at(loop_.now(), [this, &c, why = std::move(why)] {
    if (!is_current(c)) return;
    if (why.empty()) {
      report_connected(c);
    } else {
      report_ended(c, {errc::unavailable, why});
    }
  });
}

void channel::impl::retire() noexcept {
  if (!current_) return;
  loop_.cancel_timer(current_->notice);
  loop_.cancel_timer(current_->patience);
  if (current_->ready) current_->ready.want(poller::interest::none);
  retired_.push_back(std::move(current_));
  queued_bytes_ = 0;
  over_bound_ = false;
}

void channel::impl::report_connected(connection& c) {
  c.connected = true;
  loop_.cancel_timer(c.patience);
  c.ready.want(poller::interest::read);
  owner_.connected();
}

void channel::impl::report_ended(connection& c, const verdict& end) {
  // What had arrived before the end still counts: a farewell, an answer.
  while (is_current(c) && take_message(c)) {
  }
  if (!is_current(c)) return;
  retire();
  owner_.ended(end.why, end.text);
}

void channel::impl::close(std::chrono::milliseconds linger) {
  if (!current_) return;
  connection& c = *current_;
  c.in_use().set(zmq::sockopt::linger, static_cast<int>(linger.count()));
  c.in_use().set(zmq::sockopt::sndhwm, 0);  // bounded by our own queue: let it take all
  c.blocked = false;
  if (c.connected) end_batch(c);
  retire();
}

// --- receiving

void channel::impl::take_event(connection& c, const connection_event& event) {
  using kind = connection_event::kind;
  if (!is_current(c) || c.inquiring) return;
  switch (event.what) {
    case kind::connected:
      if (!options_.shown.empty()) bound_login(c);
      break;
    case kind::handshake_succeeded:
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
      report_ended(
          c, {errc::unavailable, c.connected ? "the connection to '" + options_.endpoint + "' is gone"
                                             : "cannot connect to '" + options_.endpoint + "': nobody answers there"});
      break;
    default:
      break;
  }
}

void channel::impl::greeting_failed(connection& c, const connection_event& event) {
  if (event.what == connection_event::kind::handshake_failed_auth) {
    return report_ended(c, of_refusal(event.value, options_.shown, options_.endpoint));
  }
  bound_login(c);
  try {
    c.inquiring.emplace(loop_, options_.endpoint, options_.shown, [this, &c](const server_facts& theirs) {
      if (is_current(c)) report_ended(c, of_server(theirs, options_.shown, options_.endpoint));
    });
  } catch (const zmq::error_t&) {  // the process has no more sockets
    report_ended(c, of_server({}, options_.shown, options_.endpoint));
  }
}

void channel::impl::bound_login(connection& c) {
  if (options_.login_timeout.count() <= 0) return;
  loop_.cancel_timer(c.patience);
  c.patience = loop_.at(loop_.now() + options_.login_timeout, [this, &c] {
    if (is_current(c)) report_ended(c, of_silence(options_.endpoint));
  });
}

void channel::impl::dealer_ready(connection& c) {
  if (!is_current(c)) return;
  if (c.blocked) {
    c.blocked = false;
    flush(c);
    if (!is_current(c)) return;
    if (!c.blocked) c.ready.want(poller::interest::read);
  }
  for (std::size_t n = 0; n < options_.messages_per_turn_max; ++n) {
    if (!is_current(c) || !take_message(c)) return;
  }
}

// --- sending

void channel::impl::turn_ended() {
  retired_.clear();
  if (!current_) return;
  connection& c = *current_;
  if (!c.blocked) end_batch(c);
  if (over_bound_ && queued_bytes_ <= options_.out_queue_bytes_max / 2) {
    over_bound_ = false;
    owner_.flushed();
  }
}

void channel::impl::wait_until_writable(connection& c) {
  c.blocked = true;
  c.ready.want(poller::interest::read_write);
}

channel::channel(loop& where, const channel_options& options, handler& owner)
    : impl_(std::make_unique<envelope_channel>(where, options, owner)) {}
channel::channel(loop& where, const channel_options& options, handler& owner, std::unique_ptr<foreign_broker> broker)
    : impl_(broker ? std::unique_ptr<impl>(std::make_unique<frame_channel>(where, options, owner, std::move(broker)))
                   : std::make_unique<envelope_channel>(where, options, owner)) {}
channel::~channel() = default;
void channel::open() { impl_->open(); }
void channel::close(std::chrono::milliseconds linger) { impl_->close(linger); }
void channel::send(const message& m) { impl_->send(m); }
std::size_t channel::queued_bytes() const noexcept { return impl_->queued_bytes(); }
bool channel::writable() const noexcept { return impl_->writable(); }

}  // namespace gate::peer
