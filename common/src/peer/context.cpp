#include "common/src/peer/context.hpp"

#include <atomic>
#include <cstddef>

namespace gate::peer {

namespace {

class shared_context {
 public:
  shared_context() = default;
  shared_context(const shared_context&) = delete;
  shared_context& operator=(const shared_context&) = delete;
  ~shared_context() {
    if (users == 0) delete context_;
  }
  zmq::context_t& get() noexcept { return *context_; }

  static inline std::atomic<std::size_t> users{0};

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

context_user::context_user() noexcept { ++shared_context::users; }
context_user::~context_user() { --shared_context::users; }

}  // namespace gate::peer
