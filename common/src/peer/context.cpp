#include "common/src/peer/context.hpp"

#include <atomic>
#include <cstddef>
#include <memory>

#include "common/src/process_generation.hpp"

namespace gate::peer {

namespace {

struct context_of_process {
  made_in_process made;
  zmq::context_t context;
};

std::atomic<context_of_process*> current{nullptr};
std::atomic<std::size_t> users{0};

// What is left to the end of the process, because a thread that nobody can join has still a socket open, stays
// reachable, and so is no leak. In a child of fork() the parent's context stays as well: libzmq would wait for threads
// that are not there.
struct at_exit {
  at_exit() = default;
  at_exit(const at_exit&) = delete;
  at_exit& operator=(const at_exit&) = delete;
  ~at_exit() {
    context_of_process* const last = current.load();
    if (users == 0 && last != nullptr && !last->made.gone()) delete current.exchange(nullptr);
  }
};

}  // namespace

// Without a lock, which a child of fork() might find held for ever.
zmq::context_t& transport_context() {
  static const at_exit end;
  context_of_process* known = current.load(std::memory_order_acquire);
  while (known == nullptr || known->made.gone()) {
    auto made = std::make_unique<context_of_process>();
    const std::size_t of_parent = known == nullptr ? 0 : users.load();
    if (!current.compare_exchange_strong(known, made.get(), std::memory_order_acq_rel)) continue;
    users -= of_parent;
    return made.release()->context;
  }
  return known->context;
}

context_user::context_user() noexcept { ++users; }
context_user::~context_user() { --users; }

}  // namespace gate::peer
