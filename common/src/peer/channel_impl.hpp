// What is behind `channel`: the life of its connections. How messages travel over one is its heirs' affair.
//
//   envelope_channel.cpp   gate/2: batches of envelopes
//   frame_channel.cpp      other dialects: messages of several frames, by way of a foreign_broker
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <zmq.hpp>

#include "common/src/monitor.hpp"
#include "common/src/peer/admission.hpp"
#include "common/src/peer/channel.hpp"
#include "common/src/peer/context.hpp"
#include "common/src/peer/inquiry.hpp"
#include "common/src/socket.hpp"

namespace gate::peer {

// Messages that libzmq holds for us in either direction, uncounted.
struct high_water {
  int send = 0, receive = 0;
};

// One socket with its monitor, for one connection.
struct connection {
  connection(loop& where, const channel_options& options, high_water marks);

  // What the watch is told of: each use of the socket while it is watched.
  zmq::socket_t& in_use() noexcept {
    ready.used();
    return dealer.raw();
  }

  context_user user;  // leaves last
  socket dealer;
  std::optional<monitor> events;
  watch ready;
  timer_key notice;                  // for what must be reported but not from within open()
  timer_key patience;                // with an answer to our credentials
  std::optional<inquiry> inquiring;  // it has failed, and why is being asked
  bool connected = false;
  bool blocked = false;  // the transport took no more; POLLOUT is awaited
};

class channel::impl {
 public:
  impl(loop& where, const channel_options& options, handler& owner, high_water marks);
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  virtual ~impl() { retire(); }

  void open();
  void close(std::chrono::milliseconds linger);
  virtual void send(const message& m) = 0;
  std::size_t queued_bytes() const noexcept { return queued_bytes_; }
  bool writable() const noexcept { return queued_bytes_ < options_.out_queue_bytes_max; }

 protected:
  // The socket is new, and not yet connected: nothing of the last connection counts any more.
  virtual void begin(connection& c) = 0;
  // Reads one message; false when there is none.
  virtual bool take_message(connection& c) = 0;
  // Hands over what waits, in order, until the transport takes no more; then wait_until_writable().
  virtual void flush(connection& c) = 0;
  // No more joins what was sent in this turn: it may leave.
  virtual void end_batch(connection& c) = 0;

  bool is_current(const connection& c) const noexcept { return current_.get() == &c; }
  void wait_until_writable(connection& c);

  loop& loop_;
  channel_options options_;
  handler& owner_;
  std::unique_ptr<connection> current_;
  std::size_t queued_bytes_ = 0;
  bool over_bound_ = false;

 private:
  void connect(connection& c);
  void retire() noexcept;
  void report_later(connection& c, std::string why);
  void report_connected(connection& c);
  void report_ended(connection& c, const verdict& end);
  void take_event(connection& c, const connection_event& event);
  void greeting_failed(connection& c, const connection_event& event);
  void bound_login(connection& c);
  void dealer_ready(connection& c);
  void turn_ended();

  high_water marks_;
  turn_hook hook_;
  std::vector<std::unique_ptr<connection>> retired_;  // a callback of theirs may be running: gone at the turn's end
};

}  // namespace gate::peer
