// A simulated worker: its session, and methods that answer, stream, are slow, fail, never end, or exceed their credit.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "tests/sim/oracle.hpp"
#include "tests/sim/peer_process.hpp"
#include "worker/session/worker_session.hpp"

namespace gate::sim {

struct worker_habits {
  std::string_view service;
  std::uint32_t capacity = 4;
  std::uint32_t threads = 0;      // for plain methods; 0: not announced, and all calls run at once
  bool chats = true;              // has the method `chat`
  unsigned reckless_percent = 0;  // streams that ignore their credit
  duration service_time = std::chrono::milliseconds(30);
};

class worker_process final : public peer_process, public worker::session::handler {
 public:
  worker_process(world& in, std::string name, network& net, broker_process& broker, oracle& judge,
                 const worker_habits& habits, const worker::session_options& options)
      : peer_process(in, std::move(name), net, broker), judge_(judge), habits_(habits), options_(options) {}

  void start();
  void drain();
  // Registers again on the same connection, as a confused peer would.
  void say_hello_again();
  // From now on every method ends soon, also those that never do.
  void heal();

  bool serving() const { return session_ && session_->current() == worker::session::state::serving; }
  std::size_t jobs() const noexcept { return jobs_.size(); }
  std::string_view service() const noexcept { return habits_.service; }

 private:
  struct job {
    call_number number = 0;
    call_id broker_number{};
    method what = method::echo;
    std::uint32_t items = 0, sent = 0, received = 0;
    std::size_t padding_bytes = 0;
    bool started = false, cancelled = false, input_ended = false, reckless = false, pumping = false;
    bool rogue = false;    // no client made this call
    bool unknown = false;  // the worker has no such method
    bool on_thread = false, has_thread = false;
    instant begun{};
    std::string arguments;  // kept to hand the call back if it waits for a thread
  };

  // From the session.
  void open() override { transport_open(); }
  void close() override { transport_close(); }
  void send(const message& m) override { transport_send(m); }
  void request(const message& m) override;
  void part(const message& m) override;
  void window_opened(call_id call) override;
  void cancelled(call_id call, errc why) override;
  void recalled(call_id call) override;
  void serving(const message&) override { world_.say(name(), "serves"); }
  void lost(errc why, std::string_view text, std::chrono::milliseconds) override {
    forget_jobs();  // calls that had been cancelled before are not cancelled again
    check_loss(why, text);
  }
  void closed(errc why, std::string_view text) override;

  // From the transport.
  void session_connected() override { session_->connected(clock()); }
  void session_ended(std::string_view why) override { session_->ended(errc::unavailable, why, clock()); }
  void session_received(const message& m) override {
    broker_number_ = m.call;
    session_->received(m, clock());
  }
  void session_malformed(std::string_view why) override { session_->malformed(why, clock()); }
  void forget_session() override;
  void look_at_clock() override { session_->tick(clock()); }
  instant next_deadline() const override { return session_->next_deadline(); }
  void end_of_turn() override;

  job* find(call_id id);
  bool has(method what) const noexcept { return what != method::missing && (what != method::chat || habits_.chats); }
  static bool is_plain(method what) noexcept {
    return what == method::echo || what == method::slow || what == method::fail;
  }
  void begin_later(call_id id);
  void run_next();
  void forget_jobs() noexcept;
  void begin(call_id id);
  void pump(call_id id);
  bool send_item(call_id id, job& j);
  void send_head(call_id id, const job& j);
  void end_huge(call_id id, const job& j);
  void answer(call_id id, std::uint32_t item);
  void refuse(call_id id, errc status, std::string_view text);
  void done(call_id id, bool accepted);

  oracle& judge_;
  worker_habits habits_;
  worker::session_options options_;
  std::unique_ptr<worker::session> session_;
  std::map<call_id, job> jobs_;
  call_id broker_number_{};  // of the message that is being handled
  std::uint32_t threads_busy_ = 0;
  std::deque<call_id> waiting_;  // for a thread
  bool healed_ = false;
  bool leaving_ = false;  // the session has closed; the process ends at the end of this turn
};

}  // namespace gate::sim
