#pragma once

#include <initializer_list>
#include <vector>

#include <gate/loop.hpp>
#include <gate/unique_function.hpp>

namespace gate {

// From now on the signals do not end this process: they are kept for a signal_watch. Call it first in main(), before
// anything that takes time. Throws std::system_error.
//
// SIGHUP and SIGINT stay ignored if they are ignored now, in this process and in the programs that it starts. nohup
// asks for the first; a shell that starts a program in the background asks for the second.
//
// The signals are handled, not blocked. A program that this process starts (exec, posix_spawn, popen, system) begins
// with the default actions, and with the signal mask that this process began with. A child made by fork() has the
// actions from before this call.
void keep_signals(std::initializer_list<int> signals);

// Calls a function on the loop, outside any coroutine, for each signal that the process receives. It begins with the
// signals that keep_signals() kept. The destructor restores the earlier actions. One at a time for each signal. Destroy
// it on the loop's thread, not in the function. Throws std::system_error.
class signal_watch {
 public:
  signal_watch(loop& where, std::initializer_list<int> signals, unique_function<void(int)> on_signal);
  signal_watch(const signal_watch&) = delete;
  signal_watch& operator=(const signal_watch&) = delete;
  ~signal_watch();

 private:
  void receive(int signal);

  unique_function<void(int)> on_signal_;
  std::vector<int> signals_;
  std::vector<watch> watches_;
};

}  // namespace gate
