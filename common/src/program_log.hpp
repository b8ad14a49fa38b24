// The log of a program: where the lines go that the library writes through spdlog's default logger.
#pragma once

#include <memory>
#include <string>

namespace spdlog {
class logger;
}

namespace gate {

// While it lives, log lines of at least `level` (trace, debug, info, warn, error, off) go to stderr, written by a
// thread of their own; when that one cannot keep up, the oldest of 8192 lines are dropped rather than waited for. Its
// end writes what is left. One at a time, made and destroyed by the main thread; nothing may be logged behind its end.
class program_log {
 public:
  program_log(const std::string& program, const std::string& level);
  program_log(const program_log&) = delete;
  program_log& operator=(const program_log&) = delete;
  ~program_log();

 private:
  std::shared_ptr<spdlog::logger> logger_;
};

// For a program that is about to leave without its destructors: writes what is left.
void flush_program_log() noexcept;

}  // namespace gate
