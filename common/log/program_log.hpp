// The log of a program: where the lines go that the library writes through spdlog's default logger.
#pragma once

#include <memory>
#include <string>

namespace gate {

class log_writer;

// While it lives, log lines of at least `level` (trace, debug, info, warn, error, off) go to stderr. Who logs never
// waits, and no reader of stderr that is slow, stuck or gone can stop or end the program: see log_writer. Its end
// writes the rest, within log_writer::patience. One at a time, made and destroyed by the main thread. Lines that are
// logged behind its end go nowhere.
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

// For a program that is about to leave without its destructors: writes the rest.
void flush_program_log() noexcept;

}  // namespace gate
