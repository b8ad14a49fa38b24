#include "common/src/peer/context.hpp"

#include <atomic>
#include <cstddef>

#include "common/src/open_files.hpp"

namespace gate::peer {

namespace {

// Sockets of one process: three for a client that connects, one for a client that is connected. The room for them is
// made at the start, 12 bytes each.
constexpr int sockets_max = 16'383;

// What a context opens: one for itself, and two for each of its two threads, which begin with its first socket.
constexpr int own_descriptors = 5;

class shared_context {
 public:
  shared_context() { context_->set(zmq::ctxopt::max_sockets, sockets_max); }
  shared_context(const shared_context&) = delete;
  shared_context& operator=(const shared_context&) = delete;
  ~shared_context() {
    if (users == 0) delete context_;
  }
  zmq::context_t& get() noexcept { return *context_; }

  static inline std::atomic<std::size_t> users{0};
  static inline std::atomic<bool> has_begun{false};  // its threads run

 private:
  // Not a unique_ptr: what is left to the end of the process, because a thread that nobody can join has still a socket
  // open, stays reachable, and so is no leak.
  zmq::context_t* context_ = new zmq::context_t;
};

}  // namespace

zmq::context_t& transport_context() {
  static shared_context shared;
  return shared.get();
}

zmq::context_t& transport_context(int descriptors) {
  need_descriptors(descriptors + (shared_context::has_begun ? 0 : own_descriptors));
  zmq::context_t& here = transport_context();
  shared_context::has_begun = true;
  return here;
}

context_user::context_user() noexcept { ++shared_context::users; }
context_user::~context_user() { --shared_context::users; }

}  // namespace gate::peer
