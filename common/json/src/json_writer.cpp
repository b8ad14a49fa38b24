#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include <gate/error.hpp>
#include <gate/json.hpp>
#include <gate/value.hpp>

#include "common/json/src/base64.hpp"

namespace gate {
namespace {

using json = nlohmann::ordered_json;  // the keys of a map keep their order
using nanoseconds = std::chrono::nanoseconds;
using time_point = std::chrono::time_point<std::chrono::system_clock, nanoseconds>;

constexpr std::size_t line_max = 100;

std::string dump(const json& j, int indent) { return j.dump(indent, ' ', false, json::error_handler_t::replace); }

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

json json_of(const msgpack::object& o);

json json_of_extension(const msgpack::object& o) {
  json content = json::array();
  content.push_back(o.via.ext.type());
  content.push_back(to_base64({o.via.ext.data(), o.via.ext.size}));
  return special("$extension", std::move(content));
}

json json_of_timestamp(const msgpack::object& o) {
  try {
    return special("$timestamp", to_iso(from_object<time_point>(o)));
  } catch (const Error&) {  // a time that nanoseconds do not reach, or not well formed
    return json_of_extension(o);
  }
}

json json_of_float(double number) {
  if (std::isfinite(number)) return number;
  return special("$float", std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf");
}

json json_of_list(const msgpack::object& o) {
  json list = json::array();
  for (std::uint32_t i = 0; i < o.via.array.size; ++i) list.push_back(json_of(o.via.array.ptr[i]));
  return list;
}

json json_of_map(const msgpack::object& o) {
  // ordered_json finds a key by a walk through all keys. Appending needs no search, and keeps a key that comes twice.
  json map = json::object();
  auto& entries = map.get_ref<json::object_t&>();
  for (std::uint32_t i = 0; i < o.via.map.size; ++i) {
    const msgpack::object_kv& entry = o.via.map.ptr[i];
    const json key = json_of(entry.key);
    std::string name = key.is_string() ? key.get<std::string>() : dump(key, -1);
    entries.push_back({std::move(name), json_of(entry.val)});
  }
  return map;
}

json json_of(const msgpack::object& o) {
  switch (kind_of(o)) {
    case value_kind::nil:
      return nullptr;
    case value_kind::boolean:
      return o.via.boolean;
    case value_kind::integer:
      if (o.type == msgpack::type::POSITIVE_INTEGER) return o.via.u64;
      return o.via.i64;
    case value_kind::floating:
      return json_of_float(o.via.f64);
    case value_kind::string:
      return std::string(o.via.str.ptr, o.via.str.size);
    case value_kind::binary:
      return special("$bytes", to_base64({o.via.bin.ptr, o.via.bin.size}));
    case value_kind::list:
      return json_of_list(o);
    case value_kind::map:
      return json_of_map(o);
    case value_kind::timestamp:
      return json_of_timestamp(o);
    case value_kind::extension:
      return json_of_extension(o);
  }
  return nullptr;
}

}  // namespace

std::string to_json(const value& v, json_layout layout) {
  const json j = json_of(v.object());
  std::string line = dump(j, -1);
  if (layout == json_layout::one_line || line.size() <= line_max) return line;
  return dump(j, 2);
}

}  // namespace gate
