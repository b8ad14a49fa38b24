// The tables of the dialect stand in the code and in docs/protocol.md. Neither may change alone.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "common/wire/gate2.hpp"
#include "common/wire/src/gate2_format.hpp"

using namespace gate;
using namespace gate::wire::gate2;

namespace {

using row = std::vector<std::string>;

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == text.npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(' ') - begin + 1));
}

row cells_of(const std::string& line) {
  row cells;
  for (std::size_t at = 1; at < line.size();) {
    const std::size_t end = line.find('|', at);
    cells.push_back(trimmed(std::string_view(line).substr(at, end - at)));
    at = end + 1;
  }
  return cells;
}

// The rows of the table of docs/protocol.md that has this first line.
std::vector<row> documented(const std::string& first_line) {
  std::ifstream file(GATE_TEST_DOCS "/protocol.md");
  REQUIRE(file);
  std::string line;
  while (std::getline(file, line) && line != first_line) {
  }
  INFO(first_line);
  REQUIRE(line == first_line);
  std::getline(file, line);  // the rule below it
  std::vector<row> rows;
  while (std::getline(file, line) && line.starts_with("|")) rows.push_back(cells_of(line));
  return rows;
}

// A row may have more columns in the document than in the code.
void check_same(const std::vector<row>& documents, const std::vector<row>& code) {
  CHECK(documents.size() == code.size());
  for (std::size_t i = 0; i < std::min(documents.size(), code.size()); ++i) {
    REQUIRE(documents[i].size() >= code[i].size());
    CHECK(row(documents[i].begin(), documents[i].begin() + static_cast<std::ptrdiff_t>(code[i].size())) == code[i]);
  }
}

std::string hex(std::uint32_t bits) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "0x%02x", bits);
  return text.data();
}

// A `returned` carries what its `request` carried, so the document does not name it.
std::string names_of(type_set set) {
  std::string names;
  for (const type_row& type : type_rows) {
    const auto number = static_cast<message_type>(type.number);
    if (type.number == 0 || number == message_type::returned || !contains(set, number)) continue;
    names += (names.empty() ? "" : ", ") + std::string(type.name);
  }
  return names;
}

std::string form_of(const field_row& field) {
  const std::string size = field.bytes_min == 0
                               ? "up to " + std::to_string(field.bytes_max)
                               : std::to_string(field.bytes_min) + " to " + std::to_string(field.bytes_max);
  switch (field.value) {
    case form::u8:
      return "u8";
    case form::u32:
      return "u32";
    case form::u64:
      return "u64";
    case form::two_u16:
      return "u16, u16";
    case form::two_u32:
      return "u32, u32";
    case form::text:
      return "text, " + size + " bytes";
    case form::bytes:
      return "bytes, " + size + " bytes";
  }
  return {};
}

bool is_number(form value) { return value != form::text && value != form::bytes; }

std::string number(std::uint64_t value, std::size_t byte_count) {
  std::string bytes;
  for (std::size_t i = 0; i < byte_count; ++i)
    bytes.push_back(i < 8 ? static_cast<char>(static_cast<std::uint8_t>(value >> 8 * i)) : '\0');
  return bytes;
}

// A value of that size which nothing but its size can make wrong.
std::string value_of(const field_row& field, std::size_t size) {
  if (field.value == form::two_u16)
    return (number(1, 2) + number(1, 2)).substr(0, size) + std::string(size > 4 ? size - 4 : 0, '\0');
  if (field.value == form::two_u32)
    return (number(1, 4) + number(1, 4)).substr(0, size) + std::string(size > 8 ? size - 8 : 0, '\0');
  if (is_number(field.value)) return number(1, size);
  if (size == 0) return {};
  if (field.number == tag_metadata) return number(0, 1) + number(size - 3, 2) + std::string(size - 3, 'v');
  if (field.number != tag_services) return std::string(size, 'x');
  std::string names;
  while (names.size() + 257 < size) names += '\xff' + std::string(255, 's');
  if (names.size() + 257 == size) names += "\1s";
  const std::size_t last = size - names.size() - 1;
  names += number(last, 1) + std::string(last, 's');
  return names;
}

std::string field_bytes(std::uint8_t tag, const std::string& value) {
  return number(tag, 1) + number(value.size(), 2) + value;
}

// An envelope of that type with what it must have, and behind that the field.
std::string envelope(message_type type, const field_row& field, std::size_t size) {
  std::string fields;
  for (const field_row& each : field_rows) {
    if (contains(each.required, type))
      fields += field_bytes(each.number, value_of(each, is_number(each.value) ? each.bytes_min : 1));
  }
  fields += field_bytes(field.number, value_of(field, size));
  const std::uint64_t call = type == message_type::hello ? gate2_magic : 1;
  return number(12 + fields.size(), 4) + number(static_cast<std::uint8_t>(type), 1) + number(0, 1) +
         number(fields.size(), 2) + number(call, 8) + fields;
}

