// The places of the calls of one client that await an answer.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <utility>

#include <gate/assert.hpp>
#include <gate/intrusive_list.hpp>
#include <gate/suspension.hpp>
#include <gate/task.hpp>

namespace gate::detail {

class call_places;

// One place, or none. Gives it back when it is destroyed. Move-only.
class call_place {
 public:
  call_place() noexcept = default;
  explicit call_place(call_places& from) noexcept : from_(&from) {}
  call_place(call_place&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
  call_place& operator=(call_place&& other) noexcept {
    if (this != &other) {
      give_back();
      from_ = std::exchange(other.from_, nullptr);
    }
    return *this;
  }
  ~call_place() { give_back(); }

  explicit operator bool() const noexcept { return from_ != nullptr; }
  void give_back() noexcept;

 private:
  call_places* from_ = nullptr;
};

// At most `capacity` calls hold a place at once (client_options::in_flight_max); the others wait, first come first
// served. It outlives its places and those that wait for one. For one loop's thread.
class call_places {
 public:
  explicit call_places(std::size_t capacity) noexcept : capacity_(capacity > 0 ? capacity : 1) {}
  call_places(const call_places&) = delete;
  call_places& operator=(const call_places&) = delete;

  // A place at once. None if all are taken, or if a caller waits already.
  call_place try_take() noexcept {
    if (used_ >= capacity_ || !waiters_.empty()) return call_place();
    ++used_;
    return call_place(*this);
  }

  // Waits for a place: `auto place = co_await places.take();` Throws `cancelled`, and what fail_waiting() was given.
  class [[nodiscard]] turn final : public suspension, public gate::intrusive_node<turn> {
   public:
    explicit turn(call_places& places) noexcept : places_(places) {}
    ~turn() override {
      if (waiting()) gate::intrusive_node<turn>::unlink();
    }
    template <has_env P> bool await_suspend(std::coroutine_handle<P> handle) noexcept {
      if (!begin(handle)) return false;
      place_ = places_.try_take();
      if (place_) {
        no_wait();
        return false;
      }
      places_.waiters_.push_back(*this);
      return true;
    }
    call_place await_resume() {
      finish();
      if (error_) std::rethrow_exception(error_);
      return std::move(place_);
    }

   private:
    friend class call_places;
    bool abandon() noexcept override {
      gate::intrusive_node<turn>::unlink();
      return true;
    }
    void end() noexcept { wake(); }

    call_places& places_;
    call_place place_;
    std::exception_ptr error_;
  };
  turn take() noexcept { return turn(*this); }

  // Ends all waits with an error. Places that are held stay so.
  void fail_waiting(const std::exception_ptr& error) noexcept {
    while (!waiters_.empty()) {
      turn& waiter = waiters_.pop_front();
      waiter.error_ = error;
      waiter.end();
    }
  }

 private:
  friend class call_place;
  // The place goes to the caller that has waited longest.
  void give_back() noexcept {
    if (waiters_.empty()) {
      GATE_ASSERT(used_ > 0);
      --used_;
      return;
    }
    turn& next = waiters_.pop_front();
    next.place_ = call_place(*this);
    next.end();
  }

  const std::size_t capacity_;
  std::size_t used_ = 0;
  intrusive_list<turn, turn> waiters_;
};

inline void call_place::give_back() noexcept {
  if (call_places* const from = std::exchange(from_, nullptr)) from->give_back();
}

}  // namespace gate::detail
