#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <gate/limits.hpp>

#include "common/protocol/gate2_own.hpp"
#include "common/wire/gate2.hpp"
#include "tests/support/wire_samples.hpp"

using namespace gate;
using namespace gate::wire::gate2;

namespace {

std::string number(std::uint64_t value, std::size_t byte_count) {
  std::string s;
  for (std::size_t i = 0; i < byte_count; ++i)
    s.push_back(static_cast<char>(static_cast<unsigned char>(value >> (8 * i))));
  return s;
}

std::string field(int tag, const std::string& value) {
  return number(static_cast<unsigned>(tag), 1) + number(value.size(), 2) + value;
}

std::string envelope(int type, int flags, std::uint64_t call, const std::string& fields,
                     const std::string& payload = {}) {
  return number(12 + fields.size() + payload.size(), 4) + number(static_cast<unsigned>(type), 1) +
         number(static_cast<unsigned>(flags), 1) + number(fields.size(), 2) + number(call, 8) + fields + payload;
}

struct outcome {
  std::size_t messages = 0;
  parse_error error = parse_error::none;
};

outcome read_all(bytes_view batch, std::optional<bytes_view> frame = std::nullopt) {
  reader r(batch, frame);
  outcome o;
  for (message m; r.next(m);) ++o.messages;
  o.error = r.error();
  message m;
  CHECK_FALSE(r.next(m));  // after the end comes nothing
  return o;
}

parse_error error_of(const std::string& batch) {
  const outcome o = read_all(batch);
  CHECK(o.messages == 0);
  return o.error;
}

const std::string service_and_method = field(1, "s") + field(2, "m");
const std::string versions = field(21, number(1, 2) + number(1, 2));
const std::string heartbeat = field(26, number(1000, 4) + number(3, 4));

std::string request_with(const std::string& more) { return envelope(3, 0, 1, service_and_method + more); }

}  // namespace

TEST_CASE("every truncation of a batch is an error after the messages that were whole", "[wire][gate2]") {
  std::string batch;
  std::vector<std::size_t> ends;
  for (const message& m : samples::all()) {
    append(batch, m);
    ends.push_back(batch.size());
  }
  for (std::size_t n = 0; n <= batch.size(); ++n) {
    const std::string exact = batch.substr(0, n);  // so that a sanitizer sees a read past its end
    const outcome o = read_all(exact);
    const auto whole = static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), n) - ends.begin());
    REQUIRE(o.messages == whole);
    const bool clean = whole > 0 && ends[whole - 1] == n;
    REQUIRE(o.error == (clean ? parse_error::none : parse_error::truncated));
  }
}

TEST_CASE("sizes that contradict each other are refused", "[wire][gate2]") {
  CHECK(error_of(number(11, 4) + std::string(11, '\0')) == parse_error::bad_size);
  CHECK(error_of(number(0, 4)) == parse_error::bad_size);
  CHECK(error_of(number(0xffffffffu, 4) + std::string(64, '\0')) == parse_error::truncated);
  std::string longer_fields = request_with("");
  longer_fields[6] = static_cast<char>(longer_fields[6] + 1);
  CHECK(error_of(longer_fields) == parse_error::bad_size);
  CHECK(error_of(request_with("\x03")) == parse_error::bad_size);  // a field without a length
  CHECK(error_of(request_with("\x03\xff\xff"
                              "1234")) == parse_error::bad_size);  // a field longer than the fields
  CHECK(error_of(request_with(std::string("\xfe\x01\x00", 3))) == parse_error::bad_size);  // so is an unknown field
}

TEST_CASE("an unknown type is an error", "[wire][gate2]") {
  CHECK(error_of(envelope(0, 0, 1, "")) == parse_error::unknown_type);
  CHECK(error_of(envelope(type_max + 1, 0, 1, "")) == parse_error::unknown_type);
  CHECK(error_of(envelope(255, 0, 1, "")) == parse_error::unknown_type);
}

TEST_CASE("unknown fields, fields of other types and flags of other types are ignored", "[wire][gate2]") {
  const std::string batch = envelope(7, 0xff & ~message_flag::external, 5,
                                     field(200, "anything") + field(0, "") + field(1, "") /* no name here */ +
                                         field(15, number(1, 4) + number(2, 4)) + field(31, "") + field(32, "x"));
  reader r(batch);
  message m;
  REQUIRE(r.next(m));
  CHECK(m.flags == 0);
  CHECK(m.credit_items == 1);
  CHECK(m.credit_bytes == 2);
  CHECK(m.service.empty());
}

