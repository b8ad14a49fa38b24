#include "common/credentials/curve_key.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "common/credentials/private_file.hpp"
#include "tests/support/scratch_folder.hpp"

using gate::test::scratch_folder;
using namespace gate;

namespace {

std::string fault_of_reading(const std::string& path) {
  try {
    (void)read_curve_file(path);
  } catch (const private_file_error& e) {
    return e.what();
  }
  return "read";
}

}  // namespace

TEST_CASE("a key is written in Z85 as RFC 32 says", "[credentials]") {
  // The sample of the RFC, four times.
  curve_key key{};
  const unsigned char sample[] = {0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = sample[i % 8];
  CHECK(to_z85(key) == "HelloWorldHelloWorldHelloWorldHelloWorld");
  CHECK(parse_curve_key(to_z85(key)) == key);
}

TEST_CASE("a text that is no key is none", "[credentials]") {
  const std::string right = to_z85(curve_key{});
  REQUIRE(parse_curve_key(right));
  CHECK_FALSE(parse_curve_key(""));
  CHECK_FALSE(parse_curve_key(right.substr(1)));
  CHECK_FALSE(parse_curve_key(right + "0"));
  CHECK_FALSE(parse_curve_key("\"" + right.substr(1)));
  CHECK_FALSE(parse_curve_key(std::string(40, '#')));  // five of these characters make more than 32 bits
}

TEST_CASE("a pair of keys that was written is read again, and no two are the same", "[credentials]") {
  const scratch_folder folder;
  const curve_pair made = make_curve_pair();
  CHECK(made.secret_key.size() == 40);
  CHECK(make_curve_pair().public_key != made.public_key);
  write_curve_file(folder.file("key"), made);
  CHECK(scratch_folder::mode(folder.file("key")) == 0600);
  const curve_pair read = read_curve_file(folder.file("key"));
  CHECK(read.public_key == made.public_key);
  CHECK(read.secret_key.view() == made.secret_key.view());
  CHECK_THROWS_AS(write_curve_file(folder.file("key"), made), private_file_error);
}

TEST_CASE("a key file that is not right is refused without telling what it holds", "[credentials]") {
  const scratch_folder folder;
  const curve_pair one = make_curve_pair(), other = make_curve_pair();
  const std::string secret_line = "secret = \"" + std::string(one.secret_key.view()) + "\"\n";
  CHECK(fault_of_reading(folder.write("a", "# nothing\n")).find("has no line secret") != std::string::npos);
  CHECK(fault_of_reading(folder.write("b", "secret = \"short\"\n")).find("is no key") != std::string::npos);
  CHECK(fault_of_reading(folder.write("c", secret_line)) == "read");
  const std::string fault =
      fault_of_reading(folder.write("d", "public=\"" + to_z85(other.public_key) + "\"\n" + secret_line));
  CHECK(fault.find("does not belong") != std::string::npos);
  CHECK(fault.find(std::string(one.secret_key.view())) == std::string::npos);
  CHECK(fault_of_reading(folder.write("e", secret_line, 0640)).find("others can read") != std::string::npos);
}
