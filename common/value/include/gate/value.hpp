// Encoding and decoding: C++ types to msgpack bytes and back. gate::value holds a value of any type.
//
// A struct travels if it lists its members: MSGPACK_DEFINE(a, b) sends an array, MSGPACK_DEFINE_MAP(a, b) a map.
// gate/adaptors.hpp lists how the types of the standard library travel, gate/type_name.hpp their names.
//
// Bytes from a peer may be malicious. Decoding them takes time and memory in proportion to their number, whatever sizes
// they claim. It refuses values that are nested deeper than limits::value_depth_max.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <gate/adaptors.hpp>
#include <gate/detail/msgpack.hpp>
#include <gate/detail/plain_value.hpp>
#include <gate/detail/travels.hpp>
#include <gate/error.hpp>
#include <gate/limits.hpp>
#include <gate/protocol.hpp>
#include <gate/result.hpp>
#include <gate/type_name.hpp>

namespace gate {

// Why bytes are not one msgpack value.
enum class decode_error : std::uint8_t {
  none = 0,
  truncated,       // the bytes end inside a value, or there are none
  malformed,       // no value begins with this byte
  trailing_bytes,  // more bytes follow the value
  too_deep,        // nested deeper than limits::value_depth_max
  too_many,        // a list or map claims more elements than there are bytes
};

std::string_view to_string(decode_error error) noexcept;

namespace detail {

// A msgpack output stream that appends to a string.
class string_sink {
 public:
  explicit string_sink(std::string& out) noexcept : out_(out) {}
  void write(const char* data, std::size_t size) { out_.append(data, size); }

 private:
  std::string& out_;
};

using packer = msgpack::packer<string_sink>;

// Memory for the elements of one decoded value. The first few lie in the arena itself, so decoding the arguments of
// most calls allocates nothing.
class object_arena {
 public:
  object_arena() noexcept {}  // NOLINT: the storage is filled as it is handed out
  object_arena(const object_arena&) = delete;
  object_arena& operator=(const object_arena&) = delete;

  // Returns `count` objects, all nil. `bytes_max` bounds what the rest of the value can still ask for.
  msgpack::object* allocate(std::size_t count, std::size_t bytes_max);

