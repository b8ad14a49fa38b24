#include <chrono>
#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include <gate/error.hpp>
#include <gate/loop.hpp>
#include <gate/timeout.hpp>
#include <gate/worker.hpp>

#include "tests/support/guarded_router.hpp"

using namespace gate;
using namespace std::chrono_literals;
using gate::test::guard;
using gate::test::guarded_router;

namespace {

class Idler : public Worker {
 public:
  GATE_INTERFACE(nothing)
  void nothing() {}
};

}  // namespace

TEST_CASE("serving ends as unauthenticated when the broker does not admit the worker", "[worker]") {
  guarded_router router(guard::plain);
  router.answer({"400"});
  loop where;
  Idler idler;
  worker_options o;
  o.broker = router.endpoint;
  o.credentials = credentials::plain("worker-7", "opensesame");
  std::optional<Error> end;
  try {
    where.run(with_timeout(20s, serve(where, idler, o)));
  } catch (const Error& e) {
    end = e;
  }
  REQUIRE(end);
  CHECK(end->code() == errc::unauthenticated);
  CHECK(std::string(end->what()).find("user 'worker-7'") != std::string::npos);
  CHECK(router.asked() == 1);
}
