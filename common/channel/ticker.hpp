// Gives a session its ticks: what a session without I/O needs of a loop.
#pragma once

#include <gate/clock.hpp>
#include <gate/loop.hpp>

namespace gate::peer {

// After each turn of the loop it looks when the session next wants to be called. Both must outlive it.
template <class Session> class ticker {
 public:
  ticker(loop& where, Session& session)
      : loop_(where), session_(session), hook_(where.at_turn_end([this] { turn_ended(); })) {}
  ticker(const ticker&) = delete;
  ticker& operator=(const ticker&) = delete;
  ~ticker() { loop_.cancel_timer(timer_); }

 private:
  // A timer that fires too early costs a look; moving it at each change would cost more.
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
