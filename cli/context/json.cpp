#include "cli/context/json.hpp"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <limits>
#include <optional>
#include <utility>

#include <unistd.h>

#include <gate/limits.hpp>

#include "cli/context/base64.hpp"
#include "cli/terminal/terminal.hpp"

namespace gate::cli {
namespace {

using nanoseconds = std::chrono::nanoseconds;
using time_point = std::chrono::time_point<std::chrono::system_clock, nanoseconds>;

json special(const char* what, json content) {
  json j = json::object();
  j[what] = std::move(content);
  return j;
}

std::string to_iso(time_point when) {
  using namespace std::chrono;
  const auto day = floor<days>(when);
  const year_month_day date(day);
  const hh_mm_ss<nanoseconds> time(when - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  std::string iso = text;
  if (const auto rest = time.subseconds().count(); rest != 0) {
    std::snprintf(text, sizeof text, ".%09lld", static_cast<long long>(rest));
    iso += text;
    while (iso.back() == '0') iso.pop_back();
  }
  return iso + "Z";
}

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

json object_to_json(const msgpack::object& o);

json extension_to_json(const msgpack::object& o) {
  json content = json::array();
  content.push_back(o.via.ext.type());
  content.push_back(to_base64({o.via.ext.data(), o.via.ext.size}));
  return special("$extension", std::move(content));
}

json timestamp_to_json(const msgpack::object& o) {
  try {
    return special("$timestamp", to_iso(from_object<time_point>(o)));
  } catch (const Error&) {  // out of the range of nanoseconds, or malformed
    return extension_to_json(o);
  }
}

json float_to_json(double number) {
  if (std::isfinite(number)) return number;
  return special("$float", std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf");
}

json list_to_json(const msgpack::object& o) {
  json list = json::array();
  for (std::uint32_t i = 0; i < o.via.array.size; ++i) list.push_back(object_to_json(o.via.array.ptr[i]));
  return list;
}

json map_to_json(const msgpack::object& o) {
  // ordered_json searches keys one by one: appending directly is fast for a large map. A key that comes twice is kept
  // twice.
  json map = json::object();
  auto& entries = map.get_ref<json::object_t&>();
  for (std::uint32_t i = 0; i < o.via.map.size; ++i) {
    const msgpack::object_kv& entry = o.via.map.ptr[i];
    const json key = object_to_json(entry.key);
    std::string name = key.is_string() ? key.get<std::string>() : to_text(key, false);
    entries.push_back({std::move(name), object_to_json(entry.val)});
  }
  return map;
}

json object_to_json(const msgpack::object& o) {
  switch (kind_of(o)) {
    case value_kind::nil:
      return nullptr;
    case value_kind::boolean:
      return o.via.boolean;
    case value_kind::integer:
      if (o.type == msgpack::type::POSITIVE_INTEGER) return o.via.u64;
      return o.via.i64;
    case value_kind::floating:
      return float_to_json(o.via.f64);
    case value_kind::string:
      return std::string(o.via.str.ptr, o.via.str.size);
    case value_kind::binary:
      return special("$bytes", to_base64({o.via.bin.ptr, o.via.bin.size}));
    case value_kind::list:
      return list_to_json(o);
    case value_kind::map:
      return map_to_json(o);
    case value_kind::timestamp:
      return timestamp_to_json(o);
    case value_kind::extension:
      return extension_to_json(o);
  }
  return nullptr;
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

  gate::detail::string_sink sink_;
  gate::detail::packer packer_;
};

// The text begins like JSON: if it has a mistake, it must not be sent as a text.
json_error no_json(std::string_view text, std::size_t byte) {
  constexpr std::size_t shown_max = 60;
  const bool is_short = text.size() <= shown_max;
  const std::string shown = "'" + std::string(text.substr(0, shown_max)) + (is_short ? "'" : "...'");
  std::string said = shown + " begins as JSON and is none (see byte " + std::to_string(byte) + "); ";
  if (!is_short) return json_error(said + "as text: put it in a file, and write @text:FILE");
  return json_error(said + "as text: '" + to_text(json(std::string(text)), false) + "'");
}

}  // namespace

json to_json(const value& v) { return object_to_json(v.object()); }

value to_value(const json& j) {
  std::string encoded;
  encoder(encoded).write(j, 1);
  auto decoded = value::decode(std::move(encoded));
  if (!decoded) throw json_error(std::string(to_string(decoded.error())));
  return std::move(*decoded);
}

value read_argument(std::string_view text) {
  json j;
  try {
    j = json::parse(text);
  } catch (const json::out_of_range&) {
    throw json_error("a number beyond what float64 holds");
  } catch (const json::parse_error& e) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && (text[first] == '{' || text[first] == '[')) throw no_json(text, e.byte);
    return value::of(std::string(text));
  }
  return to_value(j);
}

std::string to_text(const json& j, bool pretty) {
  constexpr std::size_t line_max = 100;
  constexpr auto replace = json::error_handler_t::replace;
  std::string line = j.dump(-1, ' ', false, replace);
  if (!pretty || line.size() <= line_max) return line;
  return j.dump(2, ' ', false, replace);
}

void print(const json& j, bool pretty) {
  const std::string text = to_text(j, pretty);  // JSON itself does not escape U+007F to U+009F
  std::cout << (::isatty(STDOUT_FILENO) == 1 ? printable(text) : text) << '\n';
}

}  // namespace gate::cli
