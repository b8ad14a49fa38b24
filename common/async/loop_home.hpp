#pragma once

#include <memory>
#include <thread>

#include <gate/loop.hpp>

namespace gate::client {

// A loop on a thread of its own. The destructor ends the thread and joins it. The destructor may run on that thread
// itself: the last owner of a client may be a coroutine on the client's loop. Then the thread ends later by itself, and
// its loop with it.
class loop_home {
 public:
  loop_home();
  loop_home(const loop_home&) = delete;
  loop_home& operator=(const loop_home&) = delete;
  ~loop_home();

  loop& where() noexcept;

 private:
  struct state;
  static bool run_to_end(state& self);

  std::shared_ptr<state> state_;
  std::thread thread_;
};

}  // namespace gate::client
