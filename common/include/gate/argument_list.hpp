// Arguments of a call whose number and types are known only at run time, at both ends of it.
//
// A caller gathers them and applies a method to them, as a command or a bridge does:
//
//   gate::argument_list arguments;
//   arguments.add(2);
//   arguments.add_named("b", 3);
//   co_await client["calculator"]["add"].apply(arguments);
//
// A method that takes one as its last parameter takes all arguments that its other parameters do not take, by position
// and by name: what Python writes as `*args, **kwargs`.
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
// Stands for a HugeData in a list of arguments: docs/protocol.md, "Huge payloads".
inline constexpr std::string_view huge_placeholder("\xc7\x00\x48", 3);

class argument_intake;
}  // namespace detail

// One argument of a list. It refers to the list: valid until that is changed, moved or destroyed.
class argument {
 public:
  // Empty: it was passed by position.
  std::string_view name() const noexcept;
  // As value::as(). Throws Error(errc::invalid_argument) that names the argument when it is something else: "argument 2
  // must be int32, got string"; or where something inside it does not fit: "argument 'item'.tags[2]: must be string,
  // got int". The method's name stands before it, so the caller can be told as it is. A std::string_view points into
  // the list.
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
  // As a value of any type, which does not refer to the list. Throws Error(errc::invalid_argument) when it is nested
  // too deep.
  gate::value value() const { return as<gate::value>(); }
  value_kind kind() const { return value().kind(); }
  // Its octets in msgpack.
  bytes_view encoded() const noexcept;

 private:
  friend class argument_list;
  argument(const argument_list& list, std::size_t index) noexcept : list_(&list), index_(index) {}

  bool reads_strictly() const noexcept;
  [[noreturn]] void refuse(std::string_view type, std::string_view why) const;

  const argument_list* list_;
  std::size_t index_;
};

// Keeps its arguments encoded: those by position, then those by name, each in the order in which they came.
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

  // --- to gather; what cannot be encoded throws what its adaptor throws, and is not added

  // gate::value stands for any type.
  template <class T> void add(const T& given) {
    const std::size_t begin = positional_.size();
    append(positional_, begin, given);
    positions_.push_back({begin, begin, positional_.size()});
  }
  // For the parameter of that name. See named() of gate/named_value.hpp for what the worker must know.
  template <class T> void add_named(std::string_view name, const T& given) {
    const std::size_t begin = named_.size();
    encode_to(named_, name);
    const std::size_t value = named_.size();
    append(named_, begin, given);
    names_.push_back({value - name.size(), value, named_.size()});
  }

  // Keeps the place of a HugeData, which is given to Method::apply() beside this list. A call takes one.
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

  // The argument at that place, those by name behind those by position; or of that name. Throws
  // Error(errc::invalid_argument) when there is none: "argument 3 is missing", "argument 'item' is missing".
  argument operator[](std::size_t index) const;
  argument operator[](std::string_view name) const;
  // Empty when no argument has that name.
  std::optional<argument> find(std::string_view name) const noexcept;
  bool contains(std::string_view name) const noexcept { return find(name).has_value(); }

  iterator begin() const noexcept { return {*this, 0}; }
  iterator end() const noexcept { return {*this, size()}; }

  // Copies: Python's args and kwargs. Throw Error(errc::invalid_argument) for one that is nested too deep.
  std::vector<value> positional() const;
  std::map<std::string, value> named() const;

  // As a request carries them: a list, or with names [list, {name: value}].
  std::string encoded() const;

 private:
  friend class argument;
  friend class detail::argument_intake;

  // Where the text of its name begins, its value, and what follows that.
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
  // Of a list that a method takes.
  std::string method_;      // "calculator.log(level: string, *args, **kwargs): "
  std::size_t before_ = 0;  // how many parameters stand before it
  bool strict_ = false;
};

namespace detail {

// "argument 2 must be int32, got string", from what a decoder said of it.
std::string misfit_text(const std::string& label, std::string_view type, std::string_view why);

}  // namespace detail

}  // namespace gate
