// Adaptors: how the types of the standard library travel as msgpack. They replace those of msgpack-cxx, which lack some
// types, accept several kinds of value for others, and read past the end of an array that is too short.
//
//   std::string, std::string_view     str, and nothing else
//   gate::bytes; vectors and arrays   bin, and nothing else
//     of std::byte, char or unsigned char
//   integers, char                    an integer. Decoding refuses one out of the range of the type
//   float, double                     float 32 and float 64, also for whole numbers. Decoding takes integers and either
//                                     float, and refuses a number that the type does not hold exactly: a float takes
//                                     0.5 as a float 64, but not 0.1. So let methods take double
//   std::array<T, N>, T[N]            an array of exactly N elements
//   std::tuple                        an array with exactly one element for each member
//   std::variant                      the value of the alternative. Decoding takes the first alternative that has this
//                                     kind of value (3 fits int, not double), otherwise the first that it converts to
//   std::optional, smart pointers     the value itself, or nil. If the value itself travels as nil (an optional in an
//                                     optional, for example), encoding throws std::range_error: it would arrive empty
//   std::monostate                    nil
//   enumerations                      their number, with and without MSGPACK_ADD_ENUM
//   system_clock::time_point          the extension "timestamp" (-1): seconds in 64 bits, and nanoseconds
//   std::chrono::duration             an integer of nanoseconds, whatever the unit of the type is, so both ends may use
//                                     different units
//
// Times and durations that count in integers keep their exact value or are refused. Decoding refuses 1500 ms as
// seconds. Encoding throws std::range_error for a value that is no whole number of nanoseconds, or that is out of
// range: 292 years for a duration, 64 bits of seconds for a time_point. Those that count in floating numbers are
// rounded to the nearest nanosecond; NaN is refused.
//
// A value that does not fit throws msgpack::type_error, which gate::from_object turns into a gate::Error. To write an
// adaptor for a class of yours, specialise msgpack::adaptor::convert and pack fully.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <gate/detail/msgpack.hpp>
#include <gate/detail/reading.hpp>
#include <gate/type_name.hpp>

