// One table of keys describes what a program can be told. Flags, variables, files, --help, --print-config, the example
// file and the tables of docs/limits.md are made from it.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace gate {

enum class unit : std::uint8_t {
  count,
  size,  // "64MiB", or a whole number of bytes
  time,  // "5s", or a whole number of milliseconds
  flag,  // true or false
  text,
  texts  // a list of texts
};

// "count", "bytes", "duration", "flag", "text", "list of texts".
std::string_view to_string(unit u) noexcept;

// The value of a key. A number counts milliseconds for a duration, and bytes for a size.
using setting_value = std::variant<std::uint64_t, bool, std::string, std::vector<std::string>>;

// What a row of a table may say beyond the first columns.
struct key_extras {
  std::span<const std::string_view> choices = {};  // of a text; empty: any text
  // Says what is wrong with a text, as a whole sentence: "'x' is no address to bind: ...". Empty: nothing is wrong.
  std::string (*fault)(std::string_view text) = nullptr;
  bool reloadable = false;           // SIGHUP brings a new value of the file into force
  std::string_view variable = {};    // its environment variable; empty: GATE_ and the name in capitals
  std::string_view when_unset = {};  // of a field without a default: what counts while nothing sets it, in words
};

// The levels of a program's log.
inline constexpr std::array<std::string_view, 6> log_levels{"trace", "debug", "info", "warn", "error", "off"};

constexpr key_extras one_of(std::span<const std::string_view> choices) noexcept { return {.choices = choices}; }
constexpr key_extras checked_by(std::string (*fault)(std::string_view)) noexcept { return {.fault = fault}; }
constexpr key_extras with_variable(std::string_view name) noexcept { return {.variable = name}; }
constexpr key_extras reloadable(key_extras e) noexcept { return e.reloadable = true, e; }

// A row of a table of keys, whatever struct the value goes to.
struct key_info {
  std::string_view name;  // drain_timeout in a file, --drain-timeout as a flag, GATE_DRAIN_TIMEOUT in the environment
  gate::unit unit;
  // What is allowed: of a number, in its unit. Of a text, how many bytes; of a list, how many texts. A text or list
  // with `most` 0 may have any length.
  std::uint64_t least, most;
  // What the key does, its unit, and what happens beyond a limit. Whole sentences; the last one has no full stop.
  std::string_view doc;
  key_extras extras;
};

std::string flag_of(const key_info& key);      // "--drain-timeout"
std::string variable_of(const key_info& key);  // "GATE_DRAIN_TIMEOUT"
// Without quotes and brackets, for people: 64MiB, 5s, 4096, true, tcp://..., a list with commas.
std::string plain_text(const key_info& key, const setting_value& value);
// As a file has it: "64MiB", "5s", 4096, true, ["tcp://..."].
std::string toml_text(const key_info& key, const setting_value& value);

// How a field of an options struct becomes a setting_value and back. Specialise it for an enum that settings write as
// text: T from(const setting_value&), setting_value to(const T&). The table's choices must then hold each text.
template <class T> struct setting_type;

template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>)
struct setting_type<T> {
  static setting_value to(T v) { return std::uint64_t{v}; }
  static T from(const setting_value& v) { return static_cast<T>(std::get<std::uint64_t>(v)); }
};
template <> struct setting_type<std::chrono::milliseconds> {
  static setting_value to(std::chrono::milliseconds v) { return static_cast<std::uint64_t>(v.count()); }
  static std::chrono::milliseconds from(const setting_value& v) {
    return std::chrono::milliseconds(static_cast<std::int64_t>(std::get<std::uint64_t>(v)));
  }
};
template <class T>
  requires(std::same_as<T, bool> || std::same_as<T, std::string> || std::same_as<T, std::vector<std::string>>)
struct setting_type<T> {
  static setting_value to(const T& v) { return v; }
  static T from(const setting_value& v) { return std::get<T>(v); }
};

// The field of an options struct that a key sets. A field that is a std::optional is unset until something sets it.
template <class Options> struct field {
  std::optional<setting_value> (*get)(const Options&);
  void (*put)(Options&, const setting_value&);
};

namespace detail {
template <class T> struct value_of_field {
  using type = T;
};
template <class T> struct value_of_field<std::optional<T>> {
  using type = T;
};
}  // namespace detail

// field_of<options, &options::queue_max>; the member may be one of a base.
template <class Options, auto Member> constexpr field<Options> field_of() noexcept {
  using stored = std::remove_cvref_t<decltype(std::declval<Options&>().*Member)>;
  using type = typename detail::value_of_field<stored>::type;
  return {[](const Options& from) -> std::optional<setting_value> {
            if constexpr (std::same_as<stored, type>) {
              return setting_type<type>::to(from.*Member);
            } else {
              if (!(from.*Member)) return std::nullopt;
              return setting_type<type>::to(*(from.*Member));
            }
          },
          [](Options& to, const setting_value& value) { to.*Member = setting_type<type>::from(value); }};
}

template <class Options> struct key : key_info {
  field<Options> where;

  // name, field, unit, least, most, doc, extras
  constexpr key(std::string_view n, field<Options> member, gate::unit u, std::uint64_t from, std::uint64_t to,
                std::string_view text, key_extras more = {})
      : key_info{n, u, from, to, text, more}, where(member) {}
};

// Two keys that are numbers: the value of `upper` must not be less than that of `lower`.
struct ordered_keys {
  std::string_view upper, lower;
  std::string_view rule;    // "must not be shorter than"
  std::string_view reason;  // "", or ": and why"
};

template <class Options> struct key_table {
  std::span<const key<Options>> keys;
  std::span<const ordered_keys> rules = {};

  std::vector<const key_info*> infos() const {
    std::vector<const key_info*> all;
    for (const key<Options>& k : keys) all.push_back(&k);
    return all;
  }
  const key<Options>* find(std::string_view name) const noexcept {
    for (const key<Options>& k : keys) {
      if (k.name == name) return &k;
    }
    return nullptr;
  }
};

// The value of a key that is a number. Nothing for another key, and for an unset one.
template <class Options> std::optional<std::uint64_t> number_of(const key<Options>& k, const Options& options) {
  const std::optional<setting_value> value = k.where.get(options);
  const auto* const number = value ? std::get_if<std::uint64_t>(&*value) : nullptr;
  return number == nullptr ? std::nullopt : std::optional<std::uint64_t>(*number);
}

// Brings each duration within `longest` and 0, whatever a program has set: no sum of two overflows then.
template <class Options>
void bring_durations_within_bounds(const key_table<Options>& table, Options& options,
                                   std::chrono::milliseconds longest) {
  for (const key<Options>& k : table.keys) {
    if (k.unit != unit::time) continue;
    const std::optional<setting_value> value = k.where.get(options);
    if (!value) continue;
    const auto time = setting_type<std::chrono::milliseconds>::from(*value);
    k.where.put(options,
                setting_type<std::chrono::milliseconds>::to(std::clamp(time, std::chrono::milliseconds(0), longest)));
  }
}

}  // namespace gate
