// A simulated client: its session, and callers that call, stream, read slowly or not at all, give up, and exceed their
// credit.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/session/client_session.hpp"
#include "common/protocol/window.hpp"
#include "tests/sim/oracle.hpp"
#include "tests/sim/peer_process.hpp"

namespace gate::sim {

struct client_habits {
  unsigned cancel_percent = 5;
  unsigned reckless_percent = 0;  // streams that ignore their credit
  unsigned stalling_percent = 3;  // consumers that stop reading until heal()
  std::size_t payload_bytes_max = 0;
};

class client_process final : public peer_process, public client::session::handler {
 public:
  client_process(world& in, std::string name, network& net, broker_process& broker, oracle& judge,
                 const client_habits& habits, const client::session_options& options)
      : peer_process(in, std::move(name), net, broker), judge_(judge), habits_(habits), options_(options) {}

  void start();
  // A random call to that service.
  void call(std::string_view service);
  // A call that must succeed if nothing is broken. Returns 0 if the client cannot call now.
  call_number probe(std::string_view service);
  // From now on every call ends soon: consumers read again.
  void heal();
  void leave();

  bool ready() const { return session_ && session_->current() == client::session::state::ready; }
  std::size_t open_calls() const noexcept { return calls_.size(); }

 private:
  struct own_call {
    call_number number = 0;
    std::uint32_t items = 0, sent = 0;  // for the caller's own stream
    std::size_t padding_bytes = 0;
    bool client_stream = false, huge_arguments = false, sent_all = false, reckless = false, stalled = false,
         slow = false;
    peer::window granted;
    std::uint32_t unread_items = 0, unread_bytes = 0;
    std::optional<std::chrono::milliseconds> budget;
    instant begun;
    std::uint64_t disturbances = 0;
  };

  // From the session.
  void open() override { transport_open(); }
  void close() override { transport_close(); }
  void send(const message& m) override { transport_send(m); }
  void part(call_id call, const message& m) override;
  void window_opened(call_id call) override;
  void finished(call_id call, const message& m) override;
  void failed(call_id call, const client::session::failure& f) override;
  void ready(const message&) override { world_.say(name(), "is ready"); }
  void lost(errc why, std::string_view text, std::chrono::milliseconds) override { check_loss(why, text); }
  void closed(errc why, std::string_view text) override;

  // From the transport.
  void session_connected() override { session_->connected(clock()); }
  void session_ended(std::string_view why) override { session_->ended(errc::unavailable, why, clock()); }
  void session_received(const message& m) override { session_->received(m, clock()); }
  void session_malformed(std::string_view why) override { session_->malformed(why, clock()); }
  void forget_session() override;
  void look_at_clock() override { session_->tick(clock()); }
  instant next_deadline() const override { return session_->next_deadline(); }
  void end_of_turn() override;

  tracked_call random_call(std::string_view service);
  call_id begin(const tracked_call& c, std::optional<std::chrono::milliseconds> budget);
  own_call* find(call_id id);
  own_call take_out(call_id id);
  void pump(call_id id);
  void give_up(call_id id);
  void read(call_id id);
  void check_lateness(const own_call& c);

  oracle& judge_;
  client_habits habits_;
  client::session_options options_;
  std::unique_ptr<client::session> session_;
  std::map<call_id, own_call> calls_;
  bool healed_ = false, leaving_ = false;
};

}  // namespace gate::sim
