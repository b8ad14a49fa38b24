#include "broker/internal_service/description_cache.hpp"

#include <string>

#include <catch2/catch.hpp>

#include <gate/value.hpp>

using namespace gate;
using namespace gate::broker;

namespace {

const std::string large(description_cache::bytes_min, 'x');

}  // namespace

TEST_CASE("a long description is composed once", "[broker]") {
  description_cache cache;
  const description_cache::source from{7, "paints"};
  CHECK(cache.find("paint", from) == nullptr);
  const auto made = cache.keep("paint", from, large);
  CHECK(*made == large);
  CHECK(cache.find("paint", from) == made);
  CHECK(cache.find("glue", from) == nullptr);
}

TEST_CASE("a description is composed anew when its worker or its text is another one", "[broker]") {
  description_cache cache;
  const description_cache::source from{7, "paints"};
  (void)cache.keep("paint", from, large);
  const auto other = GENERATE(description_cache::source{8, "paints"}, description_cache::source{7, "paints well"});
  CHECK(cache.find("paint", other) == nullptr);
  (void)cache.keep("paint", other, large + "y");
  CHECK(cache.find("paint", from) == nullptr);
  CHECK(*cache.find("paint", other) == large + "y");
  CHECK(cache.bytes() == large.size() + 1);
}

TEST_CASE("short descriptions are not kept, and long ones are bounded together", "[broker]") {
  description_cache cache;
  const description_cache::source from{1, ""};
  CHECK(*cache.keep("short", from, "short") == "short");
  CHECK(cache.find("short", from) == nullptr);
  const std::string huge(limits::descriptor_bytes_max, 'x');
  for (int i = 0; i < 100; ++i) {
    const std::string name = "s" + std::to_string(i);
    (void)cache.keep(name, from, huge);
    CHECK(cache.find(name, from) != nullptr);
    CHECK(cache.bytes() <= description_cache::bytes_max);
  }
  (void)cache.keep("too long", from, std::string(description_cache::bytes_max + 1, 'x'));
  CHECK(cache.find("too long", from) == nullptr);
  cache.forget();
  CHECK(cache.bytes() == 0);
  CHECK(cache.find("s99", from) == nullptr);
}

TEST_CASE("an encoded description travels as the map that it is", "[broker]") {
  description_cache cache;
  const std::map<std::string, std::string> map{{"name", "paint"}};
  const encoded_description made{cache.keep("paint", {}, encode(map))};
  CHECK(encode(made) == encode(map));
  CHECK(type_name<encoded_description>() == "service_description");
}
