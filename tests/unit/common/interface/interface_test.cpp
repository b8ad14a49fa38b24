#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/interface.hpp>

#include "tests/unit/common/interface/dispatch_bench.hpp"

namespace {

using gate::errc;
using gate::method_kind;
using gate::test::dispatch_bench;

struct Point {
  double x = 0, y = 0;
  MSGPACK_DEFINE(x, y)
};

class Shapes : public gate::Interface {
 public:
  GATE_DOC(norm, "the square of a point's distance", point)
  GATE_INTERFACE(norm, sum, either, maybe, at, quiet, moved)
  GATE_INTERFACE_AS("scale_int", scale, int(int) const)
  GATE_INTERFACE_AS("scale_text", scale, std::string(const std::string&) const)

  double norm(const Point& p) const noexcept { return p.x * p.x + p.y * p.y; }
  int sum(std::vector<int> numbers, std::map<std::string, int> named) const {
    int all = 0;
    for (const int n : numbers) all += n;
    for (const auto& [name, n] : named) all += n;
    return all;
  }
  std::string either(std::variant<int, std::string> v) { return v.index() == 0 ? "number" : "text"; }
  int maybe(int a, std::optional<int> b, std::optional<int> c) { return a + b.value_or(10) + c.value_or(100); }
  std::chrono::system_clock::time_point at(std::chrono::system_clock::time_point t) & { return t; }
  int scale(int x) const { return 10 * x; }
  std::string scale(const std::string& s) const { return s + s; }
  void not_exposed() {}

 protected:
  virtual int quiet() noexcept { return 1; }

 private:
  std::size_t moved(std::string&& text) { return text.size(); }
};

class MoreShapes final : public Shapes {
 public:
  GATE_INTERFACE(area)
  int area() { return 4; }

