#include <cstdio>
#include <string>

#include <catch2/catch.hpp>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gate/assert.hpp>

namespace {

// Runs a function in a child process and reads its stderr. Returns how the child ended.
template <class F> int in_child(F f, std::string& said) {
  int ends[2] = {};
  REQUIRE(::pipe(ends) == 0);
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGABRT, SIG_DFL);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::dup2(ends[1], STDERR_FILENO);
    f();
    ::_exit(0);
  }
  ::close(ends[1]);
  char buffer[512];
  for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    said.append(buffer, static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

TEST_CASE("an assertion that fails ends the process, in every build, and names its place", "[async]") {
  std::string said;
  const int status = in_child([] { GATE_ASSERT(1 + 1 == 3); }, said);
  CHECK(WIFSIGNALED(status));
  CHECK(said.find("1 + 1 == 3") != std::string::npos);
  CHECK(said.find("assert_test.cpp") != std::string::npos);
}

TEST_CASE("an assertion that holds costs nothing but its evaluation", "[async]") {
  int evaluated = 0;
  GATE_ASSERT(++evaluated == 1);
  CHECK(evaluated == 1);
}
