// What the two sessions have in common, without I/O: one connection at a time to the broker, from opening it over hello
// and welcome to its end and the next one after a pause; heartbeats in both directions. It knows nothing of calls. The
// time is handed in; one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <gate/clock.hpp>
#include <gate/protocol.hpp>

#include "common/protocol/gate2_own.hpp"

namespace gate::peer {

// Whether the text of a connection's end or of an attempt that failed says no more than that nobody answered.
bool means_nobody(std::string_view text) noexcept;

struct link_options {
  peer_role role = peer_role::client;
  std::string service;             // of a worker
  std::string name;                // what operators see
  std::string encoded_descriptor;  // payload of the hello; may be empty
  std::uint32_t capacity = 0;      // of a worker: calls at once
  std::uint32_t capabilities = capability::streams | wire::gate2::capability_pieces;
  std::chrono::milliseconds heartbeat_interval{};  // proposed; the welcome says which one rules
  std::uint32_t heartbeat_liveness = 0;
  std::chrono::milliseconds connect_timeout{};  // from open() to the welcome; a client also keeps calls so long
  std::chrono::milliseconds pause_min{}, pause_max{};
  std::string address;            // of the broker, as errors name it
  std::string_view silence_hint;  // what to look at when a broker does not answer; a literal
  std::uint64_t seed = 0;         // of the jitter of the pauses
};

class link {
 public:
  enum class state : std::uint8_t { idle, connecting, greeting, up, waiting, closed };

  // What the link asks of the transport, and reports to its session. The state has changed before any of it is called.
  // Calls into the link are allowed from within, except from send().
  class owner {
   public:
    virtual ~owner() = default;
    virtual void link_open() = 0;
    virtual void link_close() = 0;  // not called for a connection that the transport itself reported as ended
    virtual void link_send(const message& m) = 0;
    virtual void link_up(const message& welcome, instant now) = 0;
    virtual void link_lost(errc why, std::string_view text, std::chrono::milliseconds pause, instant now) = 0;
    virtual void link_closed(errc why, std::string_view text, instant now) = 0;
  };

  link(const link_options& options, owner& session);
  link(const link&) = delete;
  link& operator=(const link&) = delete;

  void start(instant now);  // without effect unless idle
  void connected(instant now);
  // For good when another attempt cannot change it, as one with the same credentials cannot; else comes a pause.
  // `busy`: the broker put our login off, and the pause is longer each time.
  void ended(errc why, std::string_view text, instant now);
  // True when the message is the session's to handle: the link is up and it is neither a heartbeat nor a bye.
  bool received(const message& m, instant now);
  // Some of a message that is not whole yet: the broker is not silent.
  void arriving(instant now) noexcept;
  // The broker broke the protocol: it is told, and the connection given up.
  void violation(std::string_view why, instant now);
  void tick(instant now);
  instant next_deadline() const noexcept;

  // From now on the end of the connection is the end of the link.
  void retire() noexcept { retiring_ = true; }
  // Says bye(ok) when there is a connection, and closes for good.
  void close(std::string_view text, instant now);

  state current() const noexcept { return state_; }
  bool up() const noexcept { return state_ == state::up; }
  std::uint64_t payload_bytes_max() const noexcept {
    return payload_bytes_max_;
  }  // what the broker takes, as last heard

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
  std::chrono::milliseconds interval_;  // in force
  duration silence_max_;
  std::uint64_t payload_bytes_max_ = 0;
  instant give_up_at_{};        // connecting, greeting
  instant resume_at_{};         // waiting
  instant next_beat_{};         // up
  instant last_heard_{};        // up
  instant up_since_{};          // up
  std::uint32_t failures_ = 0;  // in a row
  std::uint32_t put_off_ = 0;   // logins since the last welcome
  std::uint64_t random_;
};

}  // namespace gate::peer
