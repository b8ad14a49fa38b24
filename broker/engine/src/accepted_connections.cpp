#include "broker/engine/accepted_connections.hpp"

#include <utility>

#include <sys/socket.h>

#include <gate/assert.hpp>

#include "common/transport/open_files.hpp"

namespace gate::broker {
namespace {

// A first message that is long has hello_timeout several times, times_max at the most. Each time at least so many bytes
// of it must arrive.
constexpr std::uint64_t message_bytes_min = 32u << 10;
constexpr unsigned times_max = 12;

}  // namespace

void accepted_connections::accepted(int descriptor, instant now) {
  GATE_ASSERT(descriptor >= 0);
  const auto place = static_cast<std::size_t>(descriptor);
  if (place >= open_.size()) open_.resize(place + 1);
  if (!open_[place]) ++count_;
  open_[place] = std::make_unique<accepted_connection>(
      accepted_connection{socket_inode(descriptor), now, std::nullopt, false, {}, {}});
  silent_.push_back({.descriptor = descriptor, .inode = open_[place]->inode, .accepted = now, .since = now});
}

std::optional<accepted_connection> accepted_connections::ended(int descriptor) {
  const accepted_connection* const known = find(descriptor);
  if (known == nullptr) return std::nullopt;
  --count_;
  return std::move(*std::exchange(open_[static_cast<std::size_t>(descriptor)], nullptr));
}

void accepted_connections::refuse(int descriptor) {
  accepted_connection* const known = find(descriptor);
  if (known == nullptr) return;
  refused_.push_back(descriptor);
  known->refused = true;
}

void accepted_connections::cut_refused() noexcept {
  for (const int descriptor : refused_) {
    const accepted_connection* const known = find(descriptor);
    if (known != nullptr && known->refused) cut(descriptor);
  }
  refused_.clear();
}

bool accepted_connections::cut(int descriptor) noexcept {
  accepted_connection* const known = find(descriptor);
  if (known == nullptr) return false;
  known->refused = true;
  if (known->inode == 0 || socket_inode(descriptor) != known->inode) return false;
  return ::shutdown(descriptor, SHUT_RDWR) == 0;
}

bool accepted_connections::is_silent(const mark& m) noexcept {
  const accepted_connection* const known = find(m.descriptor);
  return known != nullptr && known->inode == m.inode && known->accepted == m.accepted && !known->owner &&
         !known->refused;
}

std::optional<instant> accepted_connections::oldest_silent() noexcept {
  while (!silent_.empty() && !is_silent(silent_.front())) silent_.pop_front();
  if (silent_.empty()) return std::nullopt;
  return silent_.front().since;
}

std::size_t accepted_connections::cut_silent(instant until, instant now, silent_watcher& watcher) {
  std::size_t count = 0;
  while (const std::optional<instant> oldest = oldest_silent()) {
    if (*oldest > until) break;
    mark first = silent_.front();
    silent_.pop_front();
    const std::uint64_t received = watcher.received_bytes(first.descriptor);
    if (first.times < times_max && received >= first.received + message_bytes_min) {
      ++first.times;
      first.since = now;
      first.received = received;
      silent_.push_back(first);
      continue;
    }
    watcher.announce(first.descriptor);
    cut(first.descriptor);
    ++count;
  }
  return count;
}

}  // namespace gate::broker
