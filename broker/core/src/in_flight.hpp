// The table of calls: those that are queued, those that are running, and those that have ended for the client while the
// worker still owes its answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gate/clock.hpp>
#include <gate/intrusive_list.hpp>
#include <gate/protocol.hpp>

#include "broker/balancers/held_work.hpp"
#include "broker/core/credit.hpp"
#include "broker/core/src/stored_request.hpp"
#include "broker/core/src/timer.hpp"

namespace gate::broker {

struct peer;
struct worker;
struct lane;
struct client_line;
class service;

// The lists that a call is in.
struct by_client;
struct by_worker;
struct in_queue;

enum class call_stage : std::uint8_t {
  loose,      // free, or between two stages within one event
  queued,     // waits for a worker
  running,    // a worker holds it
  abandoned,  // ended for the client; the worker still owes its answer, and its slot is taken until then
};

// One call. Its base class `timer` is its deadline.
struct call : intrusive_node<by_client>, intrusive_node<by_worker>, intrusive_node<in_queue>, timer {
  call() noexcept : timer(timer_kind::call) {}

  std::uint32_t index = 0;       // of this record in the table
  std::uint32_t generation = 0;  // rises each time that a call in this record is given to a worker
  std::uint64_t hash = 0;        // of its client and the client's number for it
  std::uint32_t number = 0;      // of its method, as its service counts them
  call_stage stage = call_stage::loose;

  std::uint8_t flags = 0;
  std::uint8_t accept = 0;            // encodings of the answer that the client reads
  bool budgeted = false;              // it ends at ends_at; otherwise after the idle timeout, from progress_at on
  bool delivered = false;             // a part of the answer has gone to the client
  bool client_fed = false;            // credit for the client's parts was granted, so parts may be on their way
  bool client_ended = false;          // the client's last part has come
  bool given = false;                 // to a worker, at least once
  bool executed = false;              // a worker may have read it
  bool huge_answer = false;           // the head of a huge answer has gone to the client
  bool answering = false;             // its method has returned, and its thread is free for others
  bool recalled = false;              // its worker was asked to hand it back
  call_way way = call_way::capacity;  // what it takes of its worker, while it has one
  std::uint16_t hand_backs = 0;
  std::uint32_t attempt = 0;
  std::size_t charged_bytes = 0;  // counted in the allowance of its principal

  peer* client = nullptr;  // null for a one-way call whose client has left
  call_id client_call{};
  service* home = nullptr;
  lane* waits_in = nullptr;     // while queued
  client_line* line = nullptr;  // while queued: its client's place there
  worker* holder = nullptr;     // while running or abandoned
  std::int64_t position = 0;    // while queued: the order within the service

  instant accepted_at, queued_at, given_at, progress_at, ends_at;

  credit_window answers;                         // the worker's parts, towards the client
  credit_window arguments;                       // the client's parts, towards the worker
  std::optional<std::uint64_t> arguments_total;  // bytes of the client's parts, if its last message stated them

  std::string method;
  std::string orphan_caller;             // the principal of a client that has left
  std::unique_ptr<stored_request> kept;  // while queued; also while running, if it may be given to a second worker

#ifdef GATE_PLANTED_BUGS
  std::uint64_t late_client = 0;  // the peer to which the planted bug sends a late answer
#endif

  bool reads(std::uint8_t encoding) const noexcept { return (encoding & ~accept) == 0; }
  bool one_way() const noexcept { return (flags & message_flag::one_way) != 0; }
  bool takes_huge() const noexcept { return accept != 0 && !one_way(); }
  bool idempotent() const noexcept { return (flags & message_flag::idempotent) != 0; }
  bool wants_stream() const noexcept { return (flags & message_flag::wants_stream) != 0; }
  // Whether its worker may still hand it back: nothing shows that it has begun.
  bool unread() const noexcept { return !delivered && !client_fed && !huge_answer; }
  bool client_stream() const noexcept { return (flags & message_flag::client_stream) != 0; }
  // Whether parts of the answer go to the client, while its window is open.
  bool answers_in_parts() const noexcept { return wants_stream() || huge_answer; }
};

class in_flight {
 public:
  in_flight() = default;
  in_flight(const in_flight&) = delete;
  in_flight& operator=(const in_flight&) = delete;

  // A new call, in no list. It stays at its address until it is released. Records are used again, so a broker in steady
  // state allocates nothing.
  call& take();
  void release(call& c) noexcept;
  // Frees the chunks of which no record is in use.
  void forget_spare();
  std::size_t slots() const noexcept { return chunks_.size() * chunk_calls - absent_.size() * chunk_calls; }

  // The call that its client calls `id`. Null if no such call is open.
  call* find(const peer& client, call_id id) const noexcept { return find(client, id, hash_of(client, id)); }
  call* find(const peer& client, call_id id, std::uint64_t hash) const noexcept;
  void enter(call& c) { enter(c, hash_of(*c.client, c.client_call)); }
  void enter(call& c, std::uint64_t hash);  // under c.client and c.client_call, which must not be in the table
  std::uint64_t hash_of(const peer& client, call_id id) const noexcept;
  void remove(call& c) noexcept;

  // The name of a call in messages to and from its worker. rename() makes a new one, for each worker that gets the
  // call.
  static call_id rename(call& c) noexcept;
  static call_id name_of(const call& c) noexcept;
  // The call that this worker holds under that name. Null if this worker holds none of that name.
  call* held_by(const worker& holder, call_id name) const noexcept;

  // Visits every call that is not loose, in a fixed order.
  template <class Visit> void for_each(Visit&& visit) const {
    for (std::uint32_t i = 0; i < used_; ++i) {
      if (chunks_[i / chunk_calls] == nullptr) continue;
      call& c = at(i);
      if (c.stage != call_stage::loose) visit(c);
    }
  }

  std::size_t entered() const noexcept { return entered_; }

 private:
  static constexpr std::uint32_t chunk_calls = 256;
  static constexpr std::size_t table_min = 64;

  struct entry {
    std::uint64_t hash = 0;
    call* who = nullptr;
  };

  call& at(std::uint32_t index) const noexcept { return chunks_[index / chunk_calls][index % chunk_calls]; }
  void make_chunk(std::uint32_t chunk);
  void resize(std::size_t entries);

  std::vector<std::unique_ptr<call[]>> chunks_;  // null: freed
  std::vector<std::uint32_t> absent_;            // the indexes of chunks that are null
  std::uint32_t used_ = 0;                       // records that were ever used
  std::uint32_t generation_floor_ = 0;           // the highest generation in chunks that were freed
  std::vector<std::uint32_t> free_;
  std::vector<entry> table_;  // open addressing, linear probing; a power of two
  std::size_t entered_ = 0;
};

}  // namespace gate::broker
