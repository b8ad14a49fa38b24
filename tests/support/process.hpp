// A program that runs beside a test: with arguments, its output read line by line, with signals, and awaited.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace gate::test {

// Far longer than anything here takes, even on a loaded machine under a sanitizer. If this time passes, the test fails.
inline constexpr std::chrono::seconds patience{40};

// An event for which a test waited did not happen. what() names it, with all that the program wrote.
class did_not_happen final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// How a program ended: by exit(code), or killed by a signal. Then code is -1.
struct program_end {
  int code = -1;
  int signal = 0;
  bool operator==(const program_end&) const noexcept = default;
  friend std::ostream& operator<<(std::ostream& out, const program_end& end);  // for messages of failed tests
};

// A child process. SIGKILL ends it at the end of this object, and also if the test itself dies. Reports of a sanitizer
// in it are then passed on. A function that waits throws did_not_happen if its deadline passes, or if the program ends
// first. One thread uses it.
class process {
 public:
  enum class stream { out, err };

  // `program` is a path, or the name of a program of this build.
  process(const std::string& program, const std::vector<std::string>& arguments);
  process(const process&) = delete;
  process& operator=(const process&) = delete;
  ~process();

  pid_t pid() const noexcept { return pid_; }

  // Waits until `times` lines of that stream contain the text, and returns the last of them. Lines end with a newline.
  std::string wait_for_line(std::string_view text, stream where = stream::out, std::size_t times = 1,
                            std::chrono::milliseconds deadline = patience);
  // The number of lines up to now that contain the text.
  std::size_t count_lines(std::string_view text, stream where = stream::err) const;
  // All output up to now.
  std::string text(stream where) const;

  void signal(int number) const;
  program_end wait(std::chrono::milliseconds deadline = patience);
  // Sends SIGKILL and waits for the end.
  void kill();
  bool running() const;

  // From /proc, while the program runs.
  std::size_t resident_bytes() const;
  std::size_t peak_resident_bytes() const;
  std::size_t descriptors() const;
  std::size_t threads() const;
  std::chrono::microseconds cpu_time() const;

 private:
  void read_all();
  void take(stream where, std::string_view raw);
  [[noreturn]] void fail(std::string_view what) const;
  std::string status_line(std::string_view key) const;

  struct output {
    int descriptor = -1;
    std::string text;
  };

  std::string name_;
  pid_t pid_ = -1;
  int process_descriptor_ = -1;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  output outputs_[2];
  std::optional<program_end> ended_;
  std::thread reader_;
};

// The path of a program of this build.
std::string program_path(std::string_view name);

}  // namespace gate::test
