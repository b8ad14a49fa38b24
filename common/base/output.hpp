// Writing to descriptors that somebody else reads, or does not read any more.
#pragma once

#include <string_view>

#include <signal.h>

namespace gate {

// For a thread that no signal is to interrupt, and that starts no program: what it starts would inherit the mask.
void block_all_signals() noexcept;

// While it lives, writing to a pipe that nobody reads raises no SIGPIPE in this thread. The process's own action for
// SIGPIPE stays what it is.
class no_sigpipe {
 public:
  no_sigpipe() noexcept;
  no_sigpipe(const no_sigpipe&) = delete;
  no_sigpipe& operator=(const no_sigpipe&) = delete;
  ~no_sigpipe();

 private:
  sigset_t before_{};
  bool was_pending_ = false;
};

// Writes all of it, however long that takes; false if it cannot be written. May raise SIGPIPE.
bool write_fully(int descriptor, std::string_view text) noexcept;

}  // namespace gate
