#include "common/wire/descriptor_codec.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/descriptor.hpp>
#include <gate/limits.hpp>
#include <gate/value.hpp>

using namespace gate;

namespace {

descriptor full() {
  descriptor d;
  d.host = "host";
  d.pid = 4711;
  d.version = "0.1.0";
  d.description = "adds";
  d.labels = {{"zone", "b"}, {"tier", "1"}};
  method_descriptor add;
  add.name = "add";
  add.parameters = {{"x", "int32"}, {"", "list<string>"}};
  add.result = "int32";
  add.doc = "adds two numbers";
  method_descriptor search;
  search.name = "search";
  search.kind = method_kind::stream;
  search.client_stream = true;
  search.result = "Match";
  d.methods = {add, search};
  return d;
}

// Decodes a map of this one entry as a descriptor.
template <class T> std::optional<descriptor> with(std::string_view key, const T& v) {
  std::string encoded;
  append_map_header(encoded, 1);
  encode_to(encoded, key);
  encode_to(encoded, v);
  return decode_descriptor(encoded);
}

}  // namespace

TEST_CASE("a descriptor comes back as it was", "[wire][descriptor]") {
  const auto d = decode_descriptor(encode_descriptor(full()));
  REQUIRE(d.has_value());
  CHECK(d->host == "host");
  CHECK(d->pid == 4711);
  CHECK(d->version == "0.1.0");
  CHECK(d->description == "adds");
  CHECK(d->labels == full().labels);
  REQUIRE(d->methods.size() == 2);
  const method_descriptor& add = d->methods[0];
  CHECK(add.name == "add");
  CHECK(add.kind == method_kind::unary);
  CHECK_FALSE(add.client_stream);
  REQUIRE(add.parameters.size() == 2);
  CHECK(add.parameters[0].name == "x");
  CHECK(add.parameters[0].type == "int32");
  CHECK(add.parameters[1].name.empty());
  CHECK(add.result == "int32");
  CHECK(add.doc == "adds two numbers");
  CHECK(d->methods[1].kind == method_kind::stream);
  CHECK(d->methods[1].client_stream);
}

TEST_CASE("a descriptor's unknown keys are ignored and its missing ones take their defaults", "[wire][descriptor]") {
  const auto d = with("from the future", 1);
  REQUIRE(d.has_value());
  CHECK(d->methods.empty());
  CHECK(d->pid == 0);
  CHECK(decode_descriptor("\x80").has_value());
}

TEST_CASE("what is not a descriptor is refused", "[wire][descriptor]") {
  CHECK_FALSE(decode_descriptor("").has_value());
  CHECK_FALSE(decode_descriptor("\xc0").has_value());
  CHECK_FALSE(decode_descriptor(encode("text")).has_value());
  CHECK_FALSE(with("pid", "text").has_value());
  CHECK_FALSE(with("pid", -1).has_value());
  CHECK_FALSE(with("host", 5).has_value());
  CHECK_FALSE(with("labels", std::vector<int>{1}).has_value());
  CHECK_FALSE(with("methods", std::vector<int>{1}).has_value());
  CHECK_FALSE(with("methods", std::vector<std::map<std::string, std::string>>{{{"doc", "nameless"}}}).has_value());
  CHECK_FALSE(
      with("methods", std::vector<std::map<std::string, std::string>>{{{"name", "m"}, {"kind", "other"}}}).has_value());
}

TEST_CASE("a descriptor over a limit is refused at both ends", "[wire][descriptor]") {
  descriptor d;
  d.methods.resize(limits::methods_max);
  for (auto& m : d.methods) m.name = "m";
  CHECK(decode_descriptor(encode_descriptor(d)).has_value());
  d.methods.push_back(d.methods.front());
  CHECK_THROWS_AS(encode_descriptor(d), Error);
  const std::vector<std::map<std::string, std::string>> many(limits::methods_max + 1, {{"name", "m"}});
  CHECK_FALSE(with("methods", many).has_value());

  descriptor named;
  named.methods.resize(1);
  CHECK_THROWS_AS(encode_descriptor(named), Error);  // without a name
  named.methods[0].name = std::string(limits::name_bytes_max + 1, 'm');
  CHECK_THROWS_AS(encode_descriptor(named), Error);
  CHECK_FALSE(with("host", std::string(limits::name_bytes_max + 1, 'h')).has_value());
}

TEST_CASE("every truncation of a descriptor is refused", "[wire][descriptor]") {
  const std::string encoded = encode_descriptor(full());
  for (std::size_t n = 0; n < encoded.size(); ++n) CHECK_FALSE(decode_descriptor(encoded.substr(0, n)).has_value());
}

TEST_CASE("a descriptor has a size, and a description of a service a smaller one", "[wire]") {
  descriptor d = full();
  d.description.assign(limits::description_bytes_max, 'x');
  CHECK(decode_descriptor(encode_descriptor(d))->description == d.description);
  d.description += 'x';
  CHECK_THROWS_AS(encode_descriptor(d), Error);
  CHECK_FALSE(with("description", d.description));
  CHECK_FALSE(with("ignored", std::string(limits::descriptor_bytes_max, 'x')));

  descriptor wordy = full();
  wordy.methods[0].doc.assign(limits::descriptor_bytes_max, 'x');
  CHECK_THROWS_AS(encode_descriptor(wordy), Error);
}
