#include "broker/src/connections.hpp"

#include <utility>

#include <sys/socket.h>

#include "common/src/open_files.hpp"

namespace gate::broker {
void connections::accepted(int descriptor, instant now) {
  connection fresh{socket_inode(descriptor), now, std::nullopt, false, {}};
  silent_.push_back({descriptor, fresh.inode, now});
  open_.insert_or_assign(descriptor, std::move(fresh));
}

std::optional<connection> connections::ended(int descriptor) {
  const auto found = open_.find(descriptor);
  if (found == open_.end()) return std::nullopt;
  std::optional<connection> was(std::move(found->second));
  open_.erase(found);
  return was;
}

connection* connections::find(int descriptor) noexcept {
  const auto found = open_.find(descriptor);
  return found == open_.end() ? nullptr : &found->second;
}

void connections::refuse(int descriptor) {
  connection* const known = find(descriptor);
  if (known == nullptr) return;
  refused_.push_back(descriptor);
  known->refused = true;
}

void connections::cut_refused() noexcept {
  for (const int descriptor : refused_) {
    const connection* const known = find(descriptor);
    if (known != nullptr && known->refused) cut(descriptor);
  }
  refused_.clear();
}

bool connections::cut(int descriptor) noexcept {
  connection* const known = find(descriptor);
  if (known == nullptr) return false;
  known->refused = true;
  if (known->inode == 0 || socket_inode(descriptor) != known->inode) return false;
  return ::shutdown(descriptor, SHUT_RDWR) == 0;
}

bool connections::is_silent(const mark& m) noexcept {
  const connection* const known = find(m.descriptor);
  return known != nullptr && known->inode == m.inode && known->accepted == m.accepted && !known->owner &&
         !known->refused;
}

std::optional<instant> connections::oldest_silent() noexcept {
  while (!silent_.empty() && !is_silent(silent_.front())) silent_.pop_front();
  if (silent_.empty()) return std::nullopt;
  return silent_.front().accepted;
}

std::size_t connections::cut_silent(instant until, unique_function<void(int descriptor)> announce) {
  std::size_t count = 0;
  while (const std::optional<instant> oldest = oldest_silent()) {
    if (*oldest > until) break;
    announce(silent_.front().descriptor);
    cut(std::exchange(silent_.front().descriptor, -1));
    silent_.pop_front();
    ++count;
  }
  return count;
}

}  // namespace gate::broker
