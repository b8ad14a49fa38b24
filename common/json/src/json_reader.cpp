#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include <gate/json.hpp>
#include <gate/limits.hpp>
#include <gate/value.hpp>

#include "common/json/src/base64.hpp"

namespace gate {
namespace {

using json = nlohmann::ordered_json;  // the keys of an object keep their order
using nanoseconds = std::chrono::nanoseconds;
using time_point = std::chrono::time_point<std::chrono::system_clock, nanoseconds>;

// Reads the nanoseconds of ".25", and removes them from the text.
std::optional<nanoseconds> take_fraction(std::string_view& text) {
  if (!text.starts_with('.')) return nanoseconds(0);
  text.remove_prefix(1);
  std::int64_t value = 0;
  int digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9' && digits < 9) {
    value = value * 10 + (text.front() - '0');
    text.remove_prefix(1);
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 9; ++digits) value *= 10;
  return nanoseconds(value);
}

std::optional<time_point> from_iso(const std::string& text) {
  using namespace std::chrono;
  int year_number = 0, hour = 0, minute = 0, second = 0, taken = 0;
  unsigned month_number = 0, day_number = 0;
  if (std::sscanf(text.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d%n", &year_number, &month_number, &day_number, &hour, &minute,
                  &second, &taken) != 6) {
    return std::nullopt;
  }
  const year_month_day date{year(year_number), month(month_number), day(day_number)};
  const bool time_fits = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
  const bool year_fits = year_number >= 1678 && year_number <= 2261;  // the range of nanoseconds in 64 bits
  std::string_view rest = std::string_view(text).substr(static_cast<std::size_t>(taken));
  const std::optional<nanoseconds> fraction = take_fraction(rest);
  if (!date.ok() || !time_fits || !year_fits || !fraction || rest != "Z") return std::nullopt;
  return sys_days(date) + hours(hour) + minutes(minute) + seconds(second) + *fraction;
}

// Writes msgpack.
class encoder {
 public:
  explicit encoder(std::string& out) : sink_(out), packer_(sink_) {}

  void write(const json& j, std::size_t depth) {
    if (depth > limits::value_depth_max) throw json_error("nested too deeply");
    switch (j.type()) {
      case json::value_t::boolean:
        packer_.pack(j.get<bool>());
        break;
      case json::value_t::number_integer:
        packer_.pack(j.get<std::int64_t>());
        break;
      case json::value_t::number_unsigned:
        packer_.pack(j.get<std::uint64_t>());
        break;
      case json::value_t::number_float:
        packer_.pack(j.get<double>());
        break;
      case json::value_t::string:
        packer_.pack(j.get_ref<const std::string&>());
        break;
      case json::value_t::array:
        packer_.pack_array(size_of(j));
        for (const json& item : j) write(item, depth + 1);
        break;
      case json::value_t::object:
        write_object(j, depth);
        break;
      default:
        packer_.pack_nil();
        break;
    }
  }

 private:
  static std::uint32_t size_of(const json& j) {
    if (j.size() > std::numeric_limits<std::uint32_t>::max()) throw json_error("too many elements");
    return static_cast<std::uint32_t>(j.size());
  }

  void write_object(const json& j, std::size_t depth) {
    if (j.size() == 1 && j.begin().key().starts_with('$')) {
      write_special(j.begin().key(), j.begin().value());
      return;
    }
    packer_.pack_map(size_of(j));
    for (const auto& [key, item] : j.items()) {
      packer_.pack(key);
      write(item, depth + 1);
    }
  }

  void write_special(const std::string& what, const json& content) {
    if (what == "$bytes") {
      const std::string raw = bytes_of(what, content);
      packer_.pack_bin(static_cast<std::uint32_t>(raw.size()));
      packer_.pack_bin_body(raw.data(), static_cast<std::uint32_t>(raw.size()));
    } else if (what == "$timestamp") {
      const std::optional<time_point> when = content.is_string() ? from_iso(content.get<std::string>()) : std::nullopt;
      if (!when) throw json_error("$timestamp is written as \"2026-11-20T11:28:12.5Z\", from 1678 to 2261");
      packer_.pack(*when);
    } else if (what == "$float") {
      write_float(content);
    } else if (what == "$extension") {
      write_extension(what, content);
    } else {
      throw json_error("an object with the one key '" + what + "': known are $bytes, $timestamp, $float, $extension");
    }
  }

  void write_float(const json& content) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (content == "nan") {
      packer_.pack(std::numeric_limits<double>::quiet_NaN());
    } else if (content == "inf" || content == "-inf") {
      packer_.pack(content == "inf" ? infinity : -infinity);
    } else {
      throw json_error("$float is \"nan\", \"inf\" or \"-inf\"");
    }
  }

  void write_extension(const std::string& what, const json& content) {
    const bool shaped = content.is_array() && content.size() == 2 && content[0].is_number_integer();
    if (!shaped || content[0].get<std::int64_t>() < -128 || content[0].get<std::int64_t>() > 127) {
      throw json_error("$extension is written as [type, \"base64\"], the type from -128 to 127");
    }
    const std::string raw = bytes_of(what, content[1]);
    packer_.pack_ext(raw.size(), static_cast<std::int8_t>(content[0].get<std::int64_t>()));
    packer_.pack_ext_body(raw.data(), static_cast<std::uint32_t>(raw.size()));
  }

  static std::string bytes_of(const std::string& what, const json& content) {
    std::optional<std::string> raw;
    if (content.is_string()) raw = from_base64(content.get_ref<const std::string&>());
    if (!raw) throw json_error(what + " holds base64");
    return std::move(*raw);
  }

  detail::string_sink sink_;
  detail::packer packer_;
};

json parse(std::string_view text) {
  try {
    return json::parse(text);
  } catch (const json::out_of_range&) {
    throw json_error("a number beyond what float64 holds");
  } catch (const json::parse_error& e) {
    throw json_error("no JSON (see byte " + std::to_string(e.byte) + ")", e.byte);
  }
}

}  // namespace

value from_json(std::string_view text) {
  std::string encoded;
  encoder(encoded).write(parse(text), 1);
  auto decoded = value::decode(std::move(encoded));
  if (!decoded) throw json_error(std::string(to_string(decoded.error())));
  return std::move(*decoded);
}

}  // namespace gate