 private:
  static constexpr std::size_t inline_count = 24;
  alignas(msgpack::object) std::array<std::byte, inline_count * sizeof(msgpack::object)> storage_;
  std::size_t used_ = 0;
  std::optional<msgpack::zone> zone_;
};

// Decodes all of `encoded` into `root`, whose strings point into `encoded` and whose elements lie in `arena`.
decode_error parse_value(bytes_view encoded, object_arena& arena, msgpack::object& root);

[[noreturn]] void throw_mismatch(std::string_view expected, const msgpack::object& got);
// Call it in a catch block for a msgpack::type_error: throws the Error that from_object() documents.
[[noreturn]] void rethrow_mismatch(std::string_view place, std::string_view expected, const msgpack::object& got);
[[noreturn]] void throw_undecodable(decode_error error);

}  // namespace detail

// --- encoding --------------------------------------------------------------------------------------------------------

// Appends the msgpack bytes of a value. If an adaptor throws (a duration out of range, for example), `out` may hold a
// part of the value.
template <class T> void encode_to(std::string& out, const T& v) {
  static_assert(detail::encodable<T>, "gate: this value " GATE_CANNOT_TRAVEL);
  if constexpr (detail::plain_value<T>) {
    detail::append_plain(out, v);
  } else if constexpr (detail::encodable<T>) {
    detail::string_sink sink(out);
    detail::packer(sink).pack(v);
  }
}

// The msgpack bytes of a value. Throws what an adaptor throws.
template <class T> std::string encode(const T& v) {
  std::string out;
  encode_to(out, v);
  return out;
}

// The result of a method that returns nothing: nil.
inline std::string encode_nil() { return std::string(1, '\xc0'); }

// The positional arguments of a call, as one msgpack array.
template <class... A> void encode_arguments_to(std::string& out, const A&... arguments) {
  detail::string_sink sink(out);
  detail::packer packer(sink);
  packer.pack_array(sizeof...(A));
  (packer.pack(arguments), ...);
}

template <class... A> std::string encode_arguments(const A&... arguments) {
  std::string out;
  encode_arguments_to(out, arguments...);
  return out;
}

// For a list or map that is written piece by piece: append the header, then `size` elements with encode_to. A map takes
// `size` keys and values, in turn.
void append_list_header(std::string& out, std::uint32_t size);
void append_map_header(std::string& out, std::uint32_t size);
// For binary data: append the header, then `size` bytes with append(). append_bytes() does both, for less than 4 GiB.
void append_bytes_header(std::string& out, std::uint32_t size);
void append_bytes(std::string& out, bytes_view raw);

// --- decoding --------------------------------------------------------------------------------------------------------

// An element of a decoded value as a T. A std::string_view or a span points into the decoded bytes.
// Throws Error(errc::invalid_argument) if it is not a T: "expected list<int32>, got string", or for a part of it
// "value.tags[2]: must be string, got integer". `place` is the first word of that text. Other exceptions of an adaptor
// of yours pass unchanged.
template <class T> T from_object(const msgpack::object& o, std::string_view place = "value") {
  static_assert(detail::decodable<T>, "gate: this type " GATE_CANNOT_TRAVEL);
  try {
    if constexpr (!detail::decodable<T>) {
      throw msgpack::type_error();
    } else if constexpr (std::is_void_v<T>) {
      detail::require(o.is_nil());
    } else if constexpr (msgpack::has_as<T>::value) {
      static_assert(!detail::tuple_like<T>::value && !detail::byte_sequence<T>::value,
                    "take the elements one by one: this type has one without a default constructor");
      return o.as<T>();
    } else {
      T v{};
      o.convert(v);
      return v;
    }
  } catch (const msgpack::type_error&) {
    detail::rethrow_mismatch(place, type_name<T>(), o);
  }
}

// One value, decoded without copies: its strings point into `encoded`, which must outlive it. Use it as a local
// variable. To keep a value, use gate::value.
class borrowed_value {
 public:
  // Throws Error(errc::invalid_argument) if the bytes are not one value. The other constructor sets `error` instead.
  explicit borrowed_value(bytes_view encoded) {
    const decode_error error = detail::parse_value(encoded, arena_, root_);
    if (error != decode_error::none) detail::throw_undecodable(error);
  }
  borrowed_value(bytes_view encoded, decode_error& error) : root_() {
    error = detail::parse_value(encoded, arena_, root_);
  }
  borrowed_value(const borrowed_value&) = delete;
  borrowed_value& operator=(const borrowed_value&) = delete;

  const msgpack::object& object() const noexcept { return root_; }

  template <class T> T as(std::string_view place = "value") const { return from_object<T>(root_, place); }

 private:
  msgpack::object root_;
  detail::object_arena arena_;
};

// Decodes one value of a known type. Throws Error(errc::invalid_argument) if the bytes are not one value, or if
// from_object() refuses it. A std::string_view or a span points into `encoded`.
template <class T> T decode_as(bytes_view encoded, std::string_view place = "value") {
  if constexpr (detail::plain_value<T>) {
    T v{};
    if (detail::read_plain(encoded, v)) return v;
  }
  return borrowed_value(encoded).as<T>(place);
}

// Decodes the positional arguments of a call. Throws Error(errc::invalid_argument): "expected 2 arguments, got 3",
// "argument 2: expected int32, got string".
template <class... A> std::tuple<A...> decode_arguments(bytes_view encoded);

enum class value_kind : std::uint8_t {
  nil,
  boolean,
  integer,
  floating,
  string,
  binary,
  list,
  map,
  timestamp,
  extension
};

std::string_view to_string(value_kind kind) noexcept;

// The kind of an element.
value_kind kind_of(const msgpack::object& o) noexcept;

// A decoded value of any type, for example the result of a method whose types you do not know. Immutable. A copy is
// cheap and shares the bytes. An element is a value too; it keeps the whole value alive. Different threads may use
// copies of one value at the same time.
class value {
 public:
  value() noexcept = default;  // nil

