#include "common/transport/zmq_context.hpp"

#include <atomic>
#include <cstddef>
#include <memory>

#include "common/base/process_generation.hpp"
#include "common/transport/open_files.hpp"
#include "common/transport/src/hangup_guard.hpp"

namespace gate::peer {

namespace {

// The most sockets of one process. A client needs three while it connects and one afterwards. libzmq allocates 12 bytes
// for each of them at the start.
constexpr int sockets_max = 16'383;

// The descriptors that a context opens: one for itself, and two for each of its two threads, which start with the first
// socket.
constexpr int own_descriptors = 5;

struct context_of_process {
  context_of_process() {
    guard_hangups();
    context.set(zmq::ctxopt::max_sockets, sockets_max);
  }

  made_in_process made;
  zmq::context_t context;
  std::atomic<bool> has_begun{false};  // its threads run
};

std::atomic<context_of_process*> current{nullptr};
std::atomic<std::size_t> users{0};

// Destroys the context at the end of the process, unless a thread that nobody can join still has a socket open. Then
// the context is left, reachable, so it is no leak. In a child of fork() the parent's context is left too, because
// libzmq would wait for threads that do not exist there.
struct at_exit {
  at_exit() = default;
  at_exit(const at_exit&) = delete;
  at_exit& operator=(const at_exit&) = delete;
  ~at_exit() {
    context_of_process* const last = current.load();
    if (users == 0 && last != nullptr && !last->made.gone()) delete current.exchange(nullptr);
  }
};

// No lock: a child of fork() might find it locked for ever.
context_of_process& of_this_process() {
  static const at_exit end;
  context_of_process* known = current.load(std::memory_order_acquire);
  while (known == nullptr || known->made.gone()) {
    auto made = std::make_unique<context_of_process>();
    const std::size_t of_parent = known == nullptr ? 0 : users.load();
    if (!current.compare_exchange_strong(known, made.get(), std::memory_order_acq_rel)) continue;
    users -= of_parent;
    return *made.release();
  }
  return *known;
}

}  // namespace

zmq::context_t& transport_context() { return of_this_process().context; }

zmq::context_t& transport_context(int descriptors) {
  const context_of_process* const known = current.load(std::memory_order_acquire);
  const bool has_begun = known != nullptr && !known->made.gone() && known->has_begun;
  need_descriptors(descriptors + (has_begun ? 0 : own_descriptors));
  context_of_process& here = of_this_process();
  here.has_begun = true;
  return here.context;
}

context_user::context_user() noexcept { ++users; }
context_user::~context_user() { --users; }

}  // namespace gate::peer
