#include "broker/core/src/client_turns.hpp"

#include <bit>
#include <new>
#include <utility>

#include <gate/assert.hpp>

#include "broker/core/src/peer_table.hpp"
#include "common/base/planted_bug.hpp"

namespace gate::broker {

namespace {

using line_list = intrusive_list<client_line, of_share>;
using share_list = intrusive_list<client_share, in_turn>;
using weight_list = intrusive_list<client_share, by_weight>;
using client_list = intrusive_list<client_line, of_client>;

// A principal that has logged in is the same on all its connections. Without a login: empty.
const std::string& principal_of(const call& c) noexcept {
  static const std::string nobody;
  if (c.client == nullptr) return c.orphan_caller;  // those of anonymous clients that left share one turn
  return c.client->context.logged_in() ? c.client->context.principal : nobody;
}

}  // namespace

client_places::~client_places() {
  while (client_line* const line = few.first()) line->owner->leave_client(*line);
  while (client_line* const line = more.first()) line->owner->leave_client(*line);
}

// --- calls

void client_turns::push_back(call& c) {
  client_line* const known = c.client == nullptr ? nullptr : line_of(*c.client);
  client_line& line = known != nullptr ? *known : open_line(c, false);
  line.calls.push_back(c);
  add(c, line);
}

void client_turns::push_front(call& c) {
  client_line* const known = c.client == nullptr ? nullptr : line_of(*c.client);
  client_line& line = known != nullptr ? *known : open_line(c, true);
  line.calls.push_front(c);
  add(c, line);
}

void client_turns::add(call& c, client_line& line) {
  c.line = &line;
  ++line.share->calls;
  line.share->bytes += c.kept->bytes();
  weigh(*line.share);
}

void client_turns::remove(call& c) noexcept {
  client_line& line = *std::exchange(c.line, nullptr);
  intrusive_list<call, in_queue>::unlink(c);
  --line.share->calls;
  line.share->bytes -= c.kept->bytes();
  weigh(*line.share);
  if (line.calls.empty()) close(line);
}

void client_turns::served(const call& c) noexcept {
  client_share& share = *c.line->share;
  if (is_planted(planted_bug::keeps_its_turn) && share.calls > 0) return;
  if (share.lines.last() != c.line) share.lines.push_back(*c.line);
  share.turn = ++clock_;
  if (order_.last() != &share) order_.push_back(share);
}

void client_turns::clear() noexcept {
  while (call* const c = next()) remove(*c);
}

// --- places

client_line* client_turns::line_of(const peer& client) const noexcept {
  for (client_line& line : client.places.few) {
    if (line.owner == this) return &line;
  }
  if (client.places.more.empty()) return nullptr;
  const auto at = by_client_.find(&client.places);
  return at == by_client_.end() ? nullptr : at->second;
}

// False if there is no memory for the entry.
bool client_turns::index(client_line& line, const client_places& client) noexcept {
  try {
    return by_client_.emplace(&client, &line).second;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void client_turns::place(client_line& line, client_places& client) noexcept {
  line.indexed = client.few_count >= client_places::few_max && index(line, client);
  if (line.indexed) {
    client.more.push_back(line);
  } else {
    ++client.few_count;
    client.few.push_front(line);
  }
  line.at = &client;
}

void client_turns::leave_client(client_line& line) noexcept {
  client_places* const client = std::exchange(line.at, nullptr);
  if (client == nullptr) return;
  client_list::unlink(line);
  if (line.indexed) {
    by_client_.erase(client);
  } else {
    --client->few_count;
  }
}

client_share* client_turns::share_of(const std::string& principal) const noexcept {
  if (principal.empty() || by_principal_.empty()) return nullptr;
  const auto at = by_principal_.find(principal);
  return at == by_principal_.end() ? nullptr : at->second;
}

client_line& client_turns::open_line(const call& c, bool at_front) {
  if (spare_lines_.empty()) {
    lines_.push_back(std::make_unique<client_line>());
    spare_lines_.reserve(lines_.size());  // so that close() cannot fail
    spare_lines_.push_back(lines_.back().get());
  }
  client_line& line = *spare_lines_.back();
  const std::string& principal = principal_of(c);
  client_share* const known = share_of(principal);
  client_share& share = known != nullptr ? *known : open_share(principal, at_front);
  spare_lines_.pop_back();
  line.owner = this;
  line.share = &share;
  if (at_front) {
    share.lines.push_front(line);
  } else {
    share.lines.push_back(line);
  }
  if (c.client != nullptr) place(line, c.client->places);
  return line;
}

client_share& client_turns::open_share(const std::string& principal, bool at_front) {
  if (spare_shares_.empty()) {
    shares_.push_back(std::make_unique<client_share>());
    spare_shares_.reserve(shares_.size());
    spare_shares_.push_back(shares_.back().get());
  }
  client_share& share = *spare_shares_.back();
  if (!principal.empty()) by_principal_.emplace(principal, &share);
  spare_shares_.pop_back();
  share.principal = principal;
  if (at_front) {
    share.turn = order_.empty() ? ++clock_ : order_.front().turn;
    order_.push_front(share);
  } else {
    share.turn = ++clock_;
    order_.push_back(share);
  }
  return share;
}

void client_turns::close(client_line& line) noexcept {
  client_share& share = *std::exchange(line.share, nullptr);
  line_list::unlink(line);
  leave_client(line);
  line.owner = nullptr;
  spare_lines_.push_back(&line);
  if (share.lines.empty()) {
    if (!share.principal.empty()) by_principal_.erase(share.principal);
    share.principal.clear();
    share_list::unlink(share);
    spare_shares_.push_back(&share);
  }
  if (!empty() || lines_.size() <= spare_max) return;
  spare_lines_.clear();
  lines_.clear();
  spare_shares_.clear();
  shares_.clear();
}

// --- weight

void client_turns::weigh(client_share& share) noexcept {
  const auto is = static_cast<unsigned>(std::bit_width(share.weight()));
  const unsigned was = std::exchange(share.weight_class, is);
  if (is == was) return;
  weight_list::unlink(share);
  if (was != 0 && classes_[was].empty()) classes_used_ &= ~(std::uint64_t{1} << was);
  if (is == 0) return;
  classes_[is].push_back(share);
  classes_used_ |= std::uint64_t{1} << is;
}

const client_share* client_turns::heaviest() const noexcept {
  if (classes_used_ == 0) return nullptr;
  return classes_[63 - static_cast<unsigned>(std::countl_zero(classes_used_))].first();
}

std::size_t client_turns::weight_of(const peer& client) const noexcept {
  const client_share* share = nullptr;
  if (const client_line* const line = line_of(client); line != nullptr) {
    share = line->share;
  } else if (client.context.logged_in()) {
    share = share_of(client.context.principal);
  }
  return share == nullptr ? 0 : share->weight();
}

bool client_turns::consistent() const noexcept {
  std::size_t named = 0, indexed = 0;
  std::uint64_t turn = 0;
  for (const client_share& s : order_) {
    if (s.lines.empty() || s.turn < turn || !weight_list::linked(s)) return false;
    turn = s.turn;
    std::size_t calls = 0, bytes = 0;
    for (const client_line& l : s.lines) {
      if (l.owner != this || l.share != &s || l.calls.empty()) return false;
      if (l.at != nullptr) {
        const auto known = by_client_.find(l.at);
        if (l.indexed != (known != by_client_.end()) || (l.indexed && known->second != &l)) return false;
        if (l.indexed) ++indexed;
      }
      for (const call& c : l.calls) {
        if (c.line != &l) return false;
        if (c.client != nullptr && c.client->context.logged_in() != !s.principal.empty()) return false;
        if (!s.principal.empty() && principal_of(c) != s.principal) return false;
        ++calls;
        bytes += c.kept->bytes();
      }
    }
    if (calls != s.calls || bytes != s.bytes) return false;
    if (s.weight_class != static_cast<unsigned>(std::bit_width(s.weight()))) return false;
    if (!s.principal.empty()) ++named;
  }
  return named == by_principal_.size() && indexed == by_client_.size();
}

}  // namespace gate::broker
