// Calls a session's tick() in time: a session without I/O needs only this from a loop.
#pragma once

#include <gate/clock.hpp>
#include <gate/loop.hpp>

namespace gate::peer {

// After each turn of the loop, asks the session for its next deadline. The loop and the session must outlive it.
template <class Session> class ticker {
 public:
  ticker(loop& where, Session& session)
      : loop_(where), session_(session), hook_(where.at_turn_end([this] { turn_ended(); })) {}
  ticker(const ticker&) = delete;
  ticker& operator=(const ticker&) = delete;
  ~ticker() { loop_.cancel_timer(timer_); }

 private:
  // The timer is never moved to a later time: a timer that fires too early is cheaper than moving it at each change.
  void turn_ended() {
    const instant due = session_.next_deadline();
    if (due >= timer_at_) return;
    loop_.cancel_timer(timer_);
    timer_at_ = due;
    timer_ = loop_.at(due, [this] { tick(); });
  }

  void tick() {
    timer_at_ = instant::max();
    session_.tick(loop_.now());
  }

  loop& loop_;
  Session& session_;
  timer_key timer_;
  instant timer_at_ = instant::max();
  turn_hook hook_;
};

}  // namespace gate::peer
