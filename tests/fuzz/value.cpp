// Bytes are decoded or refused, and no conversion reads past their end. A decoded value encodes to an equal one.
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <gate/value.hpp>

#include "tests/fuzz/input.hpp"

using namespace gate;

namespace {

struct record {
  std::string name;
  int numbers[2] = {};
  char text[4] = {};
  std::array<std::byte, 3> raw{};
  std::optional<double> weight;
  MSGPACK_DEFINE(name, numbers, text, raw, weight)
};

struct named_record {
  std::vector<record> records;
  std::chrono::system_clock::time_point at;
  std::chrono::milliseconds lasted{};
  MSGPACK_DEFINE_MAP(records, at, lasted)
};

template <class... T> void convert_each(const borrowed_value& v) {
  const auto attempt = [&v]<class U>(std::type_identity<U>) {
    try {
      if constexpr (std::is_void_v<U>) {
        v.as<U>();
      } else {
        // A type that could be read can be written.
        const auto converted = v.as<U>();
        (void)encode(converted);
      }
    } catch (const Error& e) {
      GATE_ASSERT(e.code() == errc::invalid_argument);
    }
  };
  (attempt(std::type_identity<T>{}), ...);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bytes_view input = as_text(data, size);
  decode_error error = decode_error::none;
  const borrowed_value borrowed(input, error);
  auto decoded = value::decode(input);
  GATE_ASSERT(decoded.has_value() == (error == decode_error::none));
  if (!decoded) return 0;

  const std::string encoded = encode(*decoded);
  GATE_ASSERT(encoded.size() <= input.size());
  GATE_ASSERT(encode(value::decode(encoded).value()) == encoded);
  GATE_ASSERT(to_string(*decoded, 100).size() <= 103);
  convert_each<void, bool, std::int8_t, std::uint64_t, double, std::string, bytes, std::vector<int>,
               std::map<std::string, value>, std::array<std::string, 2>, std::array<char, 5>,
               std::tuple<int, std::string>, std::pair<bytes, bool>, std::optional<std::vector<std::optional<int>>>,
               std::variant<std::monostate, int, double, std::vector<value>, record>,
               std::chrono::system_clock::time_point, std::chrono::duration<std::int16_t>, record, named_record>(
      borrowed);
  try {
    (void)decode_arguments<int, std::string>(input);
  } catch (const Error&) {
  }
  return 0;
}
