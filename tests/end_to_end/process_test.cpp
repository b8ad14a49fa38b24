// Tests the helpers that the other tests use.
#include "tests/support/process.hpp"

#include <csignal>

#include <catch2/catch.hpp>

using namespace gate::test;

TEST_CASE("a program's lines, end and signals are seen", "[support]") {
  process program("/bin/sh", {"-c", "echo one; echo two >&2; echo one more; read nothing; exit 3"});
  CHECK(program.wait_for_line("one", process::stream::out, 2) == "one more");
  CHECK(program.wait_for_line("two", process::stream::err) == "two");
  CHECK(program.wait() == program_end{3, 0});
  CHECK(program.count_lines("one", process::stream::out) == 2);
  CHECK_THROWS_AS(program.wait_for_line("three"), did_not_happen);

  process endless("/bin/sh", {"-c", "echo here; exec tail -f /dev/null"});
  endless.wait_for_line("here");
  CHECK(endless.running());
  CHECK(endless.resident_bytes() > 0);
  CHECK(endless.descriptors() >= 3);
  CHECK_THROWS_AS(endless.wait_for_line("there", process::stream::out, 1, std::chrono::milliseconds(1)),
                  did_not_happen);
  endless.signal(SIGTERM);
  CHECK(endless.wait() == program_end{-1, SIGTERM});
}

TEST_CASE("a program goes with the object that started it", "[support]") {
  pid_t pid = 0;
  {
    process endless("/bin/sh", {"-c", "echo here; exec tail -f /dev/null"});
    endless.wait_for_line("here");
    pid = endless.pid();
  }
  CHECK(::kill(pid, 0) != 0);
}
