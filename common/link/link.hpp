// The part that the two sessions have in common, without I/O. It has one connection at a time to the broker. It opens
// the connection, says hello, takes the welcome, and sends and awaits heartbeats. After the end of a connection it
// pauses, then connects again. It knows nothing of calls. The time is handed in. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <gate/clock.hpp>
#include <gate/protocol.hpp>

#include "common/protocol/gate2_own.hpp"

namespace gate::peer {

// True if the text of a failed attempt or of a connection's end says only that nobody answered.
bool means_nobody(std::string_view text) noexcept;

struct link_options {
  peer_role role = peer_role::client;
  std::string service;             // for a worker
  std::string name;                // what operators see
  std::string encoded_descriptor;  // payload of the hello; may be empty
  std::uint32_t capacity = 0;      // for a worker: how many calls it takes at once
  std::uint32_t capabilities = capability::streams | wire::gate2::capability_pieces;
  std::chrono::milliseconds heartbeat_interval{};  // a proposal; the welcome sets the interval
  std::uint32_t heartbeat_liveness = 0;
  std::chrono::milliseconds connect_timeout{};  // from open() to the welcome; a client keeps calls as long as this too
  std::chrono::milliseconds pause_min{}, pause_max{};
  std::string address;            // of the broker, for error texts
  std::string_view silence_hint;  // where to look if a broker does not answer; a literal
  std::uint64_t seed = 0;         // for the jitter of the pauses
};

class link {
 public:
  enum class state : std::uint8_t { idle, connecting, greeting, up, waiting, closed };

  // The link's calls to the transport and to its session. The link has changed its state before it makes any of these
  // calls. Each function may call the link, except link_send().
  class owner {
   public:
    virtual ~owner() = default;
    virtual void link_open() = 0;
    virtual void link_close() = 0;  // not called if the transport reported the end of the connection
    virtual void link_send(const message& m) = 0;
    virtual void link_up(const message& welcome, instant now) = 0;
    virtual void link_lost(errc why, std::string_view text, std::chrono::milliseconds pause, instant now) = 0;
    virtual void link_closed(errc why, std::string_view text, instant now) = 0;
  };

  link(const link_options& options, owner& session);
  link(const link&) = delete;
  link& operator=(const link&) = delete;

  void start(instant now);  // does nothing unless idle
  void connected(instant now);
  // The transport reports the end of an attempt or of a connection. The link closes for good if another attempt cannot
  // change the reason, such as wrong credentials. Otherwise it tries again after a pause. `busy`: the broker put the
  // login off, and the pause gets longer each time.
  void ended(errc why, std::string_view text, instant now);
  // Returns true if the session must handle the message: the link is up, and the message is no heartbeat and no bye.
  bool received(const message& m, instant now);
  // Part of a message has arrived: the broker is not silent.
  void arriving(instant now) noexcept;
  // The broker broke the protocol: tells the broker, and gives the connection up.
  void violation(std::string_view why, instant now);
  void tick(instant now);
  instant next_deadline() const noexcept;

  // From now on, the link ends when the connection ends.
  void retire() noexcept { retiring_ = true; }
  // Says bye(ok) if there is a connection, and closes for good.
  void close(std::string_view text, instant now);

  state current() const noexcept { return state_; }
  bool up() const noexcept { return state_ == state::up; }
  std::uint64_t payload_bytes_max() const noexcept {
    return payload_bytes_max_;
  }  // what the broker takes, as it said last

 private:
  bool connected_state() const noexcept { return state_ == state::greeting || state_ == state::up; }
  bool has_socket() const noexcept { return state_ == state::connecting || connected_state(); }
  void connect(instant now);
  void forgive_own_absence(instant now) noexcept;
  void greeted(const message& m, instant now);
  void said_bye(const message& m, instant now);
  void say(message_type type) { say(type, errc::ok, {}); }
  void say(message_type type, errc status, std::string_view text);
  void lose(errc why, std::string_view text, bool close_socket, instant now);
  void finish(errc why, std::string_view text, bool close_socket, instant now);
  std::chrono::milliseconds next_pause(instant now) noexcept;

  link_options options_;
  owner& session_;
  state state_ = state::idle;
  bool retiring_ = false;
  std::chrono::milliseconds interval_;  // the interval in use
  duration silence_max_;
  std::uint64_t payload_bytes_max_ = 0;
  instant give_up_at_{};        // while connecting or greeting
  instant resume_at_{};         // while waiting
  instant next_beat_{};         // while up
  instant last_heard_{};        // while up
  instant up_since_{};          // while up
  std::uint32_t failures_ = 0;  // in a row
  std::uint32_t put_off_ = 0;   // how many logins were put off since the last welcome
  std::uint64_t random_;
};

}  // namespace gate::peer
