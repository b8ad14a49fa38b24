#pragma once

#include <initializer_list>

#include <gate/loop.hpp>
#include <gate/unique_function.hpp>

namespace gate {

// Keeps the signals from interrupting any thread that is started from now on, so that a signal_watch gets them. First
// thing in main(), before a thread or a ZeroMQ context exists. Throws std::system_error.
void block_signals(std::initializer_list<int> signals);

// Calls a function on the loop for each signal that the process receives, outside any coroutine. Blocks the signals for
// the calling thread itself. SIGINT, SIGTERM and SIGHUP are what it is for. Destroy it on the loop's thread, not from
// within the function. The signals stay blocked. Throws std::system_error.
class signal_watch {
 public:
  signal_watch(loop& where, std::initializer_list<int> signals, unique_function<void(int)> on_signal);
  signal_watch(const signal_watch&) = delete;
  signal_watch& operator=(const signal_watch&) = delete;
  ~signal_watch();

 private:
  void receive();

  unique_function<void(int)> on_signal_;
  int descriptor_ = -1;
  watch watch_;
};

}  // namespace gate