TEST_CASE("of a field given twice the last counts", "[wire][gate2]") {
  const std::string batch = request_with(field(4, number(1, 4)) + field(4, number(9, 4)));
  reader r(batch);
  message m;
  REQUIRE(r.next(m));
  CHECK(m.attempt == 9);
}

TEST_CASE("a required field that is absent is named so", "[wire][gate2]") {
  const std::string magic_fields = versions + field(23, number(2, 1));
  CHECK(error_of(envelope(3, 0, 1, field(1, "s"))) == parse_error::missing_field);
  CHECK(error_of(envelope(3, 0, 1, field(2, "m"))) == parse_error::missing_field);
  CHECK(error_of(envelope(12, 0, 1, field(2, "m"))) == parse_error::missing_field);
  CHECK(error_of(envelope(7, 0, 1, "")) == parse_error::missing_field);
  CHECK(error_of(envelope(6, 0, 1, "")) == parse_error::missing_field);
  CHECK(error_of(envelope(13, 0, 0, "")) == parse_error::missing_field);
  CHECK(error_of(envelope(2, 0, 0, versions)) == parse_error::missing_field);
  CHECK(error_of(envelope(2, 0, 0, heartbeat)) == parse_error::missing_field);
  CHECK(error_of(envelope(1, 0, gate2_magic, versions)) == parse_error::missing_field);
  CHECK(error_of(envelope(1, 0, gate2_magic, field(23, number(1, 1)))) == parse_error::missing_field);
  CHECK(error_of(envelope(1, 0, gate2_magic, magic_fields + field(1, "s"))) == parse_error::missing_field);
  CHECK(error_of(envelope(1, 0, gate2_magic, magic_fields + field(25, number(1, 4)))) == parse_error::missing_field);
}

TEST_CASE("a type that concerns a call names one", "[wire][gate2]") {
  CHECK(error_of(envelope(3, 0, 0, service_and_method)) == parse_error::missing_field);
  CHECK(error_of(envelope(4, 0, 0, "")) == parse_error::missing_field);
  CHECK(error_of(envelope(5, 0, 0, "")) == parse_error::missing_field);
  CHECK(error_of(envelope(8, 0, 0, "")) == parse_error::missing_field);
}

TEST_CASE("a hello without the magic is refused", "[wire][gate2]") {
  CHECK(error_of(envelope(1, 0, 0, versions + field(23, number(1, 1)))) == parse_error::bad_field);
}

TEST_CASE("a field of an impossible length is refused", "[wire][gate2]") {
  for (int tag : {3, 4, 5, 6, 15}) {
    INFO("tag " << tag);
    CHECK(error_of(request_with(field(tag, ""))) == parse_error::bad_field);
    CHECK(error_of(request_with(field(tag, std::string(16, '\0')))) == parse_error::bad_field);
  }
  CHECK(error_of(envelope(3, 0, 1, field(1, "") + field(2, "m"))) == parse_error::bad_field);
  CHECK(error_of(envelope(3, 0, 1, field(1, "s") + field(2, ""))) == parse_error::bad_field);
  for (int tag : {13, 28, 29, 30}) {
    INFO("tag " << tag);
    CHECK(error_of(envelope(4, 0, 1, field(tag, ""))) == parse_error::bad_field);
    CHECK(error_of(envelope(4, 0, 1, field(tag, "1234"))) == parse_error::bad_field);
  }
  CHECK(error_of(envelope(5, 0, 1, field(16, "1234"))) == parse_error::bad_field);
  CHECK(error_of(envelope(6, 0, 1, field(17, ""))) == parse_error::bad_field);
}

TEST_CASE("a field with an impossible value is refused", "[wire][gate2]") {
  CHECK(error_of(envelope(4, 0, 1, field(12, "\x03"))) == parse_error::bad_field);  // two encodings at once
  CHECK(error_of(envelope(4, 0, 1, field(30, "\x02"))) == parse_error::bad_field);  // an unknown content
  CHECK(error_of(envelope(6, 0, 1, field(17, "\x05") + field(20, "\x03"))) ==
        parse_error::bad_field);  // an unknown origin
  CHECK(error_of(envelope(1, 0, gate2_magic, versions + field(23, "\x03"))) == parse_error::bad_field);
  CHECK(error_of(envelope(1, 0, gate2_magic, field(21, number(2, 2) + number(1, 2)))) == parse_error::bad_field);
  CHECK(error_of(envelope(2, 0, 0, versions + field(26, number(0, 4) + number(3, 4)))) == parse_error::bad_field);
  CHECK(error_of(envelope(2, 0, 0, versions + field(26, number(9, 4) + number(0, 4)))) == parse_error::bad_field);
  CHECK(error_of(request_with(field(11,
                                    "\x05"
                                    "ab"))) == parse_error::bad_field);  // metadata that ends inside a key
}

