#include "common/log/src/log_writer.hpp"

#include <chrono>
#include <sstream>
#include <string>
#include <thread>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "common/base/output.hpp"

using namespace std::chrono_literals;
using gate::log_writer;

namespace {

// A pipe of one page.
struct small_pipe {
  int reading = -1, writing = -1;
  small_pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reading = ends[0];
    writing = ends[1];
    REQUIRE(::fcntl(writing, F_SETPIPE_SZ, 4096) >= 4096);
  }
  small_pipe(const small_pipe&) = delete;
  small_pipe& operator=(const small_pipe&) = delete;
  ~small_pipe() {
    close_reading();
    // The writing end stays open: a writer that was left behind may still use it.
  }
  void close_reading() {
    if (reading >= 0) ::close(std::exchange(reading, -1));
  }
  std::string read_some() const {
    std::string text(65536, '\0');
    const ssize_t got = ::read(reading, text.data(), text.size());
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }
  std::string read_until(std::string_view what) const {
    std::string text;
    while (text.find(what) == std::string::npos) {
      const std::string more = read_some();
      if (more.empty()) break;
      text += more;
    }
    return text;
  }
};

std::string notice(std::uint64_t count) { return "dropped " + std::to_string(count) + "\n"; }

}  // namespace

TEST_CASE("lines are written in order, and the end waits for the last", "[log]") {
  const small_pipe pipe;
  {
    log_writer writer(pipe.writing, notice);
    for (int i = 0; i < 100; ++i) writer.add("line " + std::to_string(i) + "\n");
  }
  const std::string text = pipe.read_some();
  CHECK(text.starts_with("line 0\nline 1\n"));
  CHECK(text.ends_with("line 99\n"));
}

TEST_CASE("a full pipe holds nobody up, and what was dropped is counted when it is read", "[log]") {
  const small_pipe pipe;
  log_writer writer(pipe.writing, notice);
  const std::size_t lines = 3 * log_writer::lines_max;
  for (std::size_t i = 0; i < lines; ++i) writer.add(std::to_string(i) + "\n");
  writer.add("last\n");
  const std::string text = pipe.read_until("last\n");
  std::size_t dropped = 0, written = 0;
  std::istringstream all(text);
  for (std::string line; std::getline(all, line);) {
    if (line.starts_with("dropped ")) {
      dropped += std::stoul(line.substr(8));
    } else {
      ++written;
    }
  }
  CHECK(dropped > log_writer::lines_max);
  CHECK(dropped + written == lines + 1);
}

TEST_CASE("the end leaves a writer behind whose pipe nobody reads", "[log]") {
  const small_pipe pipe;
  const auto began = std::chrono::steady_clock::now();
  {
    log_writer writer(pipe.writing, notice);
    for (int i = 0; i < 10'000; ++i) writer.add("a line of some length, so that the pipe is full\n");
    writer.finish();
    writer.add("too late\n");
  }
  CHECK(std::chrono::steady_clock::now() - began < 10 * log_writer::patience);
}

TEST_CASE("a pipe without a reader raises no signal", "[log]") {
  small_pipe pipe;
  pipe.close_reading();
  {
    log_writer writer(pipe.writing, notice);
    for (int i = 0; i < 100; ++i) writer.add("nobody reads\n");
  }
  CHECK_FALSE(gate::write_line(pipe.writing, "nobody reads"));
  sigset_t pending;
  ::sigpending(&pending);
  CHECK(::sigismember(&pending, SIGPIPE) == 0);
}

TEST_CASE("a line for a pipe that is full is given up in time", "[log]") {
  const small_pipe pipe;
  CHECK(gate::write_line(pipe.writing, "first"));
  const auto began = std::chrono::steady_clock::now();
  CHECK_FALSE(gate::write_line(pipe.writing, std::string(4000, 'x'), 20ms));
  CHECK(std::chrono::steady_clock::now() - began >= 20ms);
  CHECK(pipe.read_some().starts_with("first\n"));
}
