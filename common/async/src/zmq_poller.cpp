#include "common/async/zmq_poller.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include <zmq.h>

#include <gate/assert.hpp>

namespace gate::detail {

namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(zmq_errno(), std::generic_category(), what); }

int option(void* socket, int name) {
  int value = 0;
  std::size_t size = sizeof value;
  while (::zmq_getsockopt(socket, name, &value, &size) != 0) {
    if (zmq_errno() != EINTR) fail("zmq_getsockopt");
  }
  return value;
}

short to_poll_events(poller::interest wanted) noexcept {
  const int bits = static_cast<int>(wanted);
  return static_cast<short>(((bits & 1) != 0 ? POLLIN : 0) | ((bits & 2) != 0 ? POLLOUT : 0));
}

// Whether the socket is ready for what is wanted. ZMQ_EVENTS also resets the socket's descriptor: until the socket is
// used next, the descriptor becomes readable for new events only.
bool is_ready(poller::watched& item) {
  const int events = option(item.socket, ZMQ_EVENTS);
  const int bits = static_cast<int>(item.wanted);
  const bool ready = ((bits & 1) != 0 && (events & ZMQ_POLLIN) != 0) ||
                     ((bits & 2) != 0 && (events & ZMQ_POLLOUT) != 0) ||
                     ((bits & 4) != 0 && (events & ZMQ_POLLOUT) == 0);
  item.used = ready;  // if ready, asked again in the next wait, used or not
  return ready;
}

}  // namespace

zmq_poller::zmq_poller(const clock_source& clock, std::unique_ptr<descriptor_wait> waits)
    : clock_(clock), waits_(waits ? std::move(waits) : make_own_wait()) {}

zmq_poller::~zmq_poller() {
  compact();
  GATE_ASSERT(watched_.empty() || made_.gone());  // a socket or a watch outlives its loop
}

void zmq_poller::add(watched& item) {
  if (item.socket != nullptr) item.descriptor = option(item.socket, ZMQ_FD);
  watched_.push_back(&item);
}

void zmq_poller::remove(watched& item) noexcept {
  const auto found = std::find(watched_.begin(), watched_.end(), &item);
  if (found == watched_.end()) return;
  *found = nullptr;  // not erased: a callback may be walking the list
  holes_ = true;
}

void zmq_poller::compact() {
  if (!std::exchange(holes_, false)) return;
  std::erase(watched_, nullptr);
}

int zmq_poller::timeout_ms(std::optional<instant> until) const noexcept {
  if (!until) return -1;
  if (*until == instant::min()) return 0;
  const duration left = *until - clock_.now();
  if (left <= duration::zero()) return 0;
  constexpr auto longest = std::chrono::hours(1);  // a wait may return early; this keeps the arithmetic small
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(std::min<duration>(left, longest)).count());
}

// Gathers the descriptors to poll, and asks the sockets that have been used. Returns true if one of those is ready.
bool zmq_poller::look() {
  ready_.clear();
  polled_.clear();
  descriptors_.clear();
  descriptors_.reserve(watched_.size() + 1);  // one more for the waker
  for (std::size_t i = 0; i < watched_.size(); ++i) {
    watched& item = *watched_[i];
    if (item.wanted == interest::none) continue;
    if (item.socket != nullptr && (item.used || !item.tells_use) && is_ready(item)) {
      ready_.push_back(i);
      continue;
    }
    polled_.push_back(i);
    descriptors_.push_back({item.descriptor, item.socket == nullptr ? to_poll_events(item.wanted) : short{POLLIN}, 0});
  }
  return !ready_.empty();
}

// Returns true if the wait is over. A socket's descriptor may report an event that nobody wants: then the wait goes on.
bool zmq_poller::poll_once(int timeout) {
  const bool woken = waits_->wait(descriptors_, timeout);
  bool announced = false;
  for (std::size_t i = 0; i < polled_.size(); ++i) {
    if (descriptors_[i].revents == 0) continue;
    announced = true;
    watched& item = *watched_[polled_[i]];
    if (item.socket == nullptr || is_ready(item)) ready_.push_back(polled_[i]);
  }
  return woken || !announced || !ready_.empty();
}

void zmq_poller::call_back() {
  std::sort(ready_.begin(), ready_.end());  // in the order in which they were added
  for (const std::size_t i : ready_) {
    if (watched* const item = watched_[i]) item->on_event();
  }
}

// In a child of fork(): the waiter and the sockets belong to the parent, and their threads do not exist in the child.
void zmq_poller::start_anew() {
  waits_ = make_own_wait();
  std::erase_if(watched_, [](const watched* item) { return item == nullptr || item->socket != nullptr; });
  made_ = made_in_process();
}

void zmq_poller::wait(std::optional<instant> until) {
  if (made_.gone()) start_anew();
  compact();
  const bool found = look();
  for (bool over = false; !over;) {
    const int timeout = found ? 0 : timeout_ms(until);
    over = poll_once(timeout) || timeout == 0;
  }
  call_back();
}

}  // namespace gate::detail