namespace gate {

// Binary data. It travels as msgpack bin.
using bytes = std::vector<std::byte>;

namespace detail {

inline void require(bool fits) {
  if (!fits) throw msgpack::type_error();
}

inline const msgpack::object& array_of(const msgpack::object& o, std::size_t size) {
  require(o.type == msgpack::type::ARRAY && o.via.array.size == size);
  return o;
}

inline std::string_view binary(const msgpack::object& o) {
  require(o.type == msgpack::type::BIN);
  return {o.via.bin.ptr, o.via.bin.size};
}

inline std::string_view text(const msgpack::object& o) {
  require(o.type == msgpack::type::STR);
  return {o.via.str.ptr, o.via.str.size};
}

// The extension timestamp of msgpack.
struct timestamp {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
};

timestamp read_timestamp(const msgpack::object& o);  // throws msgpack::type_error

// Exact conversions from and to a count of periods of num/den seconds. The first two throw std::range_error, the others
// msgpack::type_error.
std::int64_t nanoseconds_of(std::int64_t count, std::int64_t num, std::int64_t den);
timestamp timestamp_of(std::int64_t count, std::int64_t num, std::int64_t den);
std::int64_t count_of(std::int64_t nanoseconds, std::int64_t num, std::int64_t den);
std::int64_t count_of(timestamp t, std::int64_t num, std::int64_t den);
// Conversions from a floating number of seconds, rounded to the nearest nanosecond.
std::int64_t nanoseconds_of(long double seconds);
timestamp timestamp_of(long double seconds);
// Throws std::range_error if the number does not fit in std::int64_t.
std::int64_t signed_count(std::uint64_t count);
[[noreturn]] void throw_holds_nil();
[[noreturn]] void throw_inexact(const char* type);
// Whether a float holds exactly this number. It holds NaN and the infinities.
bool fits_float(double number) noexcept;

// Conversions for a count that is not a std::int64_t.
template <class R> R narrow_count(std::int64_t count) {
  require(std::in_range<R>(count));
  return static_cast<R>(count);
}
template <class R> std::int64_t wide_count(R count) {
  if constexpr (std::unsigned_integral<R>) {
    return signed_count(count);
  } else {
    return count;
  }
}
template <class R, class P> long double seconds_of(std::chrono::duration<R, P> d) {
  return static_cast<long double>(d.count()) * P::num / P::den;
}

// A number as a floating type. Throws if the type does not hold it exactly.
template <std::floating_point F> F read_floating(const msgpack::object& o) {
  const char* const type = std::same_as<F, float> ? "float32" : "float64";
  if (o.type == msgpack::type::POSITIVE_INTEGER) {
    const F v = static_cast<F>(o.via.u64);
    if (v >= F(18446744073709551616.0) || static_cast<std::uint64_t>(v) != o.via.u64) throw_inexact(type);
    return v;
  }
  if (o.type == msgpack::type::NEGATIVE_INTEGER) {
    const F v = static_cast<F>(o.via.i64);
    if (static_cast<std::int64_t>(v) != o.via.i64) throw_inexact(type);
    return v;
  }
  require(o.type == msgpack::type::FLOAT32 || o.type == msgpack::type::FLOAT64);
  const double given = o.via.f64;
  if constexpr (std::same_as<F, float>) {
    if (!fits_float(given)) throw_inexact(type);
  }
  return static_cast<F>(given);
}

// Whether a value travels as nil.
template <class T> bool packs_nil(const T& v) {
  if constexpr (nullable<T>::value) {
    return !v;
  } else if constexpr (nil_type<T>) {
    return true;
  } else if constexpr (std::same_as<T, value>) {
    return v.is_nil();
  } else if constexpr (variant_like<T>::value) {
    return v.valueless_by_exception() || std::visit([](const auto& held) { return packs_nil(held); }, v);
  } else {
    return false;
  }
}
template <class T>
inline constexpr bool may_pack_nil =
    nullable<T>::value || nil_type<T> || std::same_as<T, value> || variant_like<T>::value;

template <class Stream, class Pointer>
msgpack::packer<Stream>& pack_nullable(msgpack::packer<Stream>& o, const Pointer& v) {
  if (!v) return o.pack_nil();
  if (packs_nil(*v)) throw_holds_nil();
  return o.pack(*v);
}

template <class C> void read_sequence(const msgpack::object& o, C& v) {
  require(o.type == msgpack::type::ARRAY);
  v.clear();
  v.resize(o.via.array.size);
  std::size_t i = 0;
  for (auto& element : v) {
    read_element(o.via.array.ptr[i], element, i);
    ++i;
  }
}
template <class C> void read_set(const msgpack::object& o, C& v) {
  require(o.type == msgpack::type::ARRAY);
  v.clear();
  for (std::uint32_t i = 0; i < o.via.array.size; ++i) {
    typename C::value_type element{};
    read_element(o.via.array.ptr[i], element, i);
    v.insert(v.end(), std::move(element));
  }
}
template <class C> void read_map(const msgpack::object& o, C& v) {
  require(o.type == msgpack::type::MAP);
  v.clear();
  for (std::uint32_t i = 0; i < o.via.map.size; ++i) {
    typename C::key_type key{};
    read_element(o.via.map.ptr[i].key, key, i);
    read_entry(o.via.map.ptr[i], v[std::move(key)]);
  }
}
// Writes the bytes of the extension to `to`, and returns their number: 4, 8 or 12.
std::size_t write_timestamp(timestamp t, std::array<char, 12>& to) noexcept;

template <class To> bool fits_exactly(const msgpack::object& o);

template <class T> bool converts(const msgpack::object& o) {
  try {
    T ignored{};
    o.convert(ignored);
    return true;
  } catch (const msgpack::type_error&) {
    return false;
  }
}

template <class Tuple> bool tuple_fits(const msgpack::object& o) {
  if (o.type != msgpack::type::ARRAY || o.via.array.size != std::tuple_size_v<Tuple>) return false;
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return (fits_exactly<std::tuple_element_t<I, Tuple>>(o.via.array.ptr[I]) && ...);
  }(std::make_index_sequence<std::tuple_size_v<Tuple>>{});
}

template <class T> struct any_alternative_fits;
template <class... A> struct any_alternative_fits<std::variant<A...>> {
  static bool check(const msgpack::object& o) { return (fits_exactly<A>(o) || ...); }
};

template <class T> bool list_fits(const msgpack::object& o) {
  if (o.type != msgpack::type::ARRAY) return false;
  for (std::uint32_t i = 0; i < o.via.array.size; ++i) {
    if (!fits_exactly<T>(o.via.array.ptr[i])) return false;
  }
  return true;
}

template <class K, class V> bool map_fits(const msgpack::object& o) {
  if (o.type != msgpack::type::MAP) return false;
  for (std::uint32_t i = 0; i < o.via.map.size; ++i) {
    const auto& entry = o.via.map.ptr[i];
    if (!fits_exactly<K>(entry.key) || !fits_exactly<V>(entry.val)) return false;
  }
  return true;
}

// Writes the head byte and the number, big-endian. pack_str_body is the only function of the packer that writes raw
// bytes.
template <class Stream, class Number>
msgpack::packer<Stream>& pack_float(msgpack::packer<Stream>& o, char head, Number bits) {
  std::array<char, 1 + sizeof(Number)> raw{head};
  for (std::size_t i = sizeof(Number); i > 0; --i, bits >>= 8) raw[i] = static_cast<char>(bits & 0xff);
  return o.pack_str_body(raw.data(), raw.size());
}

// Whether the type has exactly this kind of value. So a variant tells 3 from 3.0, and text from binary.
template <class T> bool fits_exactly(const msgpack::object& o) {
  using msgpack::type::object_type;
  if constexpr (nil_type<T>) {
    return o.type == object_type::NIL;
  } else if constexpr (std::same_as<T, value>) {
    return true;
  } else if constexpr (std::same_as<T, bool>) {
    return o.type == object_type::BOOLEAN;
  } else if constexpr (std::same_as<T, float>) {
    return o.type == object_type::FLOAT32;
  } else if constexpr (std::floating_point<T>) {
    return o.type == object_type::FLOAT64;
  } else if constexpr (std::integral<T>) {
    if (o.type == object_type::POSITIVE_INTEGER) return o.via.u64 <= std::uint64_t{std::numeric_limits<T>::max()};
    return o.type == object_type::NEGATIVE_INTEGER && o.via.i64 >= std::int64_t{std::numeric_limits<T>::min()};
  } else if constexpr (text_type<T>) {
    return o.type == object_type::STR;
  } else if constexpr (nullable<T>::value) {
    return o.type == object_type::NIL || fits_exactly<typename nullable<T>::inner>(o);
  } else if constexpr (variant_like<T>::value) {
    return any_alternative_fits<T>::check(o);
  } else if constexpr (tuple_like<T>::value) {
    return tuple_fits<T>(o);
  } else if constexpr (map_type<T>) {
    return map_fits<typename T::key_type, typename T::mapped_type>(o);
  } else if constexpr (list_type<T>) {
    return list_fits<typename T::value_type>(o) && converts<T>(o);
  } else {
    return converts<T>(o);
  }
}

template <class Variant, class A> bool assign_if(bool fits, const msgpack::object& o, Variant& out) {
  if (!fits) return false;
  A alternative{};
  o.convert(alternative);
  out = std::move(alternative);
  return true;
}

}  // namespace detail
}  // namespace gate

