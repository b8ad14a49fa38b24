// Decides which call of a lane is served next: the clients that wait there take turns, and clients of one principal
// share one turn. docs/scheduling.md, section 1. Each operation costs O(1). A client has a place here while a call of
// it waits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <gate/intrusive_list.hpp>

#include "broker/core/src/in_flight.hpp"

namespace gate::broker {

struct client_share;
class client_turns;
struct client_places;

struct of_share;   // tag: the list of a share's lines
struct of_client;  // tag: the list of a client's lines
struct in_turn;    // tag: the order of shares
struct by_weight;  // tag: shares of about the same weight

// Calls of one connection, the oldest first.
struct client_line : intrusive_node<of_share>, intrusive_node<of_client> {
  client_turns* owner = nullptr;
  client_share* share = nullptr;
  client_places* at = nullptr;  // null once its client is gone
  bool indexed = false;         // in client_places::more: found by client_turns::by_client_
  intrusive_list<call, in_queue> calls;
};

// The lines of one client in all lanes. Up to few_max are searched one by one. Each of the others is found by an index
// of its lane.
struct client_places {
  static constexpr std::size_t few_max = 8;
  intrusive_list<client_line, of_client> few, more;
  std::size_t few_count = 0;

  client_places() = default;
  client_places(const client_places&) = delete;
  client_places& operator=(const client_places&) = delete;
  ~client_places();
};

// The lines of one principal, or of one connection without a login.
struct client_share : intrusive_node<in_turn>, intrusive_node<by_weight> {
  std::string principal;                        // empty: of one connection
  intrusive_list<client_line, of_share> lines;  // the next to be served is in front
  std::uint64_t turn = 0;                       // the share with the smallest is served next
  std::size_t calls = 0, bytes = 0;
  unsigned weight_class = 0;

  std::size_t weight() const noexcept { return bytes + calls * call_weight; }
  static constexpr std::size_t call_weight = 256;
};

class client_turns {
 public:
  // `clock` counts turns. The lanes of a service share one, so that turns of several lanes can be compared.
  explicit client_turns(std::uint64_t& clock) noexcept : clock_(clock) {}
  client_turns(const client_turns&) = delete;
  client_turns& operator=(const client_turns&) = delete;

  void push_back(call& c);
  // Puts the call before all others of its client. If its client has no place here yet, it gets the next turn.
  void push_front(call& c);
  void remove(call& c) noexcept;
  // Call this before remove() if the call is removed because it is served. The next turn of its client comes after
  // those of all others.
  void served(const call& c) noexcept;
  // Removes all calls.
  void clear() noexcept;

  bool empty() const noexcept { return order_.empty(); }
  // The call that is served next, null if none waits. turn(): its turn; only if one waits.
  call* next() const noexcept { return empty() ? nullptr : order_.front().lines.front().calls.first(); }
  std::uint64_t turn() const noexcept { return order_.front().turn; }

  template <class Visit> void for_each(Visit&& visit) const {
    for (const client_share& s : order_) {
      for (const client_line& l : s.lines) {
        for (call& c : l.calls) visit(c);
      }
    }
  }

  // A share of which no other weighs twice as much. Null if no call waits.
  const client_share* heaviest() const noexcept;
  // The weight of that client's share.
  std::size_t weight_of(const peer& client) const noexcept;
  // The call of that share that would be served last: the last one of its last line.
  static call& latest_of(const client_share& share) noexcept { return *share.lines.last()->calls.last(); }
  // The call in front of that one in its line, or null.
  static call* before(const call& c) noexcept { return c.line->calls.before(c); }

  // The client of the line has left. Its calls stay in the line.
  void leave_client(client_line& line) noexcept;

  // Whether lists, counts and classes agree. For tests.
  bool consistent() const noexcept;

 private:
  static constexpr std::size_t classes = 64;
  static constexpr std::size_t spare_max = 64;  // places kept while nobody waits

  client_line* line_of(const peer& client) const noexcept;
  client_share* share_of(const std::string& principal) const noexcept;
  client_line& open_line(const call& c, bool at_front);
  void place(client_line& line, client_places& client) noexcept;
  bool index(client_line& line, const client_places& client) noexcept;
  client_share& open_share(const std::string& principal, bool at_front);
  void close(client_line& line) noexcept;
  void weigh(client_share& share) noexcept;
  void add(call& c, client_line& line);

  std::uint64_t& clock_;
  intrusive_list<client_share, in_turn> order_;
  std::array<intrusive_list<client_share, by_weight>, classes> classes_;
  std::uint64_t classes_used_ = 0;
  std::unordered_map<std::string, client_share*> by_principal_;
  std::unordered_map<const client_places*, client_line*> by_client_;  // lines of clients that wait in many lanes
  std::vector<std::unique_ptr<client_line>> lines_;                   // all; those in spare_lines_ are free
  std::vector<std::unique_ptr<client_share>> shares_;
  std::vector<client_line*> spare_lines_;
  std::vector<client_share*> spare_shares_;
};

}  // namespace gate::broker