parse_error error_of(const std::string& batch) {
  reader r(batch);
  message m;
  static_cast<void>(r.next(m));
  return r.error();
}

}  // namespace

TEST_CASE("the types of messages are those of docs/protocol.md", "[wire][gate2]") {
  std::vector<row> code;
  for (const type_row& type : type_rows) {
    if (type.number != 0) code.push_back({std::to_string(type.number), std::string(type.name)});
    if (type.number != 0 && type.number <= message_type_max) CHECK(type.name == to_string(message_type{type.number}));
  }
  const std::vector<row> documents = documented("| no | type | from -> to | call | since | meaning |");
  check_same(documents, code);
  for (const row& each : documents) {
    INFO(each[1]);
    CHECK((each[3] == "yes") == type_rows[static_cast<std::size_t>(std::stoi(each[0]))].call);
  }
}

TEST_CASE("the flags are those of docs/protocol.md", "[wire][gate2]") {
  std::vector<row> code;
  for (const flag_row& flag : flag_rows) {
    const std::string types = flag.on == 0 ? "any with a payload" : names_of(flag.on);
    code.push_back({hex(flag.bits), std::string(flag.name), types, std::string(flag.since)});
  }
  check_same(documented("| bit | name | on | since | meaning |"), code);
}

TEST_CASE("the fields are those of docs/protocol.md", "[wire][gate2]") {
  std::vector<row> code;
  for (const field_row& field : field_rows) {
    code.push_back({std::to_string(field.number), std::string(field.name), form_of(field), names_of(field.on),
                    std::string(field.since), field.older.empty() ? "-" : std::string(field.older)});
  }
  check_same(documented("| tag | name | value | on | since | a peer of an older revision | meaning |"), code);
}

TEST_CASE("the capabilities are those of docs/protocol.md", "[wire][gate2]") {
  std::vector<row> code;
  for (const capability_row& each : capability_rows)
    code.push_back({hex(each.bit), std::string(each.name), std::string(each.since)});
  check_same(documented("| bit | name | since | in force |"), code);
}

TEST_CASE("the fields that a type must have are those of docs/protocol.md", "[wire][gate2]") {
  std::vector<row> documents = documented("| type | fields |");
  for (const row& each : documents) {
    for (std::size_t at = 0; at < each[0].size();) {
      const std::size_t end = std::min(each[0].find(',', at), each[0].size());
      const std::string name = trimmed(std::string_view(each[0]).substr(at, end - at));
      at = end + 1;
      std::string required;
      for (const type_row& type : type_rows) {
        if (type.number == 0 || type.name != name) continue;
        for (const field_row& field : field_rows) {
          if (!contains(field.required, message_type{type.number})) continue;
          required += (required.empty() ? "" : ", ") + std::string(field.name);
        }
      }
      INFO(name);
      CHECK(each[1].substr(0, each[1].find(';')) == required);
    }
  }
  for (const type_row& type : type_rows) {
    if (rules[type.number].required == 0) continue;
    bool found = false;
    for (const row& each : documents)
      found = found || (", " + each[0] + ",").find(", " + std::string(type.name) + ",") != std::string::npos;
    INFO(type.name);
    CHECK(found);
  }
}

TEST_CASE("each field has its place in the table, and so has each flag its bits", "[wire][gate2]") {
  for (std::size_t i = 0; i < field_rows.size(); ++i) CHECK(field_rows[i].number == i + 1);
  for (std::size_t i = 0; i < type_rows.size(); ++i) CHECK(type_rows[i].number == i);
  std::uint32_t bits = 0;
  for (const flag_row& flag : flag_rows) {
    CHECK((bits & flag.bits) == 0);
    bits |= flag.bits;
  }
}

TEST_CASE("the reader takes a field of the sizes that the table says, and no other", "[wire][gate2]") {
  for (const field_row& field : field_rows) {
    for (const type_row& type : type_rows) {
      const message_type t{type.number};
      if (!contains(field.on, t)) continue;
      INFO(type.name << ", " << field.name);
      CHECK(error_of(envelope(t, field, field.bytes_min)) == parse_error::none);
      CHECK(error_of(envelope(t, field, field.bytes_max)) == parse_error::none);
      const parse_error longer = error_of(envelope(t, field, field.bytes_max + 1));
      CHECK(longer == (is_number(field.value) ? parse_error::bad_field : parse_error::too_large));
      if (field.bytes_min > 0) CHECK(error_of(envelope(t, field, field.bytes_min - 1)) == parse_error::bad_field);
    }
  }
}