namespace msgpack {
MSGPACK_API_VERSION_NAMESPACE(MSGPACK_DEFAULT_API_NS) {
  namespace adaptor {

  // msgpack-cxx would send whole floating numbers as integers: their kind would depend on their value.
  template <> struct convert<float> {
    const msgpack::object& operator()(const msgpack::object& o, float& v) const {
      v = gate::detail::read_floating<float>(o);
      return o;
    }
  };

  template <> struct convert<double> {
    const msgpack::object& operator()(const msgpack::object& o, double& v) const {
      v = gate::detail::read_floating<double>(o);
      return o;
    }
  };

  template <> struct pack<float> {
    template <class Stream> packer<Stream>& operator()(packer<Stream>& o, float v) const {
      return gate::detail::pack_float(o, '\xca', std::bit_cast<std::uint32_t>(v));
    }
  };

  template <> struct pack<double> {
    template <class Stream> packer<Stream>& operator()(packer<Stream>& o, double v) const {
      return gate::detail::pack_float(o, '\xcb', std::bit_cast<std::uint64_t>(v));
    }
  };

  // Packs an element of a decoded value unchanged.
  template <> struct pack<msgpack::object> {
    template <class Stream> packer<Stream>& operator()(packer<Stream>& o, const msgpack::object& v) const {
      switch (v.type) {
        case msgpack::type::NIL:
          return o.pack_nil();
        case msgpack::type::BOOLEAN:
          return o.pack(v.via.boolean);
        case msgpack::type::POSITIVE_INTEGER:
          return o.pack(v.via.u64);
        case msgpack::type::NEGATIVE_INTEGER:
          return o.pack(v.via.i64);
        case msgpack::type::FLOAT32:
          return o.pack(static_cast<float>(v.via.f64));
        case msgpack::type::FLOAT64:
          return o.pack(v.via.f64);
        case msgpack::type::STR:
          return o.pack_str(v.via.str.size).pack_str_body(v.via.str.ptr, v.via.str.size);
        case msgpack::type::BIN:
          return o.pack_bin(v.via.bin.size).pack_bin_body(v.via.bin.ptr, v.via.bin.size);
        case msgpack::type::EXT:
          return o.pack_ext(v.via.ext.size, v.via.ext.type()).pack_ext_body(v.via.ext.data(), v.via.ext.size);
        case msgpack::type::ARRAY:
          o.pack_array(v.via.array.size);
          for (std::uint32_t i = 0; i < v.via.array.size; ++i) o.pack(v.via.array.ptr[i]);
          return o;
        case msgpack::type::MAP:
          o.pack_map(v.via.map.size);
          for (std::uint32_t i = 0; i < v.via.map.size; ++i) o.pack(v.via.map.ptr[i].key).pack(v.via.map.ptr[i].val);
          return o;
      }
      throw msgpack::type_error();
    }
  };

  template <> struct convert<std::string> {
    const msgpack::object& operator()(const msgpack::object& o, std::string& v) const {
      v = gate::detail::text(o);
      return o;
    }
  };

  template <> struct convert<std::string_view> {
    const msgpack::object& operator()(const msgpack::object& o, std::string_view& v) const {
      v = gate::detail::text(o);
      return o;
    }
  };

  template <class T, class A>
    requires gate::detail::is_byte<T>
  struct convert<std::vector<T, A>> {
    const msgpack::object& operator()(const msgpack::object& o, std::vector<T, A>& v) const {
      const std::string_view from = gate::detail::binary(o);
      const auto* begin = reinterpret_cast<const T*>(from.data());
      v.assign(begin, begin + from.size());
      return o;
    }
  };

  template <class T, std::size_t N> struct convert<std::array<T, N>> {
    const msgpack::object& operator()(const msgpack::object& o, std::array<T, N>& v) const {
      if constexpr (gate::detail::is_byte<T>) {
        const std::string_view from = gate::detail::binary(o);
        gate::detail::require(from.size() == N);
        if constexpr (N != 0) std::memcpy(v.data(), from.data(), N);
      } else {
        gate::detail::array_of(o, N);
        for (std::size_t i = 0; i < N; ++i) gate::detail::read_element(o.via.array.ptr[i], v[i], i);
      }
      return o;
    }
  };

  // Arrays in a struct. char[N] holds text of less than N bytes, and ends with a zero byte.
  template <class T, std::size_t N> struct convert<T[N]> {
    const msgpack::object& operator()(const msgpack::object& o, T (&v)[N]) const {
      if constexpr (std::same_as<T, char>) {
        const std::string_view from = gate::detail::text(o);
        gate::detail::require(from.size() < N);
        std::memset(v, 0, N);
        if (!from.empty()) std::memcpy(v, from.data(), from.size());
      } else if constexpr (gate::detail::is_byte<T>) {
        const std::string_view from = gate::detail::binary(o);
        gate::detail::require(from.size() == N);
        std::memcpy(v, from.data(), N);
      } else {
        gate::detail::array_of(o, N);
        for (std::size_t i = 0; i < N; ++i) gate::detail::read_element(o.via.array.ptr[i], v[i], i);
      }
      return o;
    }
  };

  template <class... A> struct convert<std::tuple<A...>> {
    const msgpack::object& operator()(const msgpack::object& o, std::tuple<A...>& v) const {
      gate::detail::array_of(o, sizeof...(A));
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        (gate::detail::read_element(o.via.array.ptr[I], std::get<I>(v), I), ...);
      }(std::index_sequence_for<A...>{});
      return o;
    }
  };

  template <class A, class B> struct convert<std::pair<A, B>> {
    const msgpack::object& operator()(const msgpack::object& o, std::pair<A, B>& v) const {
      gate::detail::array_of(o, 2);
      gate::detail::read_element(o.via.array.ptr[0], v.first, 0);
      gate::detail::read_element(o.via.array.ptr[1], v.second, 1);
      return o;
    }
  };

#define GATE_CONVERT(read, ...)                                                         \
  struct convert<__VA_ARGS__> {                                                         \
    const msgpack::object& operator()(const msgpack::object& o, __VA_ARGS__& v) const { \
      gate::detail::read(o, v);                                                         \
      return o;                                                                         \
    }                                                                                   \
  }
  template <class T, class A>
    requires(!gate::detail::is_byte<T> && !std::same_as<T, bool>)
  GATE_CONVERT(read_sequence, std::vector<T, A>);
  template <class T, class A> GATE_CONVERT(read_sequence, std::deque<T, A>);
  template <class T, class A> GATE_CONVERT(read_sequence, std::list<T, A>);
  template <class T, class C, class A> GATE_CONVERT(read_set, std::set<T, C, A>);
  template <class T, class C, class A> GATE_CONVERT(read_set, std::multiset<T, C, A>);
  template <class T, class H, class E, class A> GATE_CONVERT(read_set, std::unordered_set<T, H, E, A>);
  template <class T, class H, class E, class A> GATE_CONVERT(read_set, std::unordered_multiset<T, H, E, A>);
  template <class K, class V, class C, class A> GATE_CONVERT(read_map, std::map<K, V, C, A>);
  template <class K, class V, class H, class E, class A> GATE_CONVERT(read_map, std::unordered_map<K, V, H, E, A>);
#undef GATE_CONVERT

  template <class T>
    requires gate::detail::may_pack_nil<T>
  struct pack<std::optional<T>> {
    template <class Stream> packer<Stream>& operator()(packer<Stream>& o, const std::optional<T>& v) const {
      return gate::detail::pack_nullable(o, v);
    }
  };
  template <class T, class D>
    requires gate::detail::may_pack_nil<T>
  struct pack<std::unique_ptr<T, D>> {
    template <class Stream> packer<Stream>& operator()(packer<Stream>& o, const std::unique_ptr<T, D>& v) const {
      return gate::detail::pack_nullable(o, v);
    }
  };
  template <class T>
    requires gate::detail::may_pack_nil<T>
  struct pack<std::shared_ptr<T>> {
    template <class Stream> packer<Stream>& operator()(packer<Stream>& o, const std::shared_ptr<T>& v) const {
      return gate::detail::pack_nullable(o, v);
    }
  };

  template <> struct convert<std::monostate> {
    const msgpack::object& operator()(const msgpack::object& o, std::monostate&) const {
      gate::detail::require(o.is_nil());
      return o;
    }
  };

  template <> struct pack<std::monostate> {
    template <class Stream> packer<Stream>& operator()(packer<Stream>& o, std::monostate) const { return o.pack_nil(); }
  };

  template <class... A> struct convert<std::variant<A...>> {
    const msgpack::object& operator()(const msgpack::object& o, std::variant<A...>& v) const {
      using gate::detail::assign_if;
      const bool done = (assign_if<std::variant<A...>, A>(gate::detail::fits_exactly<A>(o), o, v) || ...) ||
                        (assign_if<std::variant<A...>, A>(gate::detail::converts<A>(o), o, v) || ...);
      gate::detail::require(done);
      return o;
    }
  };

  template <class... A> struct pack<std::variant<A...>> {
    template <class Stream> packer<Stream>& operator()(packer<Stream>& o, const std::variant<A...>& v) const {
      if (v.valueless_by_exception()) return o.pack_nil();
      std::visit([&o](const auto& alternative) { o.pack(alternative); }, v);
      return o;
    }
  };

  template <class T> struct convert<T, std::enable_if_t<std::is_enum_v<T>>> {
    const msgpack::object& operator()(const msgpack::object& o, T& v) const {
      std::underlying_type_t<T> number{};
      o.convert(number);
      v = static_cast<T>(number);
      return o;
    }
  };

  template <class T> struct pack<T, std::enable_if_t<std::is_enum_v<T>>> {
    template <class Stream> packer<Stream>& operator()(packer<Stream>& o, T v) const {
      return o.pack(static_cast<std::underlying_type_t<T>>(v));
    }
  };

  template <class D> struct convert<std::chrono::time_point<std::chrono::system_clock, D>> {
    const msgpack::object& operator()(const msgpack::object& o,
                                      std::chrono::time_point<std::chrono::system_clock, D>& v) const {
      using R = typename D::rep;
      using P = typename D::period;
      const gate::detail::timestamp t = gate::detail::read_timestamp(o);
      if constexpr (std::floating_point<R>) {
        const long double seconds = static_cast<long double>(t.seconds) + t.nanoseconds / 1e9L;
        v = std::chrono::time_point<std::chrono::system_clock, D>(D(static_cast<R>(seconds * P::den / P::num)));
      } else {
        const std::int64_t count = gate::detail::count_of(t, P::num, P::den);
        v = std::chrono::time_point<std::chrono::system_clock, D>(D(gate::detail::narrow_count<R>(count)));
      }
      return o;
    }
  };

  template <class D> struct pack<std::chrono::time_point<std::chrono::system_clock, D>> {
    template <class Stream>
    packer<Stream>& operator()(packer<Stream>& o,
                               const std::chrono::time_point<std::chrono::system_clock, D>& v) const {
      using P = typename D::period;
      const D since = v.time_since_epoch();
      gate::detail::timestamp t;
      if constexpr (std::floating_point<typename D::rep>) {
        t = gate::detail::timestamp_of(gate::detail::seconds_of(since));
      } else {
        t = gate::detail::timestamp_of(gate::detail::wide_count(since.count()), P::num, P::den);
      }
      std::array<char, 12> raw{};
      const std::size_t size = gate::detail::write_timestamp(t, raw);
      o.pack_ext(size, -1);
      return o.pack_ext_body(raw.data(), static_cast<std::uint32_t>(size));
    }
  };

  template <class R, class P> struct convert<std::chrono::duration<R, P>> {
    const msgpack::object& operator()(const msgpack::object& o, std::chrono::duration<R, P>& v) const {
      std::int64_t nanoseconds = 0;
      o.convert(nanoseconds);
      if constexpr (std::floating_point<R>) {
        const long double count = static_cast<long double>(nanoseconds) / 1'000'000'000 * P::den / P::num;
        v = std::chrono::duration<R, P>(static_cast<R>(count));
      } else {
        const std::int64_t count = gate::detail::count_of(nanoseconds, P::num, P::den);
        v = std::chrono::duration<R, P>(gate::detail::narrow_count<R>(count));
      }
      return o;
    }
  };

  template <class R, class P> struct pack<std::chrono::duration<R, P>> {
    template <class Stream> packer<Stream>& operator()(packer<Stream>& o, const std::chrono::duration<R, P>& v) const {
      if constexpr (std::floating_point<R>) {
        return o.pack(gate::detail::nanoseconds_of(gate::detail::seconds_of(v)));
      } else {
        return o.pack(gate::detail::nanoseconds_of(gate::detail::wide_count(v.count()), P::num, P::den));
      }
    }
  };

  }  // namespace adaptor
}
}  // namespace msgpack
