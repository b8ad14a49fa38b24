// A core for several callers on one thread. It aborts if one of them calls the core while the core works: an `output`
// or an observer that calls back would find a state that is half changed.
#pragma once

#include <gate/assert.hpp>

#include "broker/core/core.hpp"

namespace gate::broker {

class guarded_core {
 public:
  // The core outlives this.
  explicit guarded_core(core& of) noexcept : core_(of) {}
  guarded_core(const guarded_core&) = delete;
  guarded_core& operator=(const guarded_core&) = delete;

  // An event for the core: guarded->received(...). The core is at work until the end of that expression.
  class event {
   public:
    explicit event(guarded_core& of) noexcept : of_(of) {
      GATE_ASSERT(!of_.works_);
      of_.works_ = true;
    }
    event(const event&) = delete;
    event& operator=(const event&) = delete;
    ~event() { of_.works_ = false; }
    core* operator->() const noexcept { return &of_.core_; }

   private:
    guarded_core& of_;
  };
  event operator->() noexcept { return event(*this); }

  // For questions, which may be asked while the core works.
  const core& view() const noexcept { return core_; }
  bool works() const noexcept { return works_; }

 private:
  core& core_;
  bool works_ = false;
};

}  // namespace gate::broker
