#include "common/base/text_memory.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace gate;

TEST_CASE("the memory of a long string is freed", "[text_memory]") {
  const std::size_t short_capacity = std::string().capacity();
  std::string text(100'000, 'x');
  free_memory(text);
  CHECK(text.empty());
  CHECK(text.capacity() == short_capacity);
}

TEST_CASE("a string that is used again keeps a short buffer and frees a long one", "[text_memory]") {
  std::string text(1000, 'x');
  clear_for_reuse(text, 2000);
  CHECK(text.empty());
  CHECK(text.capacity() >= 1000);
  text.assign(3000, 'x');
  clear_for_reuse(text, 2000);
  CHECK(text.empty());
  CHECK(text.capacity() < 1000);
}
