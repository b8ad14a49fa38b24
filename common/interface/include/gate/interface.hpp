// GATE_INTERFACE: lists the methods of a class that clients may call by name.
//
//   class Calculator : public gate::Worker {
//    public:
//     GATE_INTERFACE(add, divide, primes)
//     GATE_DOC(add, "adds two numbers", a, b)
//
//     int add(int a, int b) const { return a + b; }              // plain: runs in the pool
//     gate::task<double> divide(double a, double b);             // a coroutine: runs on the loop
//     gate::generator<int> primes(int below);                    // a stream, pulled in the pool
//   };
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include <gate/call.hpp>
#include <gate/descriptor.hpp>
#include <gate/detail/adaptor.hpp>
#include <gate/detail/method.hpp>
#include <gate/detail/method_check.hpp>
#include <gate/detail/preprocessor.hpp>

namespace gate {

// The base of a class with callable methods: Worker and Broker derive from it. It holds the table of methods, which
// GATE_INTERFACE fills while the object is constructed. A derived class keeps the methods of its bases. It must not
// list one of their names again. The first check(), find() or describe() completes the table; call it on the thread
// that constructed the object. After that the table does not change.
class Interface {
 public:
  using gate_interface = Interface;  // for the macros

  Interface(const Interface&) = delete;
  Interface& operator=(const Interface&) = delete;
  virtual ~Interface() = default;

  // The name, the parameters and the result of each method, in the order of the list.
  std::vector<method_descriptor> describe() const;

  // Throws std::logic_error, with the name of the method, if
  //   - a name is listed twice
  //   - a GATE_DOC names a method that is not listed
  //   - a GATE_DOC has more or fewer names than the method has parameters
  //   - there are more than limits::methods_max (1024) methods.
  // Broker::bind() and serve() check the same.
  void check() const;

  // For a dispatcher. Null if there is no such method. The entry lives as long as this object.
  const detail::method_entry* find(std::string_view name) const;

 protected:
  Interface() = default;

 private:
  friend class interface_slot;
  friend class doc_slot;
  struct doc {
    std::string method, text;
    std::vector<std::string> names;
  };
  struct hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };

  void settle() const;
  void settle(const doc& given) const;

  // settle() joins the listed methods and their docs at first use, since a class may write them in any order.
  mutable std::vector<detail::method_entry> methods_;
  mutable std::vector<doc> docs_;
  mutable std::unordered_map<std::string_view, std::size_t, hash, std::equal_to<>> index_;
  mutable bool settled_ = false;
};

// The members that the macros add. They are empty; their constructors fill the table. `owner` and `shape` are never
// null: a class for which one would be null does not compile.
class interface_slot {
 public:
  interface_slot() noexcept {}  // in programs that do not compile: no error follows from its absence
  interface_slot(Interface* owner, std::string_view name, const detail::method_shape* shape);
};
class doc_slot {
 public:
  doc_slot(Interface* owner, std::string_view method, std::string_view text,
           std::initializer_list<std::string_view> names);
};

}  // namespace gate

// The macros work anywhere in a class, since a default member initialiser may use `this` and members declared later.
// Each static_assert is one sentence that begins with the name of the macro. Code that would fail because of the same
// fault is not compiled.
#define GATE_CHECKED(checked, macro, method)                                                          \
  static_assert(checked::fault != ::gate::detail::method_fault::base,                                 \
                macro ": the class of '" method                                                       \
                      "' derives from no gate::Worker: write `: public "                              \
                      "gate::Worker` behind its name");                                               \
  static_assert(checked::fault != ::gate::detail::method_fault::no_member_function,                   \
                macro ": '" method                                                                    \
                      "' is no member function that can be called on the "                            \
                      "object: static, && and volatile ones and variables are none");                 \
  static_assert(checked::fault != ::gate::detail::method_fault::reference,                            \
                macro ": a parameter of '" method                                                     \
                      "' is a reference that is not const: take a value "                             \
                      "or a constant reference, and return what changes");                            \
  static_assert(checked::fault != ::gate::detail::method_fault::view,                                 \
                macro ": '" method                                                                    \
                      "' takes a std::string_view or span, which would outlive what it "              \
                      "points into: take a std::string or std::vector");                              \
  static_assert(checked::fault != ::gate::detail::method_fault::parameter,                            \
                macro ": a parameter of '" method "' " GATE_CANNOT_TRAVEL);                           \
  static_assert(checked::fault != ::gate::detail::method_fault::call,                                 \
                macro ": '" method "' takes the gate::Call& as its first parameter, by reference");   \
  static_assert(checked::fault != ::gate::detail::method_fault::stream,                               \
                macro ": '" method                                                                    \
                      "' takes a gate::async_generator, a stream of the caller's items, "             \
                      "as its last parameter only");                                                  \
  static_assert(checked::fault != ::gate::detail::method_fault::stream_result,                        \
                macro ": '" method                                                                    \
                      "' takes a stream, whose items it awaits: it returns a "                        \
                      "gate::task or a gate::async_generator");                                       \
  static_assert(checked::fault != ::gate::detail::method_fault::huge,                                 \
                macro ": '" method "' takes one gate::HugeData by value, and no stream beside it");   \
  static_assert(checked::fault != ::gate::detail::method_fault::rests,                                \
                macro ": '" method "' takes one gate::argument_list, which has all other arguments"); \
  static_assert(checked::fault != ::gate::detail::method_fault::rest,                                 \
                macro ": '" method                                                                    \
                      "' takes the gate::argument_list, all other arguments, as its last parameter, " \
                      "with nothing behind it but a stream of items");                                \
  static_assert(checked::fault != ::gate::detail::method_fault::too_many,                             \
                macro ": '" method "' has more than 32 parameters: take a struct");                   \
  static_assert(checked::fault != ::gate::detail::method_fault::result,                               \
                macro ": what '" method "' returns " GATE_CANNOT_TRAVEL);                             \
  static_assert(checked::fault != ::gate::detail::method_fault::place,                                \
                macro ": '" method "' is a coroutine, which runs on the loop, not in the pool");

