// Methods of a class that others may call by name, listed in one line inside the class:
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
#include <gate/detail/preprocessor.hpp>

namespace gate {

// The base of a class with callable methods: the table that GATE_INTERFACE fills while the object is constructed.
// A derived class keeps what its bases expose, and may not expose a name again. Filled by the constructing thread, and
// constant from the first call of check(), find() or describe().
class Interface {
 public:
  Interface(const Interface&) = delete;
  Interface& operator=(const Interface&) = delete;
  virtual ~Interface() = default;

  // What the methods are called, take and return, in the order of exposure.
  std::vector<method_descriptor> describe() const;

  // Throws std::logic_error, saying which, when a name is exposed twice, or a GATE_DOC names a method that is not
  // exposed or gives another number of names than the method has parameters.
  void check() const;

  // For a dispatcher. Null when there is no such method; the entry lives as long as this object.
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

  // settle() brings exposures and docs together at first use, whatever their order in the class.
  mutable std::vector<detail::method_entry> methods_;
  mutable std::vector<doc> docs_;
  mutable std::unordered_map<std::string_view, std::size_t, hash, std::equal_to<>> index_;
  mutable bool settled_ = false;
};

// The members that the macros add. Their constructors do the work; they hold nothing.
class interface_slot {
 public:
  interface_slot(Interface& owner, std::string_view name, const detail::method_shape& shape);
};
class doc_slot {
 public:
  doc_slot(Interface& owner, std::string_view method, std::string_view text,
           std::initializer_list<std::string_view> names);
};

}  // namespace gate

// A default member initialiser may use `this` and members declared later: that is why these lines work anywhere in a
// class.
#define GATE_SELF std::remove_pointer_t<decltype(this)>
#define GATE_SLOT(place, method)                                   \
  [[no_unique_address]] ::gate::interface_slot gate_slot_##method{ \
      *this, #method, ::gate::detail::adaptor<GATE_SELF, &GATE_SELF::method>::template shape<place>};
#define GATE_NAME(unused, name) #name,

// GATE_INTERFACE(add, divide): exposes these methods under their own names; up to 256 in one line, any number of lines.
// They may be private, const, noexcept, virtual, inherited. Parameters are values or constant references of types that
// gate/value.hpp decodes, 32 at the most; std::optional ones at the end may be left out by the caller. Before them
// there may be a gate::Call&, and after them a gate::async_generator<T>, if the caller streams items to the method.
// Results: a value or void, task<T>, generator<T> and async_generator<T> (streams).
//
// The compiler also holds them to this:
//   - Text is taken as std::string, not as std::string_view, which would outlive what it points into.
//   - One parameter may be a HugeData, taken by value, or a std::optional<HugeData>.
//   - A method takes a HugeData or a stream of items, not both.
//   - A method that takes a stream of items returns a task or an async_generator, since it awaits them.
//   - A stream that a method returns has no items that are HugeData.
#define GATE_INTERFACE(...) GATE_PP_EACH(GATE_SLOT, ::gate::run_on::automatic, __VA_ARGS__)

// GATE_INTERFACE_ON(gate::run_on::loop, now, state): the same, and says where the methods run.
#define GATE_INTERFACE_ON(place, ...) GATE_PP_EACH(GATE_SLOT, place, __VA_ARGS__)

// GATE_INTERFACE_AS("scale_text", scale, std::string(const std::string&) const): exposes one overload, under a name of
// its own.
#define GATE_INTERFACE_AS(wire_name, method, ...)                                               \
  [[no_unique_address]] ::gate::interface_slot GATE_PP_JOIN(gate_slot_number_, __COUNTER__){    \
      *this, wire_name,                                                                         \
      ::gate::detail::adaptor<GATE_SELF, ::gate::detail::pick_overload<__VA_ARGS__, GATE_SELF>( \
                                             &GATE_SELF::method)>::template shape<::gate::run_on::automatic>};

// GATE_DOC(add, "adds two numbers", a, b): says what a method does and what its parameters are called (all of them, but
// the Call&; or none). With names, callers may pass arguments by name. `add` is the name under which it is exposed.
#define GATE_DOC(method, text, ...)                         \
  [[no_unique_address]] ::gate::doc_slot gate_doc_##method{ \
      *this, #method, text, {GATE_PP_EACH(GATE_NAME, , __VA_ARGS__)}};
