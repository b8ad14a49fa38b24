// Writes to descriptors whose reader is another program, which may be slow or gone.
#pragma once

#include <chrono>
#include <string_view>

#include <signal.h>

namespace gate {

// Blocks all signals in this thread. The thread must start no program: that program would inherit the mask.
void block_all_signals() noexcept;

// While this object lives, a write to a pipe without a reader raises no SIGPIPE in this thread. The process's action
// for SIGPIPE stays as it is.
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

// Writes all of the text, however long that takes. Returns false if it cannot be written. May raise SIGPIPE.
bool write_fully(int descriptor, std::string_view text) noexcept;

// Writes a line and a newline, if the descriptor takes them within `patience`. Raises no SIGPIPE. Returns false if the
// line was not written whole. For the few lines that a program itself writes to stdout and stderr.
bool write_line(int descriptor, std::string_view line,
                std::chrono::milliseconds patience = std::chrono::milliseconds(300)) noexcept;

}  // namespace gate
