// Checks every call from outside: the caller's request, the workers' work, and the result.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gate/clock.hpp>
#include <gate/error.hpp>
#include <gate/protocol.hpp>

#include "tests/sim/world.hpp"

namespace gate::sim {

// Names a call in the whole simulation; every payload that belongs to it carries the number.
using call_number = std::uint64_t;

enum class method : std::uint8_t { echo, slow, never, fail, count, sum, chat, fetch, put, missing };
inline constexpr std::array<std::string_view, 10> method_names{"echo", "slow", "never", "fail", "count",
                                                               "sum",  "chat", "fetch", "put",  "missing"};

struct tracked_call {
  method what = method::echo;
  std::uint8_t flags = 0;
  std::string_view service;
  std::uint32_t items = 0;  // sent by the method or the caller; chunks of huge replies and arguments too
  std::size_t padding_bytes = 0;
  unsigned executions = 0;
  bool ended = false;
  errc outcome = errc::ok;  // if it has ended
  bool forgotten = false;   // its caller died or gave it up: no more events may come
  std::uint32_t received = 0;
  bool begun = false;  // the head of its huge reply came

  bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }
};

// The payload of rogue messages: workers tell them by it from calls that count.
inline constexpr std::string_view rogue_payload = "!rogue";

class oracle {
 public:
  explicit oracle(world& in) : world_(in) {}

  call_number begin(tracked_call c);
  tracked_call& at(call_number n);

  // The call reached a worker, which may still refuse it or hand it back. Returns it.
  call_number arrived(const message& request);
  // Its method has begun.
  void executed(call_number n);
  void head_received(call_number n, const message& head);
  void part_received(call_number n, const message& part);
  void finished(call_number n, const message& final);
  void failed(call_number n, errc status, retry_class again, std::string_view text);
  void forgotten(call_number n) { at(n).forgotten = true; }

  std::size_t begun() const noexcept { return calls_.size(); }
  const std::array<std::uint64_t, errc_max + 1>& outcomes() const noexcept { return outcomes_; }

  // "17:3:xxxx": item 3 of call 17, with padding.
  static std::string payload_of(call_number n, std::uint32_t item, std::size_t padding_bytes);
  struct parsed {
    call_number call = 0;
    std::uint32_t item = 0;
    std::size_t padding_bytes = 0;
    bool sound = false;
  };
  static parsed parse(bytes_view payload);

 private:
  void end(call_number n);

  world& world_;
  std::vector<tracked_call> calls_;  // call n at n - 1
  std::array<std::uint64_t, errc_max + 1> outcomes_{};
};

}  // namespace gate::sim
