// A simulated process: it can stand still for a while, its clock can jump, and it can die and be started again.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>

#include "tests/sim/world.hpp"

namespace gate::sim {

class process {
 public:
  process(world& in, std::string name) : world_(in), name_(std::move(name)) {}
  process(const process&) = delete;
  process& operator=(const process&) = delete;
  virtual ~process() = default;

  const std::string& name() const noexcept { return name_; }
  bool alive() const noexcept { return alive_; }
  bool frozen() const noexcept { return frozen_; }
  // How often it was started. Events for an earlier life must not reach a later one.
  std::uint64_t life() const noexcept { return life_; }
  // Its own steady clock: no two processes have the same.
  instant clock() const noexcept { return world_.now() + offset_; }
  // How often its clock jumped or it stood still: times that were measured across that prove nothing.
  std::uint64_t disturbances() const noexcept { return disturbances_; }

  void freeze() {
    if (!alive_ || frozen_) return;
    frozen_ = true;
    ++disturbances_;
    world_.say(name_, "stands still");
    on_freeze();
  }

  // All messages that arrived meanwhile are there at once. Chance decides whether timers or sockets come first.
  void thaw() {
    if (!alive_ || !frozen_) return;
    frozen_ = false;
    world_.say(name_, "goes on");
    on_thaw();
    if (world_.random.percent(50)) turn([this] { look_at_clock(); });
    while (!frozen_ && alive_ && !inbox_.empty()) {
      const std::function<void()> what = std::move(inbox_.front());
      inbox_.pop_front();
      turn(what);
    }
    if (alive_ && !frozen_) turn([this] { look_at_clock(); });
  }

  void jump_clock(duration by) {
    offset_ += by;
    ++disturbances_;
    world_.say(name_, "its clock jumps");
    if (alive_) turn([this] { look_at_clock(); });
  }

 protected:
  // Runs `what` in the process: now, or when the process goes on. Not at all if it has died since `in_life`.
  void happen(std::uint64_t in_life, std::function<void()> what) {
    if (!alive_ || life_ != in_life) return;
    if (frozen_)
      inbox_.push_back(std::move(what));
    else
      turn(what);
  }
  void later(duration delay, std::function<void()> what) {
    world_.after(delay, [this, in_life = life_, what = std::move(what)] { happen(in_life, what); });
  }

  void born() {
    alive_ = true;
    frozen_ = false;
    ++life_;
    wake_at_ = instant::max();
  }
  void dead() {
    alive_ = false;
    frozen_ = false;
    inbox_.clear();
  }

  // Called after each event in the process: sends its messages, and notes its next deadline.
  virtual void end_of_turn() = 0;
  virtual void look_at_clock() = 0;           // runs the timers that are due
  virtual instant next_deadline() const = 0;  // by its own clock
  virtual void on_freeze() {}
  virtual void on_thaw() {}

  void turn(const std::function<void()>& what) {
    what();
    if (world_.failed() || !alive_) return;
    end_of_turn();
    if (alive_) arm();
  }

  world& world_;

 private:
  // There is at most one pending event for each process, for its earliest deadline.
  void arm() {
    const instant due = next_deadline();
    if (due == instant::max()) return;
    const instant when = due < clock() ? world_.now() : due - offset_;
    if (when >= wake_at_ && wake_at_ > world_.now()) return;
    wake_at_ = when;
    world_.at(when, [this, in_life = life_, when] {
      if (wake_at_ == when && life_ == in_life) wake_at_ = instant::max();
      happen(in_life, [this] { look_at_clock(); });
    });
  }

  std::string name_;
  bool alive_ = false, frozen_ = false;
  std::uint64_t life_ = 0, disturbances_ = 0;
  duration offset_{0};
  instant wake_at_ = instant::max();
  std::deque<std::function<void()>> inbox_;
};

}  // namespace gate::sim
