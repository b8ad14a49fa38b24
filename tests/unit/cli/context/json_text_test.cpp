#include "cli/context/json_text.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/json.hpp>
#include <gate/value.hpp>

using gate::json_error;
using gate::value_kind;
using gate::cli::read_argument;

TEST_CASE("an argument is JSON if it reads as JSON, else text", "[cli]") {
  CHECK(read_argument("5").as<int>() == 5);
  CHECK(read_argument("-5").as<int>() == -5);
  CHECK(read_argument("\"5\"").as<std::string>() == "5");
  CHECK(read_argument("five").as<std::string>() == "five");
  CHECK(read_argument("[1, 2]").as<std::vector<int>>() == std::vector{1, 2});
  CHECK_THROWS_AS(read_argument("[1, 2"), json_error);
  CHECK(read_argument("true").kind() == value_kind::boolean);
  CHECK(read_argument("null").is_nil());
  CHECK(read_argument("").as<std::string>().empty());
  CHECK_THROWS_AS(read_argument("{a: 1}"), json_error);
}
