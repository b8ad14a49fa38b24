#include "tests/sim/turns.hpp"

namespace gate::sim {

void turn_watch::heard(std::uint64_t connection, const message& request) {
  const oracle::parsed p = oracle::parse(request.payload.single());
  if (!p.sound) return;
  waiting_[p.call] = {connection, request.call, std::string(request.service), std::string(request.method),
                      !request.has(message_flag::one_way)};
  numbers_[{connection, request.call}] = p.call;
}

void turn_watch::ended(std::uint64_t connection, call_id number) {
  const auto known = numbers_.find({connection, number});
  if (known == numbers_.end()) return;
  const auto found = waiting_.find(known->second);
  numbers_.erase(known);
  if (found == waiting_.end()) return;
  const waiting_call gone = std::move(found->second);
  waiting_.erase(found);
  // A client without waiting calls has no place: its next call goes behind all others.
  for (const auto& [n, w] : waiting_) {
    if (w.connection == gone.connection && w.service == gone.service && w.method == gone.method) return;
  }
  const auto served = served_since_.find({gone.connection, gone.service});
  if (served == served_since_.end()) return;
  std::erase_if(served->second, [&gone](const auto& s) { return s.first.second == gone.method; });
}

void turn_watch::left(std::uint64_t connection) {
  std::erase_if(waiting_, [connection](const auto& w) { return w.second.connection == connection; });
  std::erase_if(numbers_, [connection](const auto& n) { return n.first.first == connection; });
  std::erase_if(served_since_, [connection](const auto& s) { return s.first.first == connection; });
}

std::string turn_watch::given(const message& request) {
  const oracle::parsed p = oracle::parse(request.payload.single());
  if (!p.sound) return {};
  const auto found = waiting_.find(p.call);
  if (found == waiting_.end()) {  // it was handed back, and used its client's turn once more
    if (const auto before = given_.find(p.call); before != given_.end()) served_since_.erase(before->second);
    return {};
  }
  const waiting_call served = found->second;
  waiting_.erase(found);
  served_since_.erase({served.connection, served.service});
  if (!given_.insert_or_assign(p.call, client_key{served.connection, served.service}).second) return {};
  std::map<std::uint64_t, call_number> others;
  for (const auto& [n, w] : waiting_) {
    if (w.waits && w.connection != served.connection && w.service == served.service && w.method == served.method) {
      others.emplace(w.connection, n);
    }
  }
  for (const auto& [other, n] : others) {
    if (++served_since_[{other, served.service}][{served.connection, served.method}] > turns_max) {
      return "call " + std::to_string(p.call) +
             " is given to a worker, the third of its client and method, while call " + std::to_string(n) +
             " of another client waits for its turn";
    }
  }
  return {};
}

}  // namespace gate::sim
