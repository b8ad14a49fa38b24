// gate::in<T>: a parameter that refuses, with a clear message, arguments that g++ before 13 breaks inside an await.
//
// The bug: g++ before 13 destroys a temporary twice if it is made inside an await expression, is an aggregate or a
// lambda, and has a destructor that does something. `co_await c["inventory"]["put"](order{"b2", 5})` frees a string
// twice, without a warning.
//
// The library refuses such arguments at compile time. It cannot tell a temporary from std::move(name) or from the
// result of a function, so it refuses all three. Give the value a name on an earlier line and pass the name. It is
// passed by reference, without a copy. docs/gcc12.md is the page for users.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace gate {

template <class T> class task;
template <class T> class generator;
template <class T> class async_generator;

namespace detail {

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
inline constexpr bool compiler_destroys_aggregates_twice = true;
#else
inline constexpr bool compiler_destroys_aggregates_twice = false;
#endif

#define GATE_NAME_IT                                                                                                \
  "g++ before 13 destroys this argument twice inside an await: give the value a name on an earlier line, and pass " \
  "the name without std::move (it is not copied)"
#define GATE_NAME_THE_LAMBDA                                                                                       \
  "g++ before 13 destroys what a lambda has captured twice inside an await: give the lambda a name on an earlier " \
  "line, and pass the name"
#define GATE_NAME_THE_ITEM                                                                                        \
  "g++ before 13 destroys this item twice: give the value a name on an earlier line, and yield the name without " \
  "std::move"

// Whether T itself is a lambda: "void f(T) [with T = shop::run()::<lambda(int)>]".
template <class T> constexpr bool is_lambda() {
  std::string_view name = __PRETTY_FUNCTION__;
  name.remove_prefix(name.find("T = ") + 4);
  name = name.substr(0, name.find_last_of(']'));
  const std::size_t at = name.rfind("<lambda(");
  if (at == std::string_view::npos) return false;
  std::size_t depth = 0;
  for (std::size_t i = at; i < name.size(); ++i) {
    if (name[i] == '<') ++depth;
    if (name[i] == '>' && name[i - 1] != '-' && --depth == 0) return i + 1 == name.size();
  }
  return false;
}

// Whether the compiler breaks a temporary of this type itself.
template <class T> constexpr bool breaks_itself() {
  if constexpr (std::is_class_v<T> && requires { sizeof(T); }) {
    if constexpr (std::is_trivially_destructible_v<T>) return false;
    return std::is_aggregate_v<T> || is_lambda<T>();
  } else {
    return false;
  }
}

// Whether the compiler breaks a temporary of this type, or one that such a value may be made from in the same await:
// std::optional<order>(order{"b2", 5}), std::vector<order>(2, order{"b2", 5}).
template <class T> struct breaks : std::bool_constant<breaks_itself<T>()> {};
template <template <class...> class C, class... A>
struct breaks<C<A...>> : std::bool_constant<breaks_itself<C<A...>>() || (breaks<std::remove_cv_t<A>>::value || ...)> {};
// Coroutines are passed with std::move.
template <class T> struct breaks<task<T>> : std::false_type {};
template <class T> struct breaks<generator<T>> : std::false_type {};
template <class T> struct breaks<async_generator<T>> : std::false_type {};

// Whether an argument is safe. A is deduced for a parameter `A&&`, so it is a reference if the argument has a name.
template <class A>
inline constexpr bool safe_argument =
    !compiler_destroys_aggregates_twice || std::is_lvalue_reference_v<A> || !breaks<std::remove_cv_t<A>>::value;

}  // namespace detail

// A reference to a T that has a name. Braces and temporaries do not compile. A named value of another type is converted
// to T. It must not outlive the value that it refers to.
template <class T> class name_of {
 public:
  using value_type = T;

  name_of(const T& named) noexcept : value_(&named) {}  // NOLINT: stands for a T
  template <class U>
    requires(!std::same_as<std::remove_cvref_t<U>, T> && !std::same_as<std::remove_cvref_t<U>, name_of> &&
             std::convertible_to<U, T>)
  name_of(U&& other) : converted_(std::forward<U>(other)), value_(&*converted_) {  // NOLINT
    static_assert(detail::safe_argument<U>, GATE_NAME_IT);
  }
  name_of(name_of&& other) noexcept
      : converted_(std::move(other.converted_)), value_(converted_ ? &*converted_ : other.value_) {}

  // For order{"b2", 5}, std::move(item), make_order().
  template <std::same_as<T> U> name_of(U&&) noexcept {  // NOLINT
    static_assert(!std::same_as<U, T>, GATE_NAME_IT);
  }
  // For {}, {"b2"} and {"b2", 5}.
  template <class U = T> name_of() noexcept { static_assert(!std::same_as<U, T>, GATE_NAME_IT); }
  template <class U>
    requires(!std::same_as<std::remove_cvref_t<U>, name_of> && !std::convertible_to<U, T>)
  name_of(U&&) noexcept {  // NOLINT
    static_assert(std::is_void_v<U>, GATE_NAME_IT);
  }
  template <class A, class B, class... C> name_of(A&&, B&&, C&&...) noexcept {  // NOLINT
    static_assert(std::is_void_v<A>, GATE_NAME_IT);
  }

  operator const T&() const noexcept { return *value_; }  // NOLINT: stands for a T
  const T& get() const noexcept { return *value_; }

 private:
  std::optional<T> converted_;
  const T* value_ = nullptr;
};

// The type to write for a parameter T of a function that is called inside an await. It is T, or name_of<T> if the
// compiler would destroy a temporary of T twice.
template <class T>
using in =
    std::conditional_t<detail::compiler_destroys_aggregates_twice && detail::breaks<std::remove_cvref_t<T>>::value,
                       name_of<std::remove_cvref_t<T>>, T>;

}  // namespace gate
