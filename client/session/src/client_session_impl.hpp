// The implementation of `session`: the table of the open calls, and the link.
//
//   client_session_calls.cpp   serves the callers: begins, keeps, sends and cancels calls, and sends their own streams
//   client_session.cpp         takes events of the clock, the broker and the connection
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gate/detail/credit.hpp>

#include "client/session/client_session.hpp"
#include "common/base/deadline_wheel.hpp"
#include "common/link/call_slots.hpp"
#include "common/link/link.hpp"
#include "common/wire/kept_envelope.hpp"

namespace gate::client {

class session::impl final : public peer::link::owner {
 public:
  impl(const session_options& options, handler& world);

  peer::link& link() noexcept { return link_; }
  const peer::link& link() const noexcept { return link_; }

  void received(const message& m, instant now);
  void tick(instant now);
  instant next_deadline() const noexcept;
  call_id begin(message& m, instant now);
  void cancel(call_id id, instant now);
  bool window_open(call_id id) const noexcept;
  bool part(message m, instant now);
  bool grant(call_id id, std::uint32_t items, std::uint32_t bytes, instant now);
  state current() const noexcept;
  absence why_absent() const noexcept;
  std::size_t open_calls() const noexcept { return calls_.size(); }
  std::size_t kept_bytes() const noexcept { return kept_bytes_; }

 private:
  // One step of the timer wheel: 2^20 ns, about 1 ms.
  static constexpr unsigned timer_step_bits = 20;
  // A copy with a larger capacity is freed when the call ends. A smaller one stays for the next call of the slot.
  static constexpr std::size_t reused_copy_bytes_max = 1024;

  enum class phase : std::uint8_t {
    kept,    // waits for a connection
    sent,    // the broker has it, as far as we know
    settled  // it has ended; the next tick will report it
  };

  // The state that is reset each time that the slot is used.
  struct call_state {
    call_id id{};
    std::uint32_t flags = 0;
    phase now = phase::kept;
    bool delivered = false;    // a part of the reply reached the caller
    bool parts_sent = false;   // of the caller's own stream
    bool half_closed = false;  // the caller's own stream has ended
    bool takes_huge = false;   // the reply may come in chunks
    bool huge_answer = false;  // the reply comes in chunks: its head has arrived
    errc outcome = errc::ok;   // if settled
    std::uint32_t attempt = 0;
    instant limit = instant::max();       // the budget's end
    instant kept_until = instant::max();  // if kept
    credit_window outward;                // for the caller's own stream
    credit_window inward;                 // the credit granted for the reply
    std::optional<std::uint64_t> total;   // as the end of the caller's own stream says
    std::string_view outcome_text;        // static, or session::impl::closed_text_
  };

  // The timer is set to the earliest of the call's deadlines.
  struct call : wheel_timer, call_state {
    bool has(std::uint32_t flag) const noexcept { return (flags & flag) != 0; }
    bool takes_parts() const noexcept { return huge_answer || has(message_flag::wants_stream); }
    // The envelope is empty by then: see drop_copy().
    void reset() noexcept {
      static_cast<call_state&>(*this) = {};
      if (copy.capacity_bytes() > reused_copy_bytes_max) copy = {};
    }

    wire::gate2::kept_envelope copy;  // one envelope, as long as it may have to be sent (again)
  };

  void link_open(const std::string& endpoint) override { world_.open(endpoint); }
  void link_close() override { world_.close(); }
  void link_send(const message& m) override { world_.send(m); }
  void link_up(const message& welcome, instant now) override;
  void link_lost(errc why, std::string_view text, std::chrono::milliseconds pause, instant now) override;
  void link_closed(errc why, std::string_view text, instant now) override;

  // While the session reports the ends of a lost connection's calls, other calls still count as sent.
  void transmit(const message& m) {
    if (link_.up()) world_.send(m);
  }
  bool taking_requests() const noexcept { return link_.up() && !leaving_; }
  void send_first(call_id id, call& c, const message& m, instant now);
  void send_kept(call_id id, call& c, instant now);
  void keep_for_connection(call_id id, call& c, const message& m, instant now);
  bool keep_copy(call& c, const message& m);
  void drop_copy(call& c) noexcept;
  void was_sent(call_id id, call& c, instant now);
  void send_end_of_parts(call_id id, const call& c);
  void settle(call_id id, call& c, errc outcome, std::string_view text);
  void report_settled();
  void report(call_id id);
  void arm(call& c, instant now);
  void overdue(const call& c, instant now);
  call* sent_call(call_id id) noexcept;
  void forget(call& c);
  void fail(call_id id, errc status, origin where, std::string_view text);
  static retry_class retry_after(errc status, bool may_have_run) noexcept;
  void tell_cancel(call_id id);
  void take_error(const message& m);
  void take_part(const message& m, instant now);
  bool pay(call& c, const message& m, instant now);
  void take_credit(const message& m);
  bool may_be_sent_again(const call& c) const noexcept;

  session_options options_;
  handler& world_;
  peer::link link_;
  deadline_wheel wheel_;
  peer::call_slots<call> calls_;
  std::vector<call_id> settled_;
  std::size_t kept_bytes_ = 0;
  bool leaving_ = false;  // the broker drains
  bool drained_ = false;  // the broker of the last connection drained
  bool nobody_ = true;    // nobody answered the last attempt, as far as is known
  errc closed_status_ = errc::ok;
  std::string closed_text_;
};

}  // namespace gate::client
