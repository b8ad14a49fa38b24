// How types of the standard library travel as msgpack, where msgpack-cxx has no way for them, takes more than one kind
// of value for them, or reads past a shorter one that a peer sent.
//
//   std::string, std::string_view     str, and nothing else
//   gate::bytes, and other vectors    bin, and nothing else
//     and arrays of octets
//   float, double                     float 32 and float 64, also where the number is whole; decoded from integers too
//   std::array<T, N>, T[N]            an array of exactly N
//   std::tuple                        an array of exactly so many
//   std::variant                      the value itself; decoded as the first alternative that it fits exactly (an
//   integer
//                                     fits integer types that hold it, not float64), else the first that it converts to
//   std::monostate                    nil
//   enumerations                      their number (MSGPACK_ADD_ENUM is not needed, and does the same)
//   system_clock::time_point          the extension "timestamp" (-1); nanoseconds are kept
//   std::chrono::duration             an integer of nanoseconds, whatever the type counts in, so that two ends with
//                                     different types agree; floating ones are rounded towards zero
//
// A conversion that does not fit throws msgpack::type_error; gate::from_object turns it into a gate::Error.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <msgpack.hpp>

#include <gate/type_name.hpp>

namespace gate {

// Octets that are not text.
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

// Seconds and nanoseconds of the extension timestamp.
struct timestamp {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
};

timestamp read_timestamp(const msgpack::object& o);  // throws msgpack::type_error
// The extension's octets into `to`; how many (4, 8 or 12).
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
  const auto* begin = o.via.array.ptr;
  return std::all_of(begin, begin + o.via.array.size, fits_exactly<T>);
}

template <class K, class V> bool map_fits(const msgpack::object& o) {
  if (o.type != msgpack::type::MAP) return false;
  const auto* begin = o.via.map.ptr;
  return std::all_of(begin, begin + o.via.map.size,
                     [](const auto& entry) { return fits_exactly<K>(entry.key) && fits_exactly<V>(entry.val); });
}

// The head octet and the number, big-endian. The packer has no other way in for octets as they are than a string's
// body.
template <class Stream, class Number>
msgpack::packer<Stream>& pack_float(msgpack::packer<Stream>& o, char head, Number bits) {
  std::array<char, 1 + sizeof(Number)> octets{head};
  for (std::size_t i = sizeof(Number); i > 0; --i, bits >>= 8) octets[i] = static_cast<char>(bits & 0xff);
  return o.pack_str_body(octets.data(), octets.size());
}

// Whether that kind of value is the natural one for the type, so that a variant can tell 3 from 3.0 and text from
// octets.
template <class T> bool fits_exactly(const msgpack::object& o) {
  using msgpack::type::object_type;
  if constexpr (nil_type<T>) {
    return o.type == object_type::NIL;
  } else if constexpr (std::same_as<T, value>) {
    return true;
  } else if constexpr (std::same_as<T, bool>) {
    return o.type == object_type::BOOLEAN;
  } else if constexpr (std::floating_point<T>) {
    return o.type == object_type::FLOAT32 || o.type == object_type::FLOAT64;
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

  // msgpack-cxx sends whole floating numbers as integers, so that their type depends on their value.
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

  // An element of a decoded value, as it was.
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
    requires gate::detail::is_octet<T>
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
      if constexpr (gate::detail::is_octet<T>) {
        const std::string_view from = gate::detail::binary(o);
        gate::detail::require(from.size() == N);
        if constexpr (N != 0) std::memcpy(v.data(), from.data(), N);
      } else {
        gate::detail::array_of(o, N);
        for (std::size_t i = 0; i < N; ++i) o.via.array.ptr[i].convert(v[i]);
      }
      return o;
    }
  };

  // Arrays of a user's struct; char[N] holds text of less than N octets, and is zero-terminated.
  template <class T, std::size_t N> struct convert<T[N]> {
    const msgpack::object& operator()(const msgpack::object& o, T (&v)[N]) const {
      if constexpr (std::same_as<T, char>) {
        const std::string_view from = gate::detail::text(o);
        gate::detail::require(from.size() < N);
        std::fill(std::copy(from.begin(), from.end(), v), v + N, '\0');
      } else if constexpr (gate::detail::is_octet<T>) {
        const std::string_view from = gate::detail::binary(o);
        gate::detail::require(from.size() == N);
        std::memcpy(v, from.data(), N);
      } else {
        gate::detail::array_of(o, N);
        for (std::size_t i = 0; i < N; ++i) o.via.array.ptr[i].convert(v[i]);
      }
      return o;
    }
  };

  template <class... A> struct convert<std::tuple<A...>> {
    const msgpack::object& operator()(const msgpack::object& o, std::tuple<A...>& v) const {
      gate::detail::array_of(o, sizeof...(A));
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        (o.via.array.ptr[I].convert(std::get<I>(v)), ...);
      }(std::index_sequence_for<A...>{});
      return o;
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
      using namespace std::chrono;
      const gate::detail::timestamp t = gate::detail::read_timestamp(o);
      // One second is kept clear of either end, so that the nanoseconds cannot step over it.
      using wide = duration<long double>;
      const wide at(static_cast<long double>(t.seconds));
      gate::detail::require(at > wide(D::min()) + seconds(1) && at < wide(D::max()) - seconds(1));
      v = time_point<system_clock, D>(duration_cast<D>(seconds(t.seconds)) +
                                      duration_cast<D>(nanoseconds(t.nanoseconds)));
      return o;
    }
  };

  template <class D> struct pack<std::chrono::time_point<std::chrono::system_clock, D>> {
    template <class Stream>
    packer<Stream>& operator()(packer<Stream>& o,
                               const std::chrono::time_point<std::chrono::system_clock, D>& v) const {
      using namespace std::chrono;
      const auto whole = floor<seconds>(v.time_since_epoch());
      const auto rest = duration_cast<nanoseconds>(v.time_since_epoch() - whole);
      std::array<char, 12> octets{};
      const std::size_t size = gate::detail::write_timestamp(
          {static_cast<std::int64_t>(whole.count()), static_cast<std::uint32_t>(rest.count())}, octets);
      o.pack_ext(size, -1);
      return o.pack_ext_body(octets.data(), static_cast<std::uint32_t>(size));
    }
  };

  template <class R, class P> struct convert<std::chrono::duration<R, P>> {
    const msgpack::object& operator()(const msgpack::object& o, std::chrono::duration<R, P>& v) const {
      using namespace std::chrono;
      std::int64_t count = 0;
      o.convert(count);
      const duration<long double, P> wide = nanoseconds(count);
      gate::detail::require(std::abs(wide.count()) < static_cast<long double>(std::numeric_limits<R>::max()));
      v = duration_cast<duration<R, P>>(nanoseconds(count));
      return o;
    }
  };

  // Throws std::overflow_error for one that does not fit into 64 bits of nanoseconds (292 years).
  template <class R, class P> struct pack<std::chrono::duration<R, P>> {
    template <class Stream> packer<Stream>& operator()(packer<Stream>& o, const std::chrono::duration<R, P>& v) const {
      using namespace std::chrono;
      const duration<long double, std::nano> wide = v;
      const bool fits = std::abs(wide.count()) < static_cast<long double>(nanoseconds::max().count());
      if (!fits) throw std::overflow_error("a duration of more than 292 years, or not a number");
      return o.pack(static_cast<std::int64_t>(duration_cast<nanoseconds>(v).count()));
    }
  };

  }  // namespace adaptor
}
}  // namespace msgpack
