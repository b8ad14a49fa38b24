// The log of a program: the destination of the lines that the library writes to spdlog's default logger.
#pragma once

#include <memory>
#include <string>

namespace gate {

class log_writer;

// While this object lives, log lines of at least `level` (trace, debug, info, warn, error, off) go to stderr. Logging
// never waits: a reader of stderr that is slow, stuck or gone cannot stop or end the program (see log_writer). The
// destructor writes the rest, within log_writer::patience; later lines go nowhere. One at a time. The main thread makes
// and destroys it.
class program_log {
 public:
  program_log(const std::string& program, const std::string& level);
  program_log(const program_log&) = delete;
  program_log& operator=(const program_log&) = delete;
  ~program_log();

  void set_level(const std::string& level);

 private:
  friend void flush_program_log() noexcept;
  static inline program_log* current = nullptr;
  std::shared_ptr<log_writer> writer_;
};

// Writes the rest. For a program that is about to exit without its destructors.
void flush_program_log() noexcept;

}  // namespace gate
