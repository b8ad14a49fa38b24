// type_name<T>(): the name of a C++ type in descriptions and messages: "int32", "list<string>", "Point".
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace gate {

class value;

// To give a type of yours another name than its own without namespaces, specialise this template with a static member
// `std::string_view name`, or anything else that converts to a string.
template <class T> struct type_name_of;

namespace detail {

template <class T>
inline constexpr bool is_byte = std::same_as<T, std::byte> || std::same_as<T, char> || std::same_as<T, unsigned char>;

template <class T> struct byte_sequence : std::false_type {};
template <class T, class A> struct byte_sequence<std::vector<T, A>> : std::bool_constant<is_byte<T>> {};
template <class T, std::size_t N> struct byte_sequence<std::array<T, N>> : std::bool_constant<is_byte<T>> {};

template <class T> struct nullable : std::false_type {};
template <class T> struct nullable<std::optional<T>> : std::true_type {
  using inner = T;
};
template <class T, class D> struct nullable<std::unique_ptr<T, D>> : std::true_type {
  using inner = T;
};
template <class T> struct nullable<std::shared_ptr<T>> : std::true_type {
  using inner = T;
};

template <class T> struct tuple_like : std::false_type {};
template <class... A> struct tuple_like<std::tuple<A...>> : std::true_type {};
template <class A, class B> struct tuple_like<std::pair<A, B>> : std::true_type {};

template <class T> struct variant_like : std::false_type {};
template <class... A> struct variant_like<std::variant<A...>> : std::true_type {};

template <class T> struct time_point_like : std::false_type {};
template <class D> struct time_point_like<std::chrono::time_point<std::chrono::system_clock, D>> : std::true_type {};

template <class T> struct duration_like : std::false_type {};
template <class R, class P> struct duration_like<std::chrono::duration<R, P>> : std::true_type {};

template <class T>
concept nil_type = std::is_void_v<T> || std::same_as<T, std::monostate>;
template <class T>
concept named_type = requires { std::string(type_name_of<T>::name); };
template <class T>
concept text_type = std::convertible_to<const T&, std::string_view>;
template <class T>
concept bytes_type = byte_sequence<T>::value;
// A class with MSGPACK_DEFINE. It is not taken for a container, even if it looks like one.
template <class T>
concept self_packing = requires { &T::template msgpack_pack<int>; } || requires(T& t) { t.msgpack_pack(t); };
template <class T>
concept map_type = !self_packing<T> && requires { typename T::mapped_type; };
template <class T>
concept list_type = !self_packing<T> && !map_type<T> && !text_type<T> && !bytes_type<T> && requires {
  typename T::value_type;
  typename T::const_iterator;
};

template <class T> constexpr std::string_view pretty_name() { return __PRETTY_FUNCTION__; }

// "Point" of "constexpr ... pretty_name() [with T = shop::Point; ...]".
template <class T> constexpr std::string_view unqualified_name() {
  std::string_view name = pretty_name<T>();
  name.remove_prefix(name.find("T = ") + 4);
  name = name.substr(0, name.find_first_of(";]<"));
  const std::size_t colons = name.rfind("::");
  return colons == std::string_view::npos ? name : name.substr(colons + 2);
}

template <class T> std::string compose_type_name();

template <class... A> std::string join_type_names(std::string_view head) {
  std::string name(head);
  [[maybe_unused]] const char* separator = "<";
  ((name += separator, name += compose_type_name<A>(), separator = ","), ...);
  if constexpr (sizeof...(A) == 0) name += '<';
  return name += '>';
}

template <class T> struct join_arguments;
template <template <class...> class T, class... A> struct join_arguments<T<A...>> {
  static std::string name(std::string_view head) { return join_type_names<A...>(head); }
};

template <class Q> std::string compose_type_name() {
  using T = std::remove_cvref_t<Q>;
  if constexpr (nil_type<T>) {
    return "nil";
  } else if constexpr (named_type<T>) {
    return std::string(type_name_of<T>::name);
  } else if constexpr (std::same_as<T, value>) {
    return "any";
  } else if constexpr (std::same_as<T, bool>) {
    return "bool";
  } else if constexpr (std::floating_point<T>) {
    return "float" + std::to_string(8 * sizeof(T));
  } else if constexpr (std::integral<T>) {
    return (std::signed_integral<T> ? "int" : "uint") + std::to_string(8 * sizeof(T));
  } else if constexpr (text_type<T>) {
    return "string";
  } else if constexpr (bytes_type<T>) {
    return "bytes";
  } else if constexpr (nullable<T>::value) {
    return join_type_names<typename nullable<T>::inner>("optional");
  } else if constexpr (variant_like<T>::value) {
    return join_arguments<T>::name("variant");
  } else if constexpr (tuple_like<T>::value) {
    return join_arguments<T>::name("tuple");
  } else if constexpr (time_point_like<T>::value) {
    return "timestamp";
  } else if constexpr (duration_like<T>::value) {
    return "duration";
  } else if constexpr (map_type<T>) {
    return join_type_names<typename T::key_type, typename T::mapped_type>("map");
  } else if constexpr (list_type<T>) {
    return join_type_names<typename T::value_type>("list");
  } else {
    return std::string(unqualified_name<T>());
  }
}

}  // namespace detail

// The name of a type in descriptions and error messages:
//   "bool", "int8" to "uint64", "float32", "float64", "string", "bytes", "nil", "timestamp", "duration"
//   "any"                                                  gate::value
//   "list<T>", "map<K,V>", "optional<T>", "tuple<A,B>", "variant<A,B>"
//   "Point"                                                any other class, and an enumeration: without namespaces
// Thread-safe. The view is valid until the program ends.
template <class T> std::string_view type_name() {
  static const std::string name = detail::compose_type_name<T>();
  return name;
}

}  // namespace gate