 protected:
  int quiet() noexcept override { return 2; }
};

template <class T> class Cell : public gate::Interface {
 public:
  GATE_INTERFACE(get, set)
  T get() const { return held_; }
  void set(T v) { held_ = std::move(v); }

 private:
  T held_{};
};

class Kinds : public gate::Interface {
 public:
  GATE_INTERFACE(plain, later, count, tick, mean, running)
  GATE_DOC(mean, "the mean of what is sent", values)
  int plain(gate::Call&, std::string, std::optional<gate::bytes>) { return 0; }
  gate::task<Point> later() { co_return Point(); }
  gate::generator<int> count(int below) {
    for (int i = 0; i < below; ++i) co_yield i;
  }
  gate::async_generator<std::string> tick() { co_yield std::string(); }
  gate::task<double> mean(gate::async_generator<double> values) {
    while (auto v = co_await values.next()) co_return *v;
    co_return 0;
  }
  gate::async_generator<double> running(int, gate::async_generator<double> values) {
    while (auto v = co_await values.next()) co_yield *v;
  }
};

class Twice : public gate::Interface {
 public:
  GATE_INTERFACE(a)
  GATE_INTERFACE_AS("a", b, void())
  void a() {}
  void b() {}
};
class WrongDoc : public gate::Interface {
 public:
  GATE_INTERFACE_AS("b", a, void(int, int))
  GATE_DOC(b, "one name too many", x, y, z)
  void a(int, int) {}
};
class TwoDocs : public gate::Interface {
 public:
  GATE_INTERFACE(a)
  GATE_DOC(a, "one")
  GATE_DOC(a, "another")
  void a() {}
};
class SameNames : public gate::Interface {
 public:
  GATE_INTERFACE(a)
  GATE_DOC(a, "twice the same", x, x)
  void a(int, int) {}
};

template <class T> std::string fault_of() {
  const T subject;
  try {
    subject.check();
  } catch (const std::logic_error& e) {
    return e.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("user structs, containers, variants and time points are parameters and results", "[interface]") {
  dispatch_bench<Shapes> b(dispatch_bench<Shapes>::real_time{});
  Point p;
  p.x = 3;
  p.y = 4;
  CHECK(b.answer("norm", p).as<double>() == 25.0);
  const std::vector<int> numbers{1, 2, 3};
  const std::map<std::string, int> named{{"k", 4}};
  CHECK(b.answer("sum", numbers, named).as<int>() == 10);
  CHECK(b.answer("either", 7).as<std::string>() == "number");
  CHECK(b.answer("either", std::string("x")).as<std::string>() == "text");
  const auto now = std::chrono::system_clock::now();
  CHECK(b.answer("at", now).as<std::chrono::system_clock::time_point>() == now);
  CHECK(b.answer("moved", std::string("four")).as<int>() == 4);
}

TEST_CASE("optional parameters at the end may be left out", "[interface]") {
  dispatch_bench<Shapes> b(dispatch_bench<Shapes>::real_time{});
  CHECK(b.answer("maybe", 1).as<int>() == 111);
  CHECK(b.answer("maybe", 1, 2).as<int>() == 103);
  CHECK(b.answer("maybe", 1, 2, 3).as<int>() == 6);
  CHECK(b.answer("maybe", 1, std::optional<int>(), 3).as<int>() == 14);
  CHECK(b.answer("maybe").text == "demo.maybe(int32, optional<int32>, optional<int32>): takes 1 to 3 arguments, got 0");
}

TEST_CASE("overloads are exposed by signature under names of their own", "[interface]") {
  dispatch_bench<Shapes> b(dispatch_bench<Shapes>::real_time{});
  CHECK(b.answer("scale_int", 4).as<int>() == 40);
  CHECK(b.answer("scale_text", std::string("ab")).as<std::string>() == "abab");
  CHECK(b.answer("scale", 4).status == errc::no_method);
  CHECK(b.answer("not_exposed").status == errc::no_method);
}

TEST_CASE("a derived class keeps what its base exposes and overrides what is virtual", "[interface]") {
  dispatch_bench<MoreShapes> b(dispatch_bench<MoreShapes>::real_time{});
  CHECK(b.answer("area").as<int>() == 4);
  CHECK(b.answer("scale_int", 4).as<int>() == 40);
  CHECK(b.answer("quiet").as<int>() == 2);
}

TEST_CASE("class templates expose methods", "[interface]") {
  dispatch_bench<Cell<std::string>> b(dispatch_bench<Cell<std::string>>::real_time{});
  b.answer("set", std::string("kept"));
  CHECK(b.answer("get").as<std::string>() == "kept");
}

TEST_CASE("describe tells kinds, types, names and docs in order of exposure", "[interface]") {
  const Kinds subject;
  const auto all = subject.describe();
  REQUIRE(all.size() == 6);
  CHECK(all[0].name == "plain");
  CHECK(all[0].kind == method_kind::unary);
  REQUIRE(all[0].parameters.size() == 2);
  CHECK(all[0].parameters[0].type == "string");
  CHECK(all[0].parameters[0].name.empty());
  CHECK(all[0].parameters[1].type == "optional<bytes>");
  CHECK(all[0].result == "int32");
  CHECK(all[1].result == "Point");
  CHECK(all[2].kind == method_kind::stream);
  CHECK(all[2].result == "int32");
  CHECK(all[3].kind == method_kind::stream);
  CHECK(all[3].result == "string");
  CHECK(all[4].client_stream);
  CHECK(all[4].kind == method_kind::unary);
  REQUIRE(all[4].parameters.size() == 1);
  CHECK(all[4].parameters[0].name == "values");
  CHECK(all[4].parameters[0].type == "stream<float64>");
  CHECK(all[4].doc == "the mean of what is sent");
  CHECK(all[5].client_stream);
  CHECK(all[5].kind == method_kind::stream);
  CHECK(all[5].parameters[1].type == "stream<float64>");
}

TEST_CASE("contradictory lines are refused before anything is served", "[interface]") {
  CHECK(fault_of<Kinds>() == "none");
  CHECK(fault_of<Twice>() == "GATE_INTERFACE: 'a' is exposed twice");
  CHECK(fault_of<TwoDocs>() == "GATE_DOC: 'a' is described twice");
  CHECK(fault_of<WrongDoc>() == "GATE_DOC: 'b' has 2 parameters, but 3 names are given");
  CHECK(fault_of<SameNames>() == "GATE_DOC: 'a' names two parameters 'x'");
  CHECK_THROWS_AS(dispatch_bench<Twice>(), std::logic_error);
}
