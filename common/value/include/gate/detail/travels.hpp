// Which types can travel, known at compile time. So a type that cannot is refused with one clear sentence, and not with
// errors inside msgpack.
//
// The primary templates of msgpack accept each type and fail inside. The partial specialisations below find a class
// that is no template and has neither MSGPACK_DEFINE nor an adaptor. An adaptor of a user is a full specialisation,
// which the compiler prefers to them. A class template counts as a type with an adaptor.
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <gate/detail/msgpack.hpp>
#include <gate/type_name.hpp>

namespace gate {

class HugeData;
class Call;
template <class Signature> class unique_function;
template <class T> class task;
template <class T> class generator;
template <class T> class async_generator;

namespace detail {

#define GATE_CANNOT_TRAVEL                                                                                       \
  "cannot travel: a struct needs MSGPACK_DEFINE_MAP(its, fields) in its body; a pointer, reference or function " \
  "never does"

template <class T> struct of_template : std::false_type {};
template <template <class...> class C, class... A> struct of_template<C<A...>> : std::true_type {};
template <template <class, auto> class C, class A, auto N> struct of_template<C<A, N>> : std::true_type {};
// Classes that are no templates and have an adaptor of msgpack.
template <class T>
concept known_to_msgpack =
    std::same_as<T, msgpack::object> || std::same_as<T, msgpack::type::nil_t> ||
    std::same_as<T, msgpack::type::raw_ref> || std::same_as<T, msgpack::type::v4raw_ref> ||
    std::same_as<T, msgpack::type::ext> || std::same_as<T, msgpack::type::ext_ref> || std::same_as<T, ::timespec>;
template <class T>
concept bare_class =
    (std::is_class_v<T> || std::is_union_v<T>)&&!of_template<T>::value && !self_packing<T> && !known_to_msgpack<T>;

// Templates that hold no value.
template <class T> struct never_travels : std::false_type {};
// std::function, gate::unique_function and others that hold a function.
template <template <class...> class F, class R, class... A> struct never_travels<F<R(A...)>> : std::true_type {};
template <class T> struct never_travels<std::initializer_list<T>> : std::true_type {};
template <class T> struct never_travels<task<T>> : std::true_type {};
template <class T> struct never_travels<generator<T>> : std::true_type {};
template <class T> struct never_travels<async_generator<T>> : std::true_type {};
template <class C, class D> struct never_travels<std::chrono::time_point<C, D>> : std::true_type {};
template <class D> struct never_travels<std::chrono::time_point<std::chrono::system_clock, D>> : std::false_type {};

}  // namespace detail
}  // namespace gate

namespace msgpack {
MSGPACK_API_VERSION_NAMESPACE(MSGPACK_DEFAULT_API_NS) {
  namespace adaptor {

  template <class T> struct convert<T, std::enable_if_t<gate::detail::bare_class<T>>> {
    using gate_has_none = void;
    const msgpack::object& operator()(const msgpack::object& o, T&) const {
      static_assert(!sizeof(T), "gate: a field or element " GATE_CANNOT_TRAVEL);
      return o;
    }
  };
  template <class T> struct pack<T, std::enable_if_t<gate::detail::bare_class<T>>> {
    using gate_has_none = void;
    template <class Stream> packer<Stream>& operator()(packer<Stream>& o, const T&) const {
      static_assert(!sizeof(T), "gate: a field or element " GATE_CANNOT_TRAVEL);
      return o;
    }
  };
  template <class T> struct convert<T*> {
    const msgpack::object& operator()(const msgpack::object& o, T*&) const {
      static_assert(!sizeof(T*), "gate: a field or element " GATE_CANNOT_TRAVEL);
      return o;
    }
  };
  template <class T>
    requires(!std::same_as<std::remove_cv_t<T>, char>)
  struct pack<T*> {
    template <class Stream> packer<Stream>& operator()(packer<Stream>& o, T*) const {
      static_assert(!sizeof(T*), "gate: a field or element " GATE_CANNOT_TRAVEL);
      return o;
    }
  };

  }  // namespace adaptor
}
}  // namespace msgpack

namespace gate::detail {

template <class T>
inline constexpr bool no_converter = requires { typename msgpack::adaptor::convert<T>::gate_has_none; };
template <class T> inline constexpr bool no_packer = requires { typename msgpack::adaptor::pack<T>::gate_has_none; };

template <class T, bool Decoded> constexpr bool travels();

template <class T, bool Decoded> struct elements_travel : std::true_type {};
template <template <class...> class C, class... A, bool Decoded>
struct elements_travel<C<A...>, Decoded> : std::bool_constant<(travels<A, Decoded>() && ...)> {};

// Checks also the elements of the containers that it knows.
template <class T, bool Decoded> constexpr bool travels() {
  if constexpr (std::is_void_v<T>) {
    return true;
  } else if constexpr (std::is_same_v<T, const char*> || std::is_same_v<T, char*>) {
    return !Decoded;  // text
  } else if constexpr (std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_reference_v<T> ||
                       std::is_function_v<T> || std::is_same_v<T, long double> || std::is_same_v<T, char8_t> ||
                       std::is_same_v<T, char16_t> || std::is_same_v<T, char32_t> || std::is_null_pointer_v<T>) {
    return false;
  } else if constexpr (std::is_same_v<T, HugeData>) {
    return true;
  } else if constexpr (never_travels<T>::value) {
    return false;
  } else if constexpr (std::is_array_v<T>) {
    return travels<std::remove_cv_t<std::remove_extent_t<T>>, Decoded>();
  } else if constexpr (nullable<T>::value) {
    return travels<std::remove_cv_t<typename nullable<T>::inner>, Decoded>();
  } else if constexpr (variant_like<T>::value || tuple_like<T>::value) {
    return elements_travel<T, Decoded>::value;
  } else if constexpr (std::is_class_v<T> || std::is_union_v<T>) {
    if constexpr (Decoded ? no_converter<T> && !msgpack::has_as<T>::value : no_packer<T>) {
      return !Decoded && text_type<T>;
    } else if constexpr (self_packing<T> || !of_template<T>::value) {
      return true;
    } else if constexpr (map_type<T>) {
      return travels<typename T::key_type, Decoded>() && travels<typename T::mapped_type, Decoded>();
    } else if constexpr (list_type<T>) {
      return travels<typename T::value_type, Decoded>();
    } else {
      return true;
    }
  } else {
    return true;
  }
}
template <class T> inline constexpr bool decodable = travels<T, true>();
template <class T> inline constexpr bool encodable = travels<T, false>();

}  // namespace gate::detail
