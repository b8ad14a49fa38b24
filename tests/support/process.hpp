// A program that a test runs beside itself: started with arguments, its output read line by line, signalled, awaited.
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

// Far longer than anything here takes, even on a loaded machine under a sanitizer: to reach it is to fail.
inline constexpr std::chrono::seconds patience{40};

// What a test waited for did not come. what() tells, with all that the program wrote.
class did_not_happen final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// How a program ended: by exit(code), or killed by a signal (then code is -1).
struct program_end {
  int code = -1;
  int signal = 0;
  bool operator==(const program_end&) const noexcept = default;
  friend std::ostream& operator<<(std::ostream& out, const program_end& end);  // for the failure of a test
};

// A child process. Killed, with SIGKILL, when this object goes, and when the test itself dies; what a sanitizer said in
// it is then passed on. The functions that wait throw did_not_happen when the deadline passes or the program ends
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

  // The last of the first `times` lines of that stream that contain the text; waits for it. Lines end with a newline.
  std::string wait_for_line(std::string_view text, stream where = stream::out, std::size_t times = 1,
                            std::chrono::milliseconds deadline = patience);
  // Lines so far that contain the text.
  std::size_t count_lines(std::string_view text, stream where = stream::err) const;
  // Everything so far.
  std::string text(stream where) const;

  void signal(int number) const;
  program_end wait(std::chrono::milliseconds deadline = patience);
  // SIGKILL, and its end awaited.
  void kill();
  bool running() const;

  // From /proc, while it runs.
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

// A program of this build.
std::string program_path(std::string_view name);

}  // namespace gate::test
