#include <catch2/catch.hpp>

#include <gate/error.hpp>

using namespace gate;

TEST_CASE("a status keeps its number, name and retry class", "[wire][error]") {
  struct row {
    std::uint8_t number;
    std::string_view name;
    retry_class retry;
  };
  const row rows[] = {{0, "ok", retry_class::never},
                      {1, "cancelled", retry_class::never},
                      {2, "timed_out", retry_class::if_idempotent},
                      {3, "invalid_argument", retry_class::never},
                      {4, "no_method", retry_class::never},
                      {5, "failed", retry_class::never},
                      {6, "unavailable", retry_class::safe},
                      {7, "busy", retry_class::safe},
                      {8, "worker_lost", retry_class::if_idempotent},
                      {9, "too_large", retry_class::never},
                      {10, "protocol_error", retry_class::never},
                      {11, "unsupported", retry_class::never},
                      {12, "unauthenticated", retry_class::never},
                      {13, "permission_denied", retry_class::never},
                      {14, "too_slow", retry_class::if_idempotent},
                      {15, "internal", retry_class::never},
                      {16, "data_loss", retry_class::if_idempotent}};
  for (const row& r : rows) {
    const auto code = to_errc(r.number);
    REQUIRE(code.has_value());
    CHECK(to_string(*code) == r.name);
    CHECK(retry_of(*code) == r.retry);
  }
  CHECK_FALSE(to_errc(17).has_value());
  CHECK_FALSE(to_errc(255).has_value());
}

TEST_CASE("an error says what happened, where, and whether to try again", "[wire][error]") {
  const Error e(errc::busy, "queue full", origin::broker, "std::bad_alloc");
  CHECK(std::string_view(e.what()) == "queue full");
  CHECK(e.code() == errc::busy);
  CHECK(e.retry() == retry_class::safe);
  CHECK(e.where() == origin::broker);
  CHECK(e.remote_type() == "std::bad_alloc");
  CHECK(Error(errc::unavailable, "cut", origin::local, {}, retry_class::if_idempotent).retry() ==
        retry_class::if_idempotent);
  CHECK(to_string(e.where()) == "broker");
  CHECK(to_string(origin::worker) == "worker");
  CHECK(to_string(origin::local) == "local");
}

TEST_CASE("a retry class has a name", "[wire][error]") {
  CHECK(to_string(retry_class::never) == "never");
  CHECK(to_string(retry_class::safe) == "safe");
  CHECK(to_string(retry_class::if_idempotent) == "if_idempotent");
}