  // Decodes one value from msgpack bytes. The value owns its bytes: a view is copied, a string is moved in.
  static result<value, decode_error> decode(bytes_view encoded) { return decode(std::string(encoded)); }
  static result<value, decode_error> decode(std::string&& encoded);

  // The value that a C++ object travels as. Throws Error(errc::invalid_argument) if it is nested deeper than
  // limits::value_depth_max, and what an adaptor throws.
  template <class T> static value of(const T& v) { return decode_or_throw(encode(v)); }

  value_kind kind() const noexcept { return kind_of(object_); }
  bool is_nil() const noexcept { return object_.is_nil(); }

  // The value as a T. Throws what from_object() throws. A view is valid as long as any copy of this value.
  template <class T> T as() const { return from_object<T>(object_); }

  // The number of elements of a list or map, or of bytes of a string or binary; 0 for any other kind.
  std::size_t size() const noexcept;
  // An element of a list by its position, or of a map by its text key. Throws Error(errc::invalid_argument) if there is
  // none.
  value operator[](std::size_t index) const;
  value operator[](std::string_view key) const;
  // The element of a map with that text key; empty if there is none, or if this is not a map.
  std::optional<value> find(std::string_view key) const;

  // The msgpack object, to read it without copies. Valid as long as any copy of this value.
  const msgpack::object& object() const noexcept { return object_; }
  // A deep copy of an object that was decoded elsewhere.
  static value copy_of(const msgpack::object& o) { return of(o); }

  friend bool operator==(const value& a, const value& b) { return a.object_ == b.object_; }

 private:
  struct storage {
    std::string raw;
    detail::object_arena arena;
  };

  static value decode_or_throw(std::string&& encoded);

  value(std::shared_ptr<const storage> owner, const msgpack::object& o) noexcept
      : owner_(std::move(owner)), object_(o) {}

  std::shared_ptr<const storage> owner_;
  msgpack::object object_;
};

// A short text for logs: JSON, with "bytes(12)" for binary of 12 bytes, and a timestamp in seconds. A longer text is
// cut at about `bytes_max` bytes and ends in "...".
std::string to_string(const value& v, std::size_t bytes_max = 256);

// --- implementation --------------------------------------------------------------------------------------------------

namespace detail {

// Throws Error(invalid_argument, "expected 2 arguments, got 3") if the value is not a list of that size.
void require_arguments(const msgpack::object& o, std::size_t count);

template <class T> T argument_from(const msgpack::object& list, std::size_t index) {
  try {
    return from_object<T>(list.via.array.ptr[index]);
  } catch (const Error& e) {
    throw Error(e.code(), "argument " + std::to_string(index + 1) + ": " + e.what());
  }
}

}  // namespace detail

template <class... A> std::tuple<A...> decode_arguments(bytes_view encoded) {
  const borrowed_value list(encoded);
  detail::require_arguments(list.object(), sizeof...(A));
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return std::tuple<A...>{detail::argument_from<A>(list.object(), I)...};
  }(std::index_sequence_for<A...>{});
}

}  // namespace gate

namespace msgpack {
MSGPACK_API_VERSION_NAMESPACE(MSGPACK_DEFAULT_API_NS) {
  namespace adaptor {

  template <> struct convert<gate::value> {
    const msgpack::object& operator()(const msgpack::object& o, gate::value& v) const {
      v = gate::value::copy_of(o);
      return o;
    }
  };

  template <> struct pack<gate::value> {
    template <class Stream> packer<Stream>& operator()(packer<Stream>& o, const gate::value& v) const {
      return o.pack(v.object());
    }
  };

  }  // namespace adaptor
}
}  // namespace msgpack
