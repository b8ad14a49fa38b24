#include "broker/credential_store/pattern.hpp"

#include <string>

#include <catch2/catch.hpp>

using gate::security::pattern;

TEST_CASE("a pattern without a star fits one name alone", "[security]") {
  CHECK(pattern("billing").matches("billing"));
  CHECK_FALSE(pattern("billing").matches("billing2"));
  CHECK_FALSE(pattern("billing").matches("bill"));
  CHECK_FALSE(pattern("billing").matches(""));
  CHECK_FALSE(pattern("").matches("a"));
  CHECK_FALSE(pattern("Billing").matches("billing"));
}

TEST_CASE("a star stands for any number of characters", "[security]") {
  CHECK(pattern("*").matches(""));
  CHECK(pattern("*").matches_all());
  CHECK(pattern("**").matches_all());
  CHECK(pattern("log_*").matches("log_"));
  CHECK(pattern("log_*").matches("log_search"));
  CHECK_FALSE(pattern("log_*").matches("xlog_search"));
  CHECK(pattern("*_log").matches("a_log"));
  CHECK_FALSE(pattern("*_log").matches("a_logs"));
  CHECK(pattern("a*b*c").matches("abbbxbc"));
  CHECK(pattern("a*b*c").matches("abc"));
  CHECK_FALSE(pattern("a*b*c").matches("acb"));
  CHECK(pattern("*a*a*").matches("xaxa"));
  CHECK_FALSE(pattern("*a*a*").matches("xax"));
}

TEST_CASE("a pattern of many stars takes no more than its length times the name's", "[security]") {
  std::string stars;
  for (int i = 0; i < 100; ++i) stars += "*a";
  CHECK_FALSE(pattern(stars + "b").matches(std::string(255, 'a')));
  CHECK(pattern(stars).matches(std::string(255, 'a')));
}
