#include <string>
#include <type_traits>
#include <utility>

#include <catch2/catch.hpp>

#include <gate/secret.hpp>

using gate::secret;

static_assert(!std::is_copy_constructible_v<secret> && !std::is_copy_assignable_v<secret>);
static_assert(!std::is_convertible_v<secret, std::string> && !std::is_convertible_v<secret, std::string_view>);

TEST_CASE("a secret holds its bytes and gives them away once", "[credentials]") {
  secret one("hidden");
  CHECK(one.view() == "hidden");
  secret other = std::move(one);
  CHECK(other.view() == "hidden");
  CHECK(one.empty());
  one = std::move(other);
  CHECK(one.view() == "hidden");
  CHECK(other.view().empty());
  one.shorten(3);
  CHECK(one.view() == "hid");
}

TEST_CASE("bytes are compared by all of them", "[credentials]") {
  CHECK(gate::same_bytes("abc", "abc"));
  CHECK(gate::same_bytes("", ""));
  CHECK_FALSE(gate::same_bytes("abc", "abd"));
  CHECK_FALSE(gate::same_bytes("abc", "ab"));
  CHECK_FALSE(gate::same_bytes({"a\0b", 3}, {"a\0c", 3}));
}

TEST_CASE("a wiped text is empty and its memory holds nothing of it", "[credentials]") {
  std::string text = "a password that is longer than the room within the text";
  const char* const where = text.data();
  const std::size_t size = text.size();
  gate::wipe(text);
  CHECK(text.empty());
  REQUIRE(where == text.data());  // the same memory, still the text's own
  CHECK(std::string(where, size) == std::string(size, '\0'));
}
