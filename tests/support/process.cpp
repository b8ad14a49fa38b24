#include "tests/support/process.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace gate::test {

namespace {

[[noreturn]] void throw_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

struct pipe_ends {
  pipe_ends() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("pipe");
    read = ends[0];
    write = ends[1];
  }
  int read, write;
};

// The n-th line of `text` (from 1) that contains `part`. A line without its newline does not count.
std::optional<std::string_view> find_line(std::string_view text, std::string_view part, std::size_t n) {
  while (true) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = text.substr(0, end);
    if (line.find(part) != std::string_view::npos && --n == 0) return line;
    text.remove_prefix(end + 1);
  }
}

// Runs between fork and exec: only functions that are safe there.
[[noreturn]] void become(const char* path, char* const* arguments, pid_t parent, int out, int err) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // Even if the program that started the tests ignores them.
  for (const int number : {SIGHUP, SIGINT}) ::signal(number, SIG_DFL);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  rlimit no_core{};  // a program that crashes on purpose leaves no core dump
  ::getrlimit(RLIMIT_CORE, &no_core);
  no_core.rlim_cur = 0;
  ::setrlimit(RLIMIT_CORE, &no_core);
  if (::getppid() != parent) ::_exit(127);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  ::execv(path, arguments);
  ::_exit(127);
}

}  // namespace

std::string program_path(std::string_view name) { return std::string(GATE_TEST_PROGRAMS "/") + std::string(name); }

process::process(const std::string& program, const std::vector<std::string>& arguments)
    : name_(program.find('/') == std::string::npos ? program_path(program) : program) {
  if (::access(name_.c_str(), X_OK) != 0) throw_errno(name_);
  std::vector<char*> list;
  list.push_back(name_.data());
  for (const std::string& each : arguments) list.push_back(const_cast<char*>(each.c_str()));
  list.push_back(nullptr);

  const pipe_ends out, err;
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw_errno("fork");
  if (pid_ == 0) become(name_.c_str(), list.data(), parent, out.write, err.write);
  ::close(out.write);
  ::close(err.write);
  outputs_[0].descriptor = out.read;
  outputs_[1].descriptor = err.read;
  process_descriptor_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (process_descriptor_ < 0) throw_errno("pidfd_open");
  reader_ = std::thread([this] { read_all(); });
}

process::~process() {
  if (running()) ::kill(pid_, SIGKILL);
  reader_.join();
  ::close(process_descriptor_);
  const std::string& said = outputs_[static_cast<int>(stream::err)].text;
  if (said.find("Sanitizer: ") != std::string::npos)
    std::cerr << "--- stderr of " << name_ << " ---\n" << said << "---\n";
}

void process::take(stream where, std::string_view raw) {
  const std::lock_guard lock(mutex_);
  outputs_[static_cast<int>(where)].text.append(raw);
  changed_.notify_all();
}

// Reads both pipes until they and the process have ended. A grandchild may hold the pipes for longer. It is not waited
// for.
void process::read_all() {
  bool over = false;
  while (true) {
    pollfd watched[3] = {{outputs_[0].descriptor, POLLIN, 0},
                         {outputs_[1].descriptor, POLLIN, 0},
                         {over ? -1 : process_descriptor_, POLLIN, 0}};
    const int ready = ::poll(watched, 3, over ? 0 : -1);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) break;
    for (int i = 0; i < 2; ++i) {
      if (watched[i].revents == 0) continue;
      char buffer[64 << 10];
      const ssize_t n = ::read(outputs_[i].descriptor, buffer, sizeof(buffer));
      if (n > 0) {
        take(static_cast<stream>(i), {buffer, static_cast<std::size_t>(n)});
      } else if (n == 0) {
        ::close(outputs_[i].descriptor);
        outputs_[i].descriptor = -1;
      }
    }
    if (watched[2].revents != 0) over = true;
  }
  for (output& each : outputs_) {
    if (each.descriptor >= 0) ::close(each.descriptor);
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  const std::lock_guard lock(mutex_);
  ended_ = WIFEXITED(status) ? program_end{WEXITSTATUS(status), 0} : program_end{-1, WTERMSIG(status)};
  changed_.notify_all();
}

void process::fail(std::string_view what) const {
  throw did_not_happen(name_ + ": " + std::string(what) + "\n--- stdout ---\n" + outputs_[0].text + "--- stderr ---\n" +
                       outputs_[1].text + "---");
}

std::string process::wait_for_line(std::string_view part, stream where, std::size_t times,
                                   std::chrono::milliseconds deadline) {
  std::unique_lock lock(mutex_);
  const output& from = outputs_[static_cast<int>(where)];
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (true) {
    if (auto line = find_line(from.text, part, times)) return std::string(*line);
    if (ended_) fail("ended before it wrote '" + std::string(part) + "'");
    if (changed_.wait_until(lock, end) == std::cv_status::timeout) {
      fail("has not written '" + std::string(part) + "' " + std::to_string(times) + " time(s)");
    }
  }
}

std::size_t process::count_lines(std::string_view part, stream where) const {
  const std::lock_guard lock(mutex_);
  std::size_t n = 0;
  while (find_line(outputs_[static_cast<int>(where)].text, part, n + 1)) ++n;
  return n;
}

std::string process::text(stream where) const {
  const std::lock_guard lock(mutex_);
  return outputs_[static_cast<int>(where)].text;
}

void process::signal(int number) const {
  // Uses the descriptor, because the number of an ended process may belong to another one.
  if (::syscall(SYS_pidfd_send_signal, process_descriptor_, number, nullptr, 0) != 0 && errno != ESRCH)
    throw_errno("kill");
}

std::ostream& operator<<(std::ostream& out, const program_end& end) {
  return end.signal != 0 ? out << "killed by signal " << end.signal : out << "exit(" << end.code << ')';
}

program_end process::wait(std::chrono::milliseconds deadline) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, deadline, [this] { return ended_.has_value(); })) fail("has not ended");
  return *ended_;
}

void process::kill() {
  signal(SIGKILL);
  wait();
}

bool process::running() const {
  const std::lock_guard lock(mutex_);
  return !ended_.has_value();
}

std::string process::status_line(std::string_view key) const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) return line.substr(key.size());
  }
  throw did_not_happen(name_ + " has no " + std::string(key));
}

std::size_t process::resident_bytes() const { return std::stoul(status_line("VmRSS:")) << 10; }
std::size_t process::peak_resident_bytes() const { return std::stoul(status_line("VmHWM:")) << 10; }
std::size_t process::threads() const { return std::stoul(status_line("Threads:")); }

std::size_t process::descriptors() const {
  std::size_t n = 0;
  for ([[maybe_unused]] const auto& each :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/fd")) {
    ++n;
  }
  return n;
}

std::chrono::microseconds process::cpu_time() const {
  clockid_t clock{};
  if (const int error = ::clock_getcpuclockid(pid_, &clock); error != 0) {
    throw std::system_error(error, std::generic_category(), name_);
  }
  timespec used{};
  if (::clock_gettime(clock, &used) != 0) throw_errno(name_);
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::seconds(used.tv_sec) +
                                                               std::chrono::nanoseconds(used.tv_nsec));
}

}  // namespace gate::test
