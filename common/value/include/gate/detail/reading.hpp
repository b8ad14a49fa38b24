// Decoding into C++ types: the place of a value that does not fit, and the fields of structs.
//
// A decoder keeps no path while values fit. If a conversion throws, each container on the way out adds its step to the
// path: ".tags[2]".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <gate/detail/msgpack.hpp>
#include <gate/detail/travels.hpp>
#include <gate/type_name.hpp>

namespace gate::detail {

// Thrown if a value does not fit its type. It holds the path to the value, the type that it must have, and the type
// that it has. A msgpack::type_error holds none of these; the first container that it leaves replaces it by this.
class misfit final : public msgpack::type_error {
 public:
  // For an adaptor that knows the reason: "which is no whole number of seconds". The reason follows the other text.
  explicit misfit(std::string why) : why_(std::move(why)) {}

  // Sets both types, unless a container further inside has set them.
  void state(std::string_view expected, const msgpack::object& got);
  // The same with a text of the caller.
  void say(std::string reason) { reason_ = std::move(reason); }
  void within(const std::string& step) { path_.insert(0, step); }

  const std::string& path() const noexcept { return path_; }      // empty: the whole value
  const std::string& reason() const noexcept { return reason_; }  // "must be string, got int"
  const std::string& why() const noexcept { return why_; }

 private:
  std::string why_, path_, reason_;
};

// Call it in a catch block: throws the same exception again, with one more step of the path.
[[noreturn]] void rethrow_in_element(std::size_t index, std::string_view expected, const msgpack::object& o);
[[noreturn]] void rethrow_in_entry(const msgpack::object& key, std::string_view expected, const msgpack::object& o);
[[noreturn]] void rethrow_in_field(std::string_view name, std::string_view expected, const msgpack::object& o);

template <class T> void read_element(const msgpack::object& o, T& v, std::size_t index) {
  try {
    o.convert(v);
  } catch (const msgpack::type_error&) {
    rethrow_in_element(index, type_name<T>(), o);
  }
}
template <class T> void read_entry(const msgpack::object_kv& entry, T& v) {
  try {
    entry.val.convert(v);
  } catch (const msgpack::type_error&) {
    rethrow_in_entry(entry.key, type_name<T>(), entry.val);
  }
}

// Whether this thread reads structs strictly: then an unknown field is an error, and so is a missing one that is not
// optional. A strict_reading sets it as long as it lives.
bool reads_strictly() noexcept;
class strict_reading {
 public:
  explicit strict_reading(bool strict) noexcept;
  strict_reading(const strict_reading&) = delete;
  strict_reading& operator=(const strict_reading&) = delete;
  ~strict_reading();

 private:
  const bool before_;
};

// Reads the fields of a struct from a map.
class field_reader {
 public:
  explicit field_reader(const msgpack::object& o);  // throws msgpack::type_error

  // The value of a field; null if there is none.
  const msgpack::object* find(std::string_view name) noexcept;

  template <class T> void read(std::string_view name, T& v) {
    const msgpack::object* const found = find(name);
    if (found == nullptr) {
      if (strict_ && !nullable<T>::value) missing(name);
      return;
    }
    try {
      msgpack::v1::type::convert_helper(*found, v);
    } catch (const msgpack::type_error&) {
      rethrow_in_field(name, type_name<T>(), *found);
    }
  }
  bool has_unknown() const noexcept { return strict_ && found_ != map_.via.map.size; }
  [[noreturn]] void refuse_unknown(const std::string_view* names, std::size_t count) const;

 private:
  [[noreturn]] void missing(std::string_view name) const;

  const msgpack::object& map_;
  std::uint32_t next_ = 0;   // where the next field is, if the entries have the order of the struct
  std::uint32_t found_ = 0;  // the entries that are fields
  const bool strict_ = reads_strictly();
};

// Checks a list for a struct with MSGPACK_DEFINE. Throws msgpack::type_error if it is no list, and, if structs are read
// strictly, for another number of elements.
std::size_t struct_elements(const msgpack::object& o, std::size_t fields);

}  // namespace gate::detail

// The code of MSGPACK_DEFINE and MSGPACK_DEFINE_MAP. It does what that of msgpack does, and reports where a value does
// not fit.
namespace msgpack {
MSGPACK_API_VERSION_NAMESPACE(v1) {
  namespace type {

  template <class... A>
    requires(sizeof...(A) != 0)
  struct define_map<A...> {
    define_map(A&... fields) : a(fields...) {}

    template <class Packer> void msgpack_pack(Packer& to) const {
      to.pack_map(sizeof...(A) / 2);
      define_map_imp<std::tuple<A&...>, sizeof...(A)>::pack(to, a);
    }
    void msgpack_unpack(const msgpack::object& o) const {
      static_assert(travel(), "gate: a field of this struct " GATE_CANNOT_TRAVEL);
      if constexpr (travel()) unpack(o);
    }
    void msgpack_object(msgpack::object* o, msgpack::zone& z) const {
      constexpr std::size_t count = sizeof...(A) / 2;
      o->type = msgpack::type::MAP;
      o->via.map.ptr = static_cast<msgpack::object_kv*>(
          z.allocate_align(sizeof(msgpack::object_kv) * count, alignof(msgpack::object_kv)));
      o->via.map.size = count;
      define_map_imp<std::tuple<A&...>, sizeof...(A)>::object(o, z, a);
    }

    std::tuple<A&...> a;

   private:
    static constexpr bool travel() { return ((std::is_array_v<A> || gate::detail::decodable<A>)&&...); }
    void unpack(const msgpack::object& o) const {
      gate::detail::field_reader from(o);
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        (from.read(std::string_view(std::get<2 * I>(a)), std::get<2 * I + 1>(a)), ...);
        if (!from.has_unknown()) return;
        const std::array<std::string_view, sizeof...(I)> names{std::string_view(std::get<2 * I>(a))...};
        from.refuse_unknown(names.data(), names.size());
      }(std::make_index_sequence<sizeof...(A) / 2>());
    }
  };

  template <class... A>
    requires(sizeof...(A) != 0)
  struct define_array<A...> {
    using value_type = define_array<A...>;
    using tuple_type = std::tuple<A...>;
    define_array(A&... fields) : a(fields...) {}

    template <class Packer> void msgpack_pack(Packer& to) const {
      to.pack_array(sizeof...(A));
      define_array_imp<std::tuple<A&...>, sizeof...(A)>::pack(to, a);
    }
    void msgpack_unpack(const msgpack::object& o) {
      static_assert(travel(), "gate: a field of this struct " GATE_CANNOT_TRAVEL);
      if constexpr (travel()) unpack(o);
    }
    void msgpack_object(msgpack::object* o, msgpack::zone& z) const {
      o->type = msgpack::type::ARRAY;
      o->via.array.ptr = static_cast<msgpack::object*>(
          z.allocate_align(sizeof(msgpack::object) * sizeof...(A), alignof(msgpack::object)));
      o->via.array.size = sizeof...(A);
      define_array_imp<std::tuple<A&...>, sizeof...(A)>::object(o, z, a);
    }

    std::tuple<A&...> a;

   private:
    static constexpr bool travel() { return (gate::detail::decodable<A> && ...); }
    void unpack(const msgpack::object& o) {
      const std::size_t there = gate::detail::struct_elements(o, sizeof...(A));
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((I < there ? gate::detail::read_element(o.via.array.ptr[I], std::get<I>(a), I) : void()), ...);
      }(std::make_index_sequence<sizeof...(A)>());
    }
  };

  }  // namespace type
}
}  // namespace msgpack