// The member of a method `add` is called u8add_gate_lists_once. With u8 in front and a suffix behind it a name in
// quotation marks, which is wrong, makes a literal: the preprocessor accepts that, and the sentence comes first.
#define GATE_SLOT(place, ...)                                                                                        \
  __VA_OPT__([[no_unique_address]] ::gate::interface_slot u8##__VA_ARGS__##_gate_lists_once{                         \
      ::gate::detail::interface_of(this), #__VA_ARGS__,                                                              \
      []<class Self>([[maybe_unused]] Self* self) -> const ::gate::detail::method_shape* {                           \
        if constexpr (!requires { &Self::__VA_ARGS__; }) {                                                           \
          static_assert(!sizeof(Self), "GATE_INTERFACE: there is no method '" #__VA_ARGS__                           \
                                       "' here, or several: mind the spelling, or name one with GATE_INTERFACE_AS"); \
          return nullptr;                                                                                            \
        } else {                                                                                                     \
          using checked = ::gate::detail::method_check<Self, decltype(&Self::__VA_ARGS__), place>;                   \
          GATE_CHECKED(checked, "GATE_INTERFACE", #__VA_ARGS__)                                                      \
          return ::gate::detail::shape_of<checked, &Self::__VA_ARGS__>();                                            \
        }                                                                                                            \
      }(this)};)
#define GATE_NAME(unused, ...) __VA_OPT__(#__VA_ARGS__, )

// GATE_INTERFACE(add, divide): clients may call these methods under their own names. A line takes up to 256 names; a
// class may have any number of lines. A method may be private, const, noexcept, virtual or inherited.
//
// Parameters, in this order:
//   1. a gate::Call&, if the method wants to know about its call
//   2. up to 32 values or constant references, of types that gate/value.hpp decodes; the caller may leave out
//      std::optional ones at the end
//   3. a gate::argument_list, for all arguments that the other parameters do not take, by position and by name: *args
//      and **kwargs in Python; GATE_DOC gives it one name
//   4. a gate::async_generator<T>, for a stream of items that the caller sends.
// 1, 3 and 4 may be absent.
//
// Results: void, a value, task<T>; or generator<T> and async_generator<T>, which are streams.
//
// Where a method runs: task and async_generator on the loop, all others in the pool. GATE_INTERFACE_ON changes it.
//
// The compiler also checks these rules:
//   - Take text as std::string. A std::string_view would outlive the bytes that it points into.
//   - One parameter may be a HugeData, by value, or a std::optional<HugeData>.
//   - A method takes a HugeData or a stream of items, not both.
//   - A method that takes a stream of items is a coroutine, since it awaits them: it returns a task or an
//     async_generator.
//   - The items of a returned stream are not HugeData.
#define GATE_INTERFACE(...)     \
  GATE_LISTED_ONCE(__VA_ARGS__) \
  GATE_PP_EACH_1(GATE_SLOT, ::gate::run_on::automatic, __VA_ARGS__, , , , , , , , , , , , , , , , )

