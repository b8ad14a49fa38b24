#include "broker/core/guarded_core.hpp"

#include <string_view>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/broker/core/core_fixture.hpp"

using namespace gate;
using namespace gate::broker;
using namespace gate::broker::testing;

namespace {

constexpr peer_id client{1};

// An output that looks at the core, or calls it, while the core works.
struct curious final : output {
  void send(peer_id, const message&) override {
    worked = guarded.works();
    knew_peer = guarded.view().find_peer(client).has_value();
    if (calls_back) guarded->tick(now);
  }
  void cut(peer_id, errc, std::string_view) override {}

  void welcome_client() {
    guarded->opened(client, bench::context(), now);
    guarded->received(client, bench::hello(peer_role::client), nullptr, now);
  }

  instant now = instant(1000s);
  broker_limits limits;
  core state{limits, {}, nullptr, nullptr, nullptr, *this, now};
  guarded_core guarded{state};
  bool calls_back = false;
  bool worked = false, knew_peer = false;
};

}  // namespace

TEST_CASE("the core is at work during an event, and may be asked questions then", "[broker]") {
  curious c;
  c.welcome_client();
  CHECK(c.worked);
  CHECK(c.knew_peer);
  CHECK_FALSE(c.guarded.works());
  c.guarded->tick(c.now);
}

TEST_CASE("a process whose output calls the core that calls it aborts", "[broker]") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::signal(SIGABRT, SIG_DFL);  // the test runner catches it
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
    curious c;
    c.calls_back = true;
    c.welcome_client();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
}
