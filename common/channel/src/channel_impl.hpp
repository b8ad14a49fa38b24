// The implementation of `channel`: the life of its connections. Derived classes send and receive the messages:
//
//   envelope_channel.cpp   gate/2: batches of envelopes
//   frame_channel.cpp      other dialects: messages of several frames, through a foreign_broker
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <zmq.hpp>

#include "common/channel/channel.hpp"
#include "common/channel/src/greeting.hpp"
#include "common/channel/src/inquiry.hpp"
#include "common/channel/src/life_watch.hpp"
#include "common/transport/lookup.hpp"
#include "common/transport/monitor.hpp"
#include "common/transport/open_files.hpp"
#include "common/transport/socket.hpp"
#include "common/transport/zmq_context.hpp"

namespace gate::peer {

// How many messages libzmq may hold for us in either direction. Nobody counts their bytes.
struct high_water {
  int send = 0, receive = 0;
};

// Throws std::bad_alloc.
inline zmq::message_t frame_of(bytes_view bytes) {
  try {
    return {bytes.data(), bytes.size()};
  } catch (const zmq::error_t&) {  // the only possible reason
    throw std::bad_alloc();
  }
}

// One socket, for one connection. A monitor costs two more sockets and descriptors, so it is dropped once the
// connection is made. From then on the socket itself shows the end of the connection: it is not writable any more,
// since libzmq takes its pipe away (with ZMQ_IMMEDIATE), and not readable once all messages were read. A full socket
// looks the same, but then the connection's descriptor is still open.
struct connection {
  // Throws zmq::error_t or std::system_error.
  connection(loop& where, const channel_options& options, high_water marks, std::string address);

  // take() reads one frame: false if there is none. give() hands one over: false if the transport takes no more.
  bool take(zmq::message_t& frame) noexcept;
  bool give(zmq::message_t& frame, bool more) noexcept;
  // The socket takes nothing at the moment.
  bool is_stuck() noexcept { return (state() & ZMQ_POLLOUT) == 0; }
  // ZMQ_POLLIN: there is a message. ZMQ_POLLOUT: not stuck. A socket with a fault has both.
  int state() noexcept;

  const std::string address;  // one of the endpoint's addresses
  context_user user;          // destroyed last
  socket dealer;
  std::optional<monitor> events;  // until the connection is made
  watch ready;
  socket_mark link;                  // the connection's descriptor, owned by libzmq; none over inproc
  timer_key patience;                // limits one address if there is another, then the answer to our credentials
  timer_key doubt;                   // when to check: first for the greeting, later whether the connection still exists
  std::optional<inquiry> inquiring;  // runs after a failure, to find the reason
  std::optional<life_watch> life;    // exists once the greeting is done
  bool reached = false;              // there is a connection; the greeting is going on
  bool connected = false;            // the greeting is done
  bool blocked = false;              // the transport took no more; waiting for POLLOUT
  int fault = 0;                     // an errno that the transport should never return
};

class channel::impl {
 public:
  impl(loop& where, const channel_options& options, handler& owner, high_water marks);
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  virtual ~impl();

  void use_credentials(credentials own) { options_.shown = std::move(own); }
  void open(const std::string& endpoint);
  void close(std::chrono::milliseconds linger);
  virtual void send(const message& m) = 0;
  std::size_t queued_bytes() const noexcept { return queued_bytes_; }
  bool writable() const noexcept { return queued_bytes_ < options_.out_queue_bytes_max; }

 protected:
  // The socket is new and not yet connected: drops all state of the last connection.
  virtual void begin(connection& c) = 0;
  // Reads one message. Returns false if there is none.
  virtual bool take_message(connection& c) = 0;
  // Hands over the waiting messages, in order, until the transport takes no more; then calls wait_until_writable().
  virtual void flush(connection& c) = 0;
  // Whether the other side sends heartbeats, however busy it is.
  virtual bool broker_speaks_by_itself() const noexcept = 0;
  // Queues the messages that were held back behind smaller ones: no more messages come.
  virtual void release_all(connection&) {}
  // Closes the batch of this turn: it may leave.
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
  void attempt();
  void connect(connection& c);
  void retire() noexcept;
  void forget_attempts() noexcept;
  void found(found_addresses what);
  bool goes_on(const connection& c, const verdict& end);
  std::string attempts_failed(bool reached) const;
  void lift_mark(connection& c) noexcept;
  void fail_later(std::string why);
  void fail(errc why, std::string_view text);
  void report_connected(connection& c);
  void report_ended(connection& c, const verdict& end);
  void take_event(connection& c, const connection_event& event);
  void watch_life(connection& c);
  void greeting_failed(connection& c, const connection_event& event);
  void hung_up(connection& c);
  void inquire(connection& c);
  void bound_greeting(connection& c);
  enum class came : std::uint8_t { nothing, something, unknown };
  came what_came(const connection& c) const;
  duration time_left() const noexcept;
  void bound_login(connection& c);
  void dealer_ready(connection& c);
  void read_and_write(connection& c);
  void without_memory();
  void look_for_end(connection& c, std::chrono::milliseconds again);
  void turn_ended();
  poller::interest calm() const noexcept;
  std::string failed_text(std::string_view why) const {
    return "cannot connect to '" + endpoint_ + "': " + std::string(why);
  }
  std::string gone() const { return "the connection to '" + endpoint_ + "' is gone"; }

  high_water marks_;
  turn_hook hook_;
  std::unique_ptr<lookup> lookup_;      // while it runs
  std::vector<std::string> addresses_;  // to try; next_ is the present one
  std::vector<std::string> faults_;     // of the addresses that failed
  std::size_t next_ = 0;
  std::string endpoint_;  // as open() was told
  instant opened_at_{};
  struct stranger {
    server_facts facts;     // from the last inquiry
    unsigned hang_ups = 0;  // connections that ended during the greeting
  };
  std::map<std::string, stranger> strangers_;         // by address, since the last connection
  std::string good_address_;                          // the address that answered last
  timer_key notice_;                                  // for a report that must not be made within open()
  std::vector<std::unique_ptr<connection>> retired_;  // destroyed at the turn's end: their callbacks may be running
};

}  // namespace gate::peer
