#pragma once

#include <initializer_list>
#include <vector>

#include <gate/loop.hpp>
#include <gate/unique_function.hpp>

namespace gate {

// From now on the signals do not end this process: they are kept for a signal_watch. For main(), before anything takes
// its time. SIGHUP and SIGINT stay ignored if they are ignored now: nohup asks for the one, and a shell that starts a
// program in the background for the other. What this process starts finds them ignored as well. They are handled, not
// blocked, so that a program which this process starts (exec, posix_spawn, popen, system) begins with the signal mask
// that this process began with, and with their default actions. A child made by fork() has the actions from before this
// call. Throws std::system_error.
void keep_signals(std::initializer_list<int> signals);

// Calls a function on the loop for each signal that the process receives, outside any coroutine; those first that
// keep_signals() kept. Its end gives the signals back the actions that they had. One at a time for each signal. Destroy
// it on the loop's thread, not from within the function. Throws std::system_error.
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
