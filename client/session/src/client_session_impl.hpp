// What is behind `session`: the table of the open calls, and the link.
//
//   session_calls.cpp   what callers ask for: calls begun, kept, sent and given up, and their own streams
//   session.cpp         what the clock, the broker and the connection bring
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/session/client_session.hpp"
#include "common/base/deadline_wheel.hpp"
#include "common/link/call_slots.hpp"
#include "common/link/link.hpp"
#include "common/protocol/window.hpp"

namespace gate::client {

class session::impl final : public peer::link::owner {
 public:
  impl(const session_options& options, handler& world);

  peer::link& link() noexcept { return link_; }
  const peer::link& link() const noexcept { return link_; }

  void received(const message& m, instant now);
  void tick(instant now);
  instant next_deadline() const noexcept;
  call_id begin(const message& m, instant now);
  void cancel(call_id id, instant now);
  bool window_open(call_id id) const noexcept;
  bool part(message m, instant now);
  bool grant(call_id id, std::uint32_t items, std::uint32_t bytes, instant now);
  state current() const noexcept;
  absence why_absent() const noexcept;
  std::size_t open_calls() const noexcept { return calls_.size(); }
  std::size_t kept_bytes() const noexcept { return kept_bytes_; }

 private:
  // A step of the wheel: 2^20 ns, about a millisecond.
  static constexpr unsigned timer_step_bits = 20;
  // A kept copy larger than this gives its memory back when the call ends; smaller ones serve the next user of the
  // slot.
  static constexpr std::size_t reused_copy_bytes_max = 1024;

  enum class phase : std::uint8_t {
    kept,    // waits for a connection
    sent,    // the broker has it, as far as we know
    settled  // its end is known and will be reported by the next tick
  };

  // What a call starts with each time that its slot is used.
  struct call_state {
    call_id id{};
    std::uint32_t flags = 0;
    phase now = phase::kept;
    bool delivered = false;    // a part of the answer reached the caller
    bool parts_sent = false;   // of the caller's own stream
    bool half_closed = false;  // the caller's own stream has ended
    bool takes_huge = false;   // the answer may be huge
    bool huge_answer = false;  // and is: its head has come
    errc outcome = errc::ok;   // of a settled one
    std::uint32_t attempt = 0;
    instant limit = instant::max();       // the budget's end
    instant kept_until = instant::max();  // of a kept one
    peer::window outward;                 // of the caller's own stream
    peer::window inward;                  // granted for the answer
    std::optional<std::uint64_t> total;   // that the end of the caller's own stream states
    std::string_view outcome_text;        // static, or session::impl::closed_text_
    std::string copy;                     // one envelope, while it may have to be sent (again)
  };

  // The timer is the one deadline that rules it at the moment.
  struct call : wheel_timer, call_state {
    bool has(std::uint32_t flag) const noexcept { return (flags & flag) != 0; }
    bool takes_parts() const noexcept { return huge_answer || has(message_flag::wants_stream); }
    void reset() noexcept {
      std::string spare = std::move(copy);
      static_cast<call_state&>(*this) = {};
      if (spare.capacity() > reused_copy_bytes_max) return;
      spare.clear();
      copy = std::move(spare);
    }
  };

  void link_open() override { world_.open(); }
  void link_close() override { world_.close(); }
  void link_send(const message& m) override { world_.send(m); }
  void link_up(const message& welcome, instant now) override;
  void link_lost(errc why, std::string_view text, std::chrono::milliseconds pause, instant now) override;
  void link_closed(errc why, std::string_view text, instant now) override;

  // While the ends of a lost connection's calls are being reported, some still count as sent.
  void transmit(const message& m) {
    if (link_.up()) world_.send(m);
  }
  bool taking_requests() const noexcept { return link_.up() && !leaving_; }
  void send_first(call_id id, call& c, const message& m, instant now);
  void send_kept(call_id id, call& c, instant now);
  void keep_for_connection(call_id id, call& c, const message& m, instant now);
  bool keep_copy(call_id id, call& c, const message& m);
  void drop_copy(call& c) noexcept;
  void was_sent(call_id id, call& c, instant now);
  void send_end_of_parts(call_id id, const call& c);
  void settle(call_id id, call& c, errc outcome, std::string_view text);
  void report_settled();
  void report(call_id id);
  void arm(call& c, instant now);
  void overdue(const call& c, instant now);
  call* sent_call(call_id id) noexcept;
  void forget(call_id id);
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
  bool drained_ = false;  // so did the one that was connected to last
  bool nobody_ = true;    // answered at the last attempt, as far as is known
  errc closed_status_ = errc::ok;
  std::string closed_text_;
};

}  // namespace gate::client
