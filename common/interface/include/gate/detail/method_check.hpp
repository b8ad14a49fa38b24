// Checks a member function for GATE_INTERFACE. The result is one fault; the macro has a sentence for each.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include <gate/detail/adaptor.hpp>
#include <gate/detail/method.hpp>
#include <gate/detail/travels.hpp>

namespace gate::detail {

enum class method_fault : std::uint8_t {
  none,
  base,                // the class does not derive from gate::Interface
  no_member_function,  // not a member function, or one that cannot be called on the object
  reference,           // a parameter is a reference that is not const
  view,                // a parameter is a string_view or a span
  parameter,           // a parameter's type cannot travel
  call,                // a Call is not the first parameter, or not taken by reference
  stream,              // an async_generator is not the last parameter
  stream_result,       // the method takes a stream but is no coroutine
  huge,                // two HugeData, one that is not taken by value, or one beside a stream
  rest,                // an argument_list is followed by a parameter that is no stream
  rests,               // two argument_lists
  too_many,            // too many parameters
  result,              // the type of the result cannot travel
  place,               // a coroutine is to run in the pool
};

// Found by a name of its own, not as a base: clang treats a class with an error as one without bases, and would report
// that as a second error.
template <class T> inline constexpr bool is_interface = requires { typename T::gate_interface; };

template <class T> struct span_like : std::false_type {};
template <class T, std::size_t N> struct span_like<std::span<T, N>> : std::true_type {};

// The fault of one parameter. `first` and `last` say whether it is the first or the last one of the method.
template <class P> constexpr method_fault parameter_fault(bool first, bool last) {
  using T = std::remove_cvref_t<P>;
  if constexpr (std::same_as<T, Call>) {
    return first && std::same_as<P, Call&> ? method_fault::none : method_fault::call;
  } else if constexpr (!fillable<P>) {
    return method_fault::reference;
  } else if constexpr (stream_parameter<T>::value) {
    if (!last) return method_fault::stream;
    return decodable<typename stream_parameter<T>::item> ? method_fault::none : method_fault::parameter;
  } else if constexpr (std::same_as<T, std::string_view> || span_like<T>::value) {
    return method_fault::view;
  } else if constexpr (!huge_by_value<P>) {
    return method_fault::huge;
  } else if constexpr (std::same_as<T, argument_list>) {
    return method_fault::none;  // its place is checked with all parameters together
  } else {
    return decodable<T> ? method_fault::none : method_fault::parameter;
  }
}

template <class... A> constexpr method_fault parameters_fault(types<A...>) {
  constexpr std::size_t count = sizeof...(A);
  std::size_t i = 0;
  method_fault found = method_fault::none;
  [[maybe_unused]] const auto look = [&]<class P>(std::type_identity<P>) {
    const method_fault fault = parameter_fault<P>(i == 0, i + 1 == count);
    if (found == method_fault::none) found = fault;
    ++i;
  };
  (look(std::type_identity<A>()), ...);
  if (found != method_fault::none) return found;
  constexpr std::size_t calls = (std::size_t{0} + ... + (std::same_as<A, Call&> ? 1 : 0));
  constexpr std::size_t streams = (std::size_t{0} + ... + (stream_parameter<std::remove_cvref_t<A>>::value ? 1 : 0));
  constexpr std::size_t huge =
      (std::size_t{0} + ... +
       (is_huge<std::remove_cvref_t<A>> || std::same_as<std::remove_cvref_t<A>, std::optional<HugeData>> ? 1 : 0));
  if (huge > 1 || (huge == 1 && streams == 1)) return method_fault::huge;
  constexpr std::size_t rests = (std::size_t{0} + ... + (std::same_as<std::remove_cvref_t<A>, argument_list> ? 1 : 0));
  if (rests > 1) return method_fault::rests;
  constexpr bool is_rest[] = {std::same_as<std::remove_cvref_t<A>, argument_list>..., false};
  if (rests == 1 && !is_rest[count - streams - 1]) return method_fault::rest;
  return count - calls - streams - rests > parameters_max ? method_fault::too_many : method_fault::none;
}

template <class R> struct result_check {
  using traits = result_traits<R>;
  static constexpr bool is_coroutine =
      traits::form == result_form::task || traits::form == result_form::async_generator;
  static constexpr bool is_stream =
      traits::form == result_form::generator || traits::form == result_form::async_generator;
  static constexpr bool travels =
      encodable<std::remove_cv_t<typename traits::value>> && !(is_stream && is_huge<typename traits::value>);
};

template <class... A> constexpr bool takes_stream(types<A...>) {
  return (stream_parameter<std::remove_cvref_t<A>>::value || ...);
}

template <class Self, class M, run_on Where> constexpr method_fault fault_of() {
  if constexpr (!is_interface<Self>) {
    return method_fault::base;
  } else if constexpr (!std::is_member_function_pointer_v<M>) {
    return method_fault::no_member_function;
  } else if constexpr (!requires { typename member_traits<M>::result; }) {
    return method_fault::no_member_function;
  } else {
    using arguments = typename member_traits<M>::arguments;
    using result = result_check<typename member_traits<M>::result>;
    constexpr method_fault fault = parameters_fault(arguments());
    if (fault != method_fault::none) return fault;
    if (!result::travels) return method_fault::result;
    if (takes_stream(arguments()) && !result::is_coroutine) return method_fault::stream_result;
    return result::is_coroutine && Where == run_on::pool ? method_fault::place : method_fault::none;
  }
}

template <class Self, class M, run_on Where> struct method_check {
  using self = Self;
  static constexpr run_on where = Where;
  static constexpr method_fault fault = fault_of<Self, M, Where>();
};

// Null for a method with a fault; the macro has refused it before.
template <class Checked, auto Method> constexpr const method_shape* shape_of() {
  if constexpr (Checked::fault == method_fault::none) {
    return &adaptor<typename Checked::self, Method>::template shape<Checked::where>;
  } else {
    return nullptr;
  }
}

template <class Self> constexpr Interface* interface_of(Self* self) noexcept {
  if constexpr (is_interface<Self>) {
    return self;
  } else {
    return nullptr;
  }
}

// Whether there is at least one name, and no name twice.
constexpr bool all_differ(std::initializer_list<std::string_view> names) {
  for (auto name = names.begin(); name != names.end(); ++name) {
    for (auto before = names.begin(); before != name; ++before) {
      if (*before == *name) return false;
    }
  }
  return names.size() != 0;
}

// Whether these are names with one comma between two of them, or nothing: `add, divide`.
constexpr bool are_names(std::string_view list) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n'; };
  // With what else a compiler takes for a letter: $, and what is no ASCII.
  const auto is_letter = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    return plain || c == '$' || byte >= 0x80;
  };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (bool more = !list.empty(); more;) {
    std::string_view name = list.substr(0, list.find(','));
    more = name.size() < list.size();
    list.remove_prefix(more ? name.size() + 1 : name.size());
    while (!name.empty() && is_space(name.front())) name.remove_prefix(1);
    while (!name.empty() && is_space(name.back())) name.remove_suffix(1);
    if (name.empty() || !is_letter(name.front())) return false;
    for (const char c : name) {
      if (!is_letter(c) && !is_digit(c)) return false;
    }
  }
  return true;
}

// The name given to GATE_INTERFACE_AS, as a type.
template <std::size_t N> struct text_constant {
  constexpr text_constant(const char (&from)[N]) {  // NOLINT: stands for the literal
    for (std::size_t i = 0; i < N; ++i) text[i] = from[i];
  }
  char text[N] = {};
};
template <text_constant Name> struct wire_text {};

// Whether the number of names fits the method: none, or one for each parameter without the Call&.
template <class M> constexpr bool names_fit(std::initializer_list<std::string_view> names) {
  if constexpr (requires { typename member_traits<M>::arguments; }) {
    constexpr auto count = []<class... A>(types<A...>) {
      return (std::size_t{0} + ... + (std::same_as<std::remove_cvref_t<A>, Call> ? 0 : 1));
    };
    return names.size() == 0 || names.size() == count(typename member_traits<M>::arguments());
  } else {
    return true;
  }
}

}  // namespace gate::detail
