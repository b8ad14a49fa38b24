// Writes log lines to a descriptor. A thread that logs never waits for the reader.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace gate {

// Writes lines to a descriptor from a thread of its own. If the descriptor takes nothing (a full pipe), lines wait;
// beyond the limits the oldest are dropped. If there is no reader any more (EPIPE), or the disk is full, lines are
// dropped too. No signal is raised. Once writing works again, a line says how many were dropped. Thread-safe.
class log_writer {
 public:
  static constexpr std::size_t lines_max = 8192;
  static constexpr std::size_t bytes_max = std::size_t{4} << 20;

  // `dropped` makes the line that says how many were dropped. The writer's thread calls it. The descriptor must stay
  // open until the process ends: the thread may outlive this object. Throws std::system_error.
  log_writer(int descriptor, std::function<std::string(std::uint64_t count)> dropped);
  log_writer(const log_writer&) = delete;
  log_writer& operator=(const log_writer&) = delete;
  ~log_writer() { finish(); }

  // Never waits. A line ends in a newline. Does nothing after finish().
  void add(std::string line);

  // Waits until all lines are written, for `patience` at the most. If that is not enough, the thread is left behind and
  // ends with the process.
  static constexpr auto patience = std::chrono::milliseconds(300);
  void finish() noexcept;

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace gate
