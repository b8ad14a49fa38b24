#include <cstdint>
#include <list>
#include <map>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include <gate/value.hpp>

namespace shop {
struct Order {
  int number = 0;
  MSGPACK_DEFINE(number)
};
enum class Size { small, large };
template <class T> struct Box {};
struct odd {};
}  // namespace shop

template <> struct gate::type_name_of<shop::odd> {
  static constexpr std::string_view name = "Peculiar";
};

using namespace gate;

TEST_CASE("types are named as people and other languages call them", "[wire][value]") {
  CHECK(type_name<void>() == "nil");
  CHECK(type_name<bool>() == "bool");
  CHECK(type_name<std::int8_t>() == "int8");
  CHECK(type_name<int>() == "int32");
  CHECK(type_name<std::uint64_t>() == "uint64");
  CHECK(type_name<float>() == "float32");
  CHECK(type_name<double>() == "float64");
  CHECK(type_name<std::string>() == "string");
  CHECK(type_name<std::string_view>() == "string");
  CHECK(type_name<const char*>() == "string");
  CHECK(type_name<bytes>() == "bytes");
  CHECK(type_name<std::array<unsigned char, 4>>() == "bytes");
  CHECK(type_name<value>() == "any");
  CHECK(type_name<std::chrono::system_clock::time_point>() == "timestamp");
  CHECK(type_name<std::chrono::milliseconds>() == "duration");
}

TEST_CASE("the names of compound types hold those of their parts", "[wire][value]") {
  CHECK(type_name<std::vector<std::string>>() == "list<string>");
  CHECK(type_name<std::set<int>>() == "list<int32>");
  CHECK(type_name<std::array<bool, 2>>() == "list<bool>");
  CHECK(type_name<std::map<std::string, std::list<value>>>() == "map<string,list<any>>");
  CHECK(type_name<std::optional<int>>() == "optional<int32>");
  CHECK(type_name<std::variant<int, std::string>>() == "variant<int32,string>");
  CHECK(type_name<std::tuple<int, bytes>>() == "tuple<int32,bytes>");
  CHECK(type_name<std::pair<int, int>>() == "tuple<int32,int32>");
  CHECK(type_name<std::tuple<>>() == "tuple<>");
  CHECK(type_name<std::vector<shop::Order>>() == "list<Order>");
}

TEST_CASE("a class is named without its namespace, or as it says", "[wire][value]") {
  CHECK(type_name<shop::Order>() == "Order");
  CHECK(type_name<const shop::Order&>() == "Order");
  CHECK(type_name<shop::Size>() == "Size");
  CHECK(type_name<shop::Box<shop::Order>>() == "Box");
  CHECK(type_name<shop::odd>() == "Peculiar");
}
