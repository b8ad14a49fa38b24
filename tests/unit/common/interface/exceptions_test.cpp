// If a method throws, of whatever type and at whatever place: its call ends, and nothing else does.
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include <catch2/catch.hpp>
#include <pthread.h>

#include <gate/async_generator.hpp>
#include <gate/generator.hpp>
#include <gate/sleep.hpp>

#include "tests/support/sanitized.hpp"
#include "tests/unit/common/interface/dispatch_bench.hpp"

namespace {

using namespace std::chrono_literals;
using gate::errc;
using gate::message_type;
using gate::test::dispatch_bench;

struct null_text final : std::exception {
  const char* what() const noexcept override { return nullptr; }
};

struct throwing_end {
  throwing_end() = default;
  throwing_end(const throwing_end&) = default;
  throwing_end& operator=(const throwing_end&) = default;
  ~throwing_end() noexcept(false) {
    if (std::uncaught_exceptions() == 0) throw std::runtime_error("from the exception's end");
  }
};

// An argument that throws when it is decoded (2), or when its last copy is destroyed (1).
struct rough {
  int n = 0;
  bool armed = false;
  rough() = default;
  rough(rough&& other) noexcept : n(other.n), armed(std::exchange(other.armed, false)) {}
  rough& operator=(rough&&) = delete;
  ~rough() noexcept(false) {
    if (armed) throw std::runtime_error("from the argument's end");
  }
  template <class Packer> void msgpack_pack(Packer& to) const { to.pack(n); }
  void msgpack_unpack(const msgpack::object& from) {
    n = from.as<int>();
    armed = n == 1 || n == 3;
    if (n == 2) throw 2;
  }
};

struct rough_result {
  template <class Packer> void msgpack_pack(Packer&) const { throw 'x'; }
  void msgpack_unpack(const msgpack::object&) {}
};

[[noreturn]] void throw_some(const std::string& kind) {
  if (kind == "null") throw null_text();
  if (kind == "int") throw 42;
  if (kind == "memory") throw std::bad_alloc();
  if (kind == "status") throw gate::Error(static_cast<errc>(200), "no such status");
  throw std::runtime_error(kind);
}

class Rough : public gate::Interface {
 public:
  GATE_INTERFACE(plain, later, items, later_items, argument, throws_over, later_argument, argument_items, result)
  GATE_INTERFACE(ends_badly, end_thread, fine)
  GATE_INTERFACE_ON(gate::run_on::loop, here)

  int plain(std::string kind) { throw_some(kind); }
  int here(std::string kind) { throw_some(kind); }
  gate::task<int> later(std::string kind) {
    co_await gate::sleep_for(1ms);
    throw_some(kind);
  }
  gate::generator<int> items(std::string kind) {
    co_yield 1;
    throw_some(kind);
  }
  gate::async_generator<int> later_items(std::string kind) {
    co_yield 1;
    throw_some(kind);
  }
  int argument(const rough& given) { return given.n; }
  int throws_over(const rough&) { throw std::runtime_error("from the method"); }
  gate::task<int> later_argument(rough given) {
    co_await gate::sleep_for(1ms);
    co_return given.n;
  }
  gate::generator<int> argument_items(const rough& given) { co_yield given.n; }
  rough_result result() { return {}; }
  void ends_badly() { throw throwing_end(); }
  void end_thread() { ::pthread_exit(nullptr); }
  int fine() { return 7; }
};

using bench = dispatch_bench<Rough>;
constexpr bench::real_time real{};

}  // namespace

TEST_CASE("an exception of any type, from a method of any form, fails its call alone", "[interface]") {
  bench b(real);
  for (const std::string method : {"plain", "here", "later", "items", "later_items"}) {
    const bool streams = method.ends_with("items");
    for (const std::string kind : {"null", "int", "memory", "status", "text"}) {
      INFO(method << " " << kind);
      const std::size_t before = b.out.ended();
      if (streams) {
        b.stream(method, kind);
      } else {
        b.call(method, kind);
      }
      b.await_ends(before + 1);
      const auto& end = b.out.log.back();
      CHECK(end.type == message_type::error);
      CHECK(end.status == (kind == "status" ? static_cast<errc>(200) : errc::failed));
      if (kind == "null") CHECK(end.text == "an exception without a text: its what() is null");
      if (kind == "int") CHECK(end.remote_type == "int");
      if (kind == "text") CHECK(end.text == "text");
    }
  }
  CHECK(b.answer("fine").as<int>() == 7);
  CHECK(b.subject.running() == 0);
}

TEST_CASE("what is thrown while arguments and results are converted fails the call", "[interface]") {
  bench b(real);
  for (const char* method : {"argument", "later_argument"}) {
    CHECK(b.answer(method, 2).status == errc::failed);
    CHECK(b.answer(method, 0).as<int>() == 0);
  }
  const auto packed = b.answer("result");
  CHECK(packed.status == errc::failed);
  CHECK(packed.remote_type == "char");
}

#ifndef GATE_TEST_SANITIZERS  // by the language's rules, an object whose destructor throws is leaked
TEST_CASE("what an argument's destructor throws fails the call, unless the method has", "[interface]") {
  bench b(real);
  const auto plain = b.answer("argument", 1);
  CHECK(plain.status == errc::failed);
  CHECK(plain.text == "from the argument's end");
  CHECK(b.answer("throws_over", 3).text == "from the method");
  // The coroutine owns the argument: it is destroyed with the frame, when the result is there.
  CHECK(b.answer("later_argument", 1).as<int>() == 1);
  b.stream("argument_items", 1);
  b.await_ends(b.out.ended() + 1);
  CHECK(b.answer("fine").as<int>() == 7);
}
#endif

#ifndef GATE_TEST_SANITIZERS  // by the language's rules, an object whose destructor throws is leaked
TEST_CASE("an exception whose own destructor throws fails the call", "[interface]") {
  bench b(real);
  const auto end = b.answer("ends_badly");
  CHECK(end.status == errc::failed);
  CHECK(end.remote_type.find("throwing_end") != std::string::npos);
  CHECK(b.answer("fine").as<int>() == 7);
}
#endif

#ifndef GATE_TEST_SANITIZERS  // a forced unwinding is caught by a reference to nothing
TEST_CASE("a method that ends its thread fails its call, and the pool has another thread", "[interface]") {
  bench b(real);  // one thread
  for (int i = 0; i < 10; ++i) {
    const auto end = b.answer("end_thread");
    CHECK(end.status == errc::failed);
    CHECK(end.text == "the method ended the thread that it ran on");
    CHECK(b.answer("fine").as<int>() == 7);
  }
}
#endif
