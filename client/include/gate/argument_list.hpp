#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <gate/value.hpp>

namespace gate {

namespace detail {
// Stands for a HugeData in a list of arguments: docs/protocol.md, "Huge payloads".
inline constexpr std::string_view huge_placeholder("\xc7\x00\x48", 3);
}  // namespace detail

// The arguments of a call whose number and types are known only at run time, as of a command or a bridge:
//
//   gate::argument_list arguments;
//   arguments.add(2);
//   arguments.add_named("b", 3);
//   co_await client["calculator"]["add"].apply(arguments);
//
// Encodes what it is given; gate::value stands for any type.
class argument_list {
 public:
  template <class T> void add(const T& argument) {
    encode_to(positional_, argument);
    ++positional_count_;
  }
  // For the parameter of that name. See named() for what the worker must know.
  template <class T> void add_named(std::string_view name, const T& argument) {
    encode_to(named_, name);
    encode_to(named_, argument);
    ++named_count_;
  }

  // Keeps the place of a HugeData, which is given to Method::apply() beside this list. A call takes one.
  void add_huge() {
    positional_ += detail::huge_placeholder;
    ++positional_count_;
  }
  void add_named_huge(std::string_view name) {
    encode_to(named_, name);
    named_ += detail::huge_placeholder;
    ++named_count_;
  }

  bool has_named() const noexcept { return named_count_ != 0; }
  // As a request carries them: a list, or with names [list, {name: value}].
  std::string encoded() const {
    std::string all;
    if (has_named()) append_list_header(all, 2);
    append_list_header(all, positional_count_);
    all += positional_;
    if (has_named()) {
      append_map_header(all, named_count_);
      all += named_;
    }
    return all;
  }

 private:
  std::string positional_, named_;
  std::uint32_t positional_count_ = 0, named_count_ = 0;
};

}  // namespace gate
