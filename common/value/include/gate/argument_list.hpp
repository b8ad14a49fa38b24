// argument_list: arguments whose number and types are known only at run time. Callers and methods both use it.
//
// A caller gathers the arguments and calls a method with them. A command or a bridge does so:
//
//   gate::argument_list arguments;
//   arguments.add(2);
//   arguments.add_named("b", 3);
//   co_await client["calculator"]["add"].apply(arguments);
//
// A method whose last parameter is an argument_list receives in it all arguments that its other parameters do not take,
// by position and by name. Python writes this as `*args, **kwargs`.
//
//   gate::value log(std::string level, gate::argument_list fields) {
//     for (const gate::argument& field : fields) std::cout << field.name() << '=' << to_string(field.value()) << ' ';
//     return gate::value::of(fields.size());
//   }
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <gate/detail/reading.hpp>
#include <gate/error.hpp>
#include <gate/protocol.hpp>
#include <gate/value.hpp>

namespace gate {

class argument_list;

namespace detail {
// The bytes that stand for a HugeData in a list of arguments: docs/protocol.md, "Huge payloads".
inline constexpr std::string_view huge_placeholder("\xc7\x00\x48", 3);

class argument_intake;
}  // namespace detail

// One argument of a list. It points into the list: it is valid until the list is changed, moved or destroyed.
class argument {
 public:
  // Empty if the argument was passed by position.
  std::string_view name() const noexcept;
  // The argument as a T. A std::string_view points into the list. Throws Error(errc::invalid_argument) if it is not a
  // T: "argument 2 must be int32, got string", "argument 'item'.tags[2]: must be string, got int". In a method the text
  // begins with the method's name, so let the Error pass to the caller.
  template <class T> T as() const {
    constexpr bool is_value = !std::is_same_v<T, HugeData>;
    static_assert(is_value, "gate: a HugeData is a parameter of its own, in front of the gate::argument_list");
    const detail::strict_reading strict(reads_strictly());
    try {
      if constexpr (is_value) return decode_as<T>(encoded(), std::string_view());
    } catch (const Error& e) {
      refuse(type_name<T>(), e.what());
    }
  }
  // The argument as a value of any type. It does not point into the list. Throws Error(errc::invalid_argument) if it is
  // nested deeper than limits::value_depth_max.
  gate::value value() const { return as<gate::value>(); }
  value_kind kind() const { return value().kind(); }
  // Its msgpack bytes, which lie in the list.
  bytes_view encoded() const noexcept;

 private:
  friend class argument_list;
  argument(const argument_list& list, std::size_t index) noexcept : list_(&list), index_(index) {}

  bool reads_strictly() const noexcept;
  [[noreturn]] void refuse(std::string_view type, std::string_view why) const;

  const argument_list* list_;
  std::size_t index_;
};

// A list of encoded arguments: first those by position, then those by name, each in the order in which they were added.
// Not thread-safe.
class argument_list {
 public:
  class iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = argument;
    using difference_type = std::ptrdiff_t;
    using pointer = const argument*;
    using reference = argument;

    iterator() = default;
    argument operator*() const noexcept { return argument(*list_, index_); }
    iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    iterator operator++(int) noexcept {
      iterator before = *this;
      ++index_;
      return before;
    }
    friend bool operator==(const iterator&, const iterator&) = default;

   private:
    friend class argument_list;
    iterator(const argument_list& list, std::size_t index) noexcept : list_(&list), index_(index) {}
    const argument_list* list_ = nullptr;
    std::size_t index_ = 0;
  };

  // --- to gather. If a value cannot be encoded, its adaptor throws, and the list is as before.

  // Adds an argument by position. T may be any type that travels, also a gate::value.
  template <class T> void add(const T& given) {
    const std::size_t begin = positional_.size();
    append(positional_, begin, given);
    positions_.push_back({begin, begin, positional_.size()});
  }
  // Adds an argument for the parameter of that name. The method needs a GATE_DOC with names; see gate::named().
  template <class T> void add_named(std::string_view name, const T& given) {
    const std::size_t begin = named_.size();
    encode_to(named_, name);
    const std::size_t value = named_.size();
    append(named_, begin, given);
    names_.push_back({value - name.size(), value, named_.size()});
  }

  // Marks the place of a HugeData. Pass the HugeData itself to Method::apply(), next to this list. A call takes one.
  void add_huge() {
    const std::size_t begin = positional_.size();
    positional_ += detail::huge_placeholder;
    positions_.push_back({begin, begin, positional_.size()});
  }
  void add_named_huge(std::string_view name) {
    encode_to(named_, name);
    const std::size_t value = named_.size();
    named_ += detail::huge_placeholder;
    names_.push_back({value - name.size(), value, named_.size()});
  }

  // --- to read

  std::size_t size() const noexcept { return positions_.size() + names_.size(); }
  bool empty() const noexcept { return size() == 0; }
  std::size_t positional_count() const noexcept { return positions_.size(); }
  std::size_t named_count() const noexcept { return names_.size(); }
  bool has_named() const noexcept { return !names_.empty(); }

  // The argument at that place, or of that name. The places of the named arguments follow the others. Throws
  // Error(errc::invalid_argument) if there is none: "argument 3 is missing", "argument 'item' is missing".
  argument operator[](std::size_t index) const;
  argument operator[](std::string_view name) const;
  // The argument of that name; empty if there is none.
  std::optional<argument> find(std::string_view name) const noexcept;
  bool contains(std::string_view name) const noexcept { return find(name).has_value(); }

  iterator begin() const noexcept { return {*this, 0}; }
  iterator end() const noexcept { return {*this, size()}; }

  // Copies of the arguments by position and by name: args and kwargs in Python. Throw Error(errc::invalid_argument) if
  // one is nested deeper than limits::value_depth_max.
  std::vector<value> positional() const;
  std::map<std::string, value> named() const;

  // The list as a request carries it: one msgpack array, or [array, {name: value}] if it has names.
  std::string encoded() const;

 private:
  friend class argument;
  friend class detail::argument_intake;

  // Where the text of the name begins, where the value begins, and where the value ends.
  struct place {
    std::size_t name, value, end;
  };

  template <class T> static void append(std::string& to, std::size_t begin, const T& given) {
    try {
      encode_to(to, given);
    } catch (...) {
      to.resize(begin);
      throw;
    }
  }
  // "argument 3", "argument 'item'".
  std::string label(std::size_t index) const;
  [[noreturn]] void refuse(const std::string& text) const;

  std::string positional_, named_;
  std::vector<place> positions_, names_;
  // Set in a list that a method receives.
  std::string method_;      // "calculator.log(level: string, *args, **kwargs): "
  std::size_t before_ = 0;  // how many parameters stand before it
  bool strict_ = false;
};

namespace detail {

// "argument 2 must be int32, got string", made from the text of a decoder.
std::string misfit_text(const std::string& label, std::string_view type, std::string_view why);

}  // namespace detail

}  // namespace gate