TEST_CASE("names, texts and metadata over their limits are refused", "[wire][gate2]") {
  const auto xs = [](std::size_t n) { return std::string(n, 'x'); };
  CHECK(error_of(envelope(3, 0, 1, field(1, xs(256)) + field(2, "m"))) == parse_error::too_large);
  CHECK(error_of(envelope(3, 0, 1, field(1, "s") + field(2, xs(256)))) == parse_error::too_large);
  for (int tag : {7, 8, 10}) CHECK(error_of(request_with(field(tag, xs(256)))) == parse_error::too_large);
  CHECK(error_of(request_with(field(9, xs(513)))) == parse_error::too_large);
  CHECK(error_of(request_with(field(11, xs(16'385)))) == parse_error::too_large);
  CHECK(error_of(envelope(4, 0, 1, field(14, xs(256)))) == parse_error::too_large);
  CHECK(error_of(envelope(6, 0, 1, field(17, "\x05") + field(18, xs(4097)))) == parse_error::too_large);
  CHECK(error_of(envelope(6, 0, 1, field(17, "\x05") + field(19, xs(256)))) == parse_error::too_large);
  CHECK(read_all(envelope(3, 0, 1, field(1, xs(255)) + field(2, xs(255)) + field(9, xs(512)))).messages == 1);
}

TEST_CASE("a payload of any size is the reader's to give and another's to judge", "[wire][gate2]") {
  const std::string batch = envelope(3, 0, 1, service_and_method, std::string(limits::payload_bytes_max + 1, 'x'));
  CHECK(read_all(batch).messages == 1);
}

TEST_CASE("a status that this version does not know counts as internal", "[wire][gate2]") {
  const std::string batch = envelope(6, 0, 1, field(17, "\xc8"));
  reader r(batch);
  message m;
  REQUIRE(r.next(m));
  CHECK(m.status == errc::internal);
}

TEST_CASE("a payload frame and its claim come together or not at all", "[wire][gate2]") {
  const std::string claims = envelope(3, message_flag::external, 1, service_and_method);
  const std::string plain = request_with("");
  CHECK(read_all(claims).error == parse_error::stray_payload);
  CHECK(read_all(claims, "x").error == parse_error::none);

  outcome o = read_all(plain, "x");
  CHECK(o.error == parse_error::stray_payload);
  CHECK(o.messages == 1);

  o = read_all(claims + plain, "x");  // not by the last
  CHECK(o.error == parse_error::stray_payload);
  CHECK(o.messages == 0);

  CHECK(read_all(envelope(3, message_flag::external, 1, service_and_method, "x"), "x").error == parse_error::bad_size);
  CHECK(read_all("", "x").error == parse_error::truncated);
}

TEST_CASE("what says that it carries no value carries none", "[wire][gate2]") {
  CHECK(error_of(envelope(4, message_flag::no_payload, 1, "", "x")) == parse_error::bad_size);
  CHECK(read_all(envelope(5, message_flag::no_payload | message_flag::external, 1, ""), "x").error ==
        parse_error::bad_size);
  CHECK(read_all(envelope(5, message_flag::no_payload, 1, "")).error == parse_error::none);
}

TEST_CASE("bytes changed at random are parsed or refused, and what parses composes to what parses the same",
          "[wire][gate2]") {
  std::string valid;
  for (const message& m : samples::all()) append(valid, m);
  std::mt19937 random(20'240'601);
  std::size_t refused = 0, accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string batch = valid;
    for (std::size_t changes = 1 + random() % 3; changes > 0; --changes) {
      batch[random() % batch.size()] = static_cast<char>(static_cast<unsigned char>(random() & 0xff));
    }
    reader r(batch);
    message m;
    while (r.next(m)) {
      std::string again;
      append(again, m);
      reader second(again);
      message n;
      REQUIRE(second.next(n));
      REQUIRE(samples::same(m, n));
      ++accepted;
    }
    if (r.error() != parse_error::none) ++refused;
  }
  CHECK(refused > 1000);
  CHECK(accepted > 1000);
}

TEST_CASE("each way to be malformed has a name", "[wire][gate2]") {
  CHECK(to_string(parse_error::none) == "none");
  CHECK(to_string(parse_error::truncated) == "truncated");
  CHECK(to_string(parse_error::bad_frames) == "bad_frames");
}