// GATE_INTERFACE_ON(gate::run_on::loop, now, state): the same, and says where the methods run. A plain method on the
// loop must not block. A coroutine cannot run in the pool.
#define GATE_INTERFACE_ON(place, ...) \
  GATE_LISTED_ONCE(__VA_ARGS__)       \
  GATE_PP_EACH_1(GATE_SLOT, place, __VA_ARGS__, , , , , , , , , , , , , , , , )
#define GATE_LISTED_ONCE(...)                                                             \
  static_assert(::gate::detail::are_names(#__VA_ARGS__),                                  \
                "GATE_INTERFACE(" #__VA_ARGS__                                            \
                "): write GATE_INTERFACE(add, divide): names of methods, without "        \
                "quotation marks, with a comma between two of them and none at the end"); \
  static_assert(::gate::detail::all_differ({GATE_PP_EACH(GATE_NAME, , __VA_ARGS__)}),     \
                "GATE_INTERFACE(" #__VA_ARGS__ "): a method stands there twice, or none does: name each once");

// GATE_INTERFACE_AS("scale_text", scale, std::string(const std::string&) const): lists one method under another name.
// The signature picks one of several overloads.
#define GATE_INTERFACE_AS(wire_name, method, ...)                                                                      \
  static_assert(::gate::detail::are_names(#method),                                                                    \
                "GATE_INTERFACE_AS(" #wire_name ", " #method                                                           \
                ", ...): write GATE_INTERFACE_AS(\"scale_int\", scale, "                                               \
                "int(int)): the name for callers in quotation marks, and that of the method without");                 \
  static void gate_exposes(::gate::detail::wire_text<wire_name>) noexcept {}                                           \
  [[no_unique_address]] ::gate::interface_slot GATE_PP_JOIN(u8##method##_gate_lists_in_line_, __LINE__){               \
      ::gate::detail::interface_of(this), wire_name,                                                                   \
      []<class Self>([[maybe_unused]] Self* self) -> const ::gate::detail::method_shape* {                             \
        if constexpr (!requires { ::gate::detail::pick_overload<__VA_ARGS__, Self>(&Self::method); }) {                \
          static_assert(!sizeof(Self), "GATE_INTERFACE_AS: there is no '" #method "' of the type " #__VA_ARGS__        \
                                       " here: mind a const at its end");                                              \
          return nullptr;                                                                                              \
        } else {                                                                                                       \
          using checked =                                                                                              \
              ::gate::detail::method_check<Self,                                                                       \
                                           decltype(::gate::detail::pick_overload<__VA_ARGS__, Self>(&Self::method)),  \
                                           ::gate::run_on::automatic>;                                                 \
          GATE_CHECKED(checked, "GATE_INTERFACE_AS", #method)                                                          \
          return ::gate::detail::shape_of<checked, ::gate::detail::pick_overload<__VA_ARGS__, Self>(&Self::method)>(); \
        }                                                                                                              \
      }(this)};

// GATE_DOC(add, "adds two numbers", a, b): describes a method, and names its parameters: all of them without the Call&,
// or none. With names, callers may pass arguments by name. `add` is the name that clients call.
#define GATE_DOC(method, text, ...)                                                                                   \
  static_assert(::gate::detail::are_names(#method) && ::gate::detail::are_names("" #__VA_ARGS__),                     \
                "GATE_DOC(" #method                                                                                   \
                ", ...): write GATE_DOC(add, \"adds two numbers\", a, b): the names of method and "                   \
                "parameters without quotation marks");                                                                \
  [[no_unique_address]] ::gate::doc_slot GATE_PP_JOIN(u8##method##_gate_describes_in_line_, __LINE__){                \
      []<class Self>(Self* self) {                                                                                    \
        constexpr bool listed = requires { &Self::u8##method##_gate_lists_once; };                                    \
        constexpr bool renamed = requires { Self::gate_exposes(::gate::detail::wire_text<#method>()); };              \
        static_assert(listed || renamed || !::gate::detail::is_interface<Self>,                                       \
                      "GATE_DOC: no method is exposed as '" #method "': list it in GATE_INTERFACE first");            \
        if constexpr (listed && requires { &Self::method; }) {                                                        \
          static_assert(::gate::detail::names_fit<decltype(&Self::method)>({GATE_PP_EACH(GATE_NAME, , __VA_ARGS__)}), \
                        "GATE_DOC: '" #method                                                                         \
                        "' has another number of parameters than it is given names here: name each, "                 \
                        "without the gate::Call&, or none");                                                          \
        }                                                                                                             \
        return ::gate::detail::interface_of(self);                                                                    \
      }(this),                                                                                                        \
      #method,                                                                                                        \
      text,                                                                                                           \
      {GATE_PP_EACH(GATE_NAME, , __VA_ARGS__)}};
