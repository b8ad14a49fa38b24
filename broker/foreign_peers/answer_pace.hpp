// Holds back answers of a worker whose dialect has no credit. Parts beyond the window of their call wait here, in order
// and up to a bound, until the core grants more. No clock and no socket of its own.
#pragma once

#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

#include <gate/detail/credit.hpp>
#include <gate/protocol.hpp>

#include "common/base/byte_total.hpp"
#include "common/wire/kept_envelope.hpp"

namespace gate::broker {

class answer_pace {
 public:
  // `held_bytes_max` bounds what is held of all calls of this worker. A part beyond it passes, and the core ends its
  // call. `all` is a bound that several workers share. It outlives this, and may be null. Each worker may hold
  // held_bytes_min even if `all` is exceeded.
  explicit answer_pace(std::size_t held_bytes_max, byte_total* all = nullptr) noexcept
      : held_bytes_max_(held_bytes_max), share_(all) {}

  static constexpr std::size_t held_bytes_min = 1u << 20;

  // --- what the core says to the worker

  void request(const message& m);
  void credit(const message& m);
  void cancel(call_id call);

  // --- what the worker says

  // Whether this part, final or error may go to the core now. If not, it is kept here. Call take_ready() first.
  bool admit(const message& m);

  // The messages that were kept and may go to the core now, in order.
  bool has_ready() const noexcept { return !ready_.empty(); }
  template <class Visit> void take_ready(Visit visit) {
    const std::vector<wire::gate2::kept_envelope> all = std::exchange(ready_, {});
    for (const wire::gate2::kept_envelope& each : all) {
      const message m = each.view();
      visit(m);
    }
  }

  std::size_t held_bytes() const noexcept { return held_bytes_; }

 private:
  struct kept {
    wire::gate2::kept_envelope envelope;
    std::size_t payload_bytes;
    bool is_part;
  };
  struct open_call {
    credit_window window;
    bool paced = false;      // its caller takes a stream, or a huge answer has begun
    std::vector<kept> held;  // from first_ on
    std::size_t first = 0;
    bool holds() const noexcept { return first < held.size(); }
  };
  using open_calls = std::unordered_map<call_id, open_call>;

  bool has_room_for(std::size_t more) const noexcept;
  void keep(open_call& c, const message& m);
  wire::gate2::kept_envelope take_first(open_call& c);

  std::size_t held_bytes_max_;
  std::size_t held_bytes_ = 0;
  byte_share share_;
  open_calls open_;  // those whose caller takes an answer in parts
  std::vector<wire::gate2::kept_envelope> ready_;
};

}  // namespace gate::broker
