#include "common/base/exception_text.hpp"

#include <stdexcept>

#include <catch2/catch.hpp>

#include "tests/support/sanitized.hpp"

using gate::describe_current_exception;
using gate::exception_text;

namespace {

struct null_text final : std::exception {
  const char* what() const noexcept override { return nullptr; }
};

struct left : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct right : std::logic_error {
  using std::logic_error::logic_error;
};
// Derives from std::exception twice, so that no handler for std::exception fits.
struct both final : left, right {
  both() : left("l"), right("r") {}
};

struct throwing_end {
  throwing_end() = default;
  throwing_end(const throwing_end&) = default;
  throwing_end& operator=(const throwing_end&) = default;
  ~throwing_end() noexcept(false) {
    if (std::uncaught_exceptions() == 0) throw std::runtime_error("from a destructor");
  }
};

template <class F> exception_text told_of(F thrower) {
  try {
    thrower();
  } catch (...) {
    return describe_current_exception();
  }
  return {};
}

}  // namespace

TEST_CASE("an exception is described by its type and text", "[exceptions]") {
  const exception_text plain = told_of([] { throw std::out_of_range("no such row"); });
  CHECK(plain.type == "std::out_of_range");
  CHECK(plain.text == "no such row");
  CHECK(plain.line() == "std::out_of_range: no such row");
}

TEST_CASE("whatever is thrown is described, and nothing is thrown for it", "[exceptions]") {
  CHECK(told_of([] { throw null_text(); }).text == "an exception without a text: its what() is null");
  CHECK(told_of([] { throw 42; }).line() == "int: an exception that is no std::exception");
  CHECK(told_of([] { throw "text"; }).type == "char const*");
  CHECK(told_of([] { throw both(); }).text == "an exception that is no std::exception");
  const exception_text nested = told_of([] {
    try {
      throw 1;
    } catch (...) {
      std::throw_with_nested(std::runtime_error("outer"));
    }
  });
  CHECK(nested.type == "std::runtime_error");
  CHECK(nested.text == "outer");
}

TEST_CASE("a guarded call tells what it throws, and lets nothing out", "[exceptions]") {
  std::string told;
  const auto tell = [&](const exception_text& thrown) { told = thrown.line(); };
  gate::call_guarded([] { throw std::runtime_error("a"); }, tell);
  CHECK(told == "std::runtime_error: a");
#ifndef GATE_TEST_SANITIZERS  // the language leaks an exception whose destructor throws
  gate::call_guarded([] { throw throwing_end(); }, tell);
  CHECK(told.find("throwing_end") != std::string::npos);
#endif
  gate::call_guarded([] { throw 1; }, [](const exception_text&) { throw 2; });
  told.clear();
  gate::call_guarded([] {}, tell);
  CHECK(told.empty());
}
