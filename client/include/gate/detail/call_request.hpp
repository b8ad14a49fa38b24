// A call that has not begun: client["service"]["method"](arguments...) makes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <gate/argument_list.hpp>
#include <gate/assert.hpp>
#include <gate/async_generator.hpp>
#include <gate/call_options.hpp>
#include <gate/generator.hpp>
#include <gate/huge_data.hpp>
#include <gate/loop.hpp>
#include <gate/protocol.hpp>
#include <gate/task.hpp>
#include <gate/value.hpp>

namespace gate::detail {

class client_core;
using core_ptr = std::shared_ptr<client_core>;

// The loop that blocking calls run on. Throws Error(errc::invalid_argument) on that loop's own thread, where waiting
// would never end.
loop& loop_to_wait_for(const core_ptr& core);

// The items of a client stream, encoded one by one. It runs on the loop of the caller.
class sent_items {
 public:
  sent_items() = default;
  sent_items(const sent_items&) = delete;
  sent_items& operator=(const sent_items&) = delete;
  virtual ~sent_items() = default;
  // Appends the next item. Returns false at the end.
  virtual task<bool> next(std::string& into) = 0;
};

template <class T> class async_sent_items final : public sent_items {
 public:
  explicit async_sent_items(async_generator<T> items) : items_(std::move(items)) {}
  task<bool> next(std::string& into) override {
    auto item = co_await items_.next();
    if (item) encode_to(into, *item);
    co_return item.has_value();
  }

 private:
  async_generator<T> items_;
};

template <class T> class plain_sent_items final : public sent_items {
 public:
  explicit plain_sent_items(generator<T> items) : items_(std::move(items)) {}
  task<bool> next(std::string& into) override {
    auto item = items_.next();
    if (item) encode_to(into, *item);
    co_return item.has_value();
  }

 private:
  generator<T> items_;
};

// The kind of argument that a type is.
struct plain_argument {
  static constexpr bool is_named = false, is_stream = false, is_huge = false;
};
template <class T> struct argument_kind : plain_argument {};
template <class T, bool Unnamed> struct argument_kind<named_argument<T, Unnamed>> : plain_argument {
  static constexpr bool is_named = true;
  static constexpr bool is_huge = std::is_same_v<T, HugeData>;
};
template <> struct argument_kind<HugeData> : plain_argument {
  static constexpr bool is_huge = true;
};
template <class T> struct argument_kind<generator<T>> : plain_argument {
  static constexpr bool is_stream = true;
  static std::unique_ptr<sent_items> source(generator<T>&& items) {
    return std::make_unique<plain_sent_items<T>>(std::move(items));
  }
};
template <class T> struct argument_kind<async_generator<T>> : plain_argument {
  static constexpr bool is_stream = true;
  static std::unique_ptr<sent_items> source(async_generator<T>&& items) {
    return std::make_unique<async_sent_items<T>>(std::move(items));
  }
};
template <class A> using kind_of_argument = argument_kind<std::remove_cvref_t<A>>;

// What calls of one method have in common. A Method and its calls share it.
struct call_target {
  core_ptr core;
  std::string service, method;
};
using target_ptr = std::shared_ptr<const call_target>;

struct call_request {
  explicit call_request(target_ptr of) noexcept : target(std::move(of)) {}

  const core_ptr& core() const noexcept { return target->core; }
  // Asserts that the call was neither moved from nor awaited before.
  void is_awaited() noexcept { GATE_ASSERT(target != nullptr && !std::exchange(awaited, true)); }

  target_ptr target;
  std::string arguments;  // encoded
  bool named = false;     // they are [positional, {name: value}]
  bool awaited = false;
  call_options options;
  std::unique_ptr<sent_items> items;         // of a client stream
  std::optional<HugeData> huge;              // the argument that travels in chunks; `arguments` marks its place
  huge_content content = huge_content::raw;  // value: `huge` holds all arguments, encoded; `arguments` is empty

  // A copy of the call, to make it again. Not for a call with a client stream or a HugeData: those are used up.
  call_request again() const;
};

// Whether structs in the answer are read strictly.
bool is_strict(const call_request& request) noexcept;

inline void append_huge_argument(call_request& request, HugeData&& data) {
  request.arguments.append(huge_placeholder);
  request.huge.emplace(std::move(data));
}

template <class A> void encode_argument(std::string& out, const A& argument) {
  // nullptr would convert to a null pointer of characters.
  if constexpr (std::is_convertible_v<const A&, std::string_view> && !std::is_null_pointer_v<A>) {
    encode_to(out, std::string_view(argument));
  } else if constexpr (std::is_same_v<std::remove_cv_t<A>, argument_list>) {
    static_assert(!sizeof(A*), "gate: a gate::argument_list is all arguments of a call: method.apply(list)");
  } else if constexpr (!encodable<std::remove_cv_t<A>>) {
    static_assert(!sizeof(A*), "gate: this argument " GATE_CANNOT_TRAVEL);
  } else {
    encode_to(out, argument);
  }
}

template <class... A> call_request make_request(target_ptr target, A&&... arguments) {
  constexpr std::size_t streams = (std::size_t{0} + ... + (kind_of_argument<A>::is_stream ? 1 : 0));
  constexpr std::size_t names = (std::size_t{0} + ... + (kind_of_argument<A>::is_named ? 1 : 0));
  constexpr std::size_t huge = (std::size_t{0} + ... + (kind_of_argument<A>::is_huge ? 1 : 0));
  static_assert(streams <= 1, "a call takes one stream of items");
  static_assert(huge <= 1, "a call takes one HugeData");
  static_assert(huge == 0 || streams == 0, "a call takes a HugeData or a stream of items, not both");
  call_request request(std::move(target));
  std::string& out = request.arguments;
  if constexpr (names > 0) append_list_header(out, 2);
  append_list_header(out, static_cast<std::uint32_t>(sizeof...(A) - streams - names));
  [[maybe_unused]] const auto positional = [&out, &request]<class T>(T&& argument) {
    using kind = kind_of_argument<T>;
    if constexpr (kind::is_stream) {
      static_assert(!std::is_lvalue_reference_v<T>, "a generator is given away: pass it with std::move");
      request.items = kind::source(std::forward<T>(argument));
    } else if constexpr (kind::is_huge && !kind::is_named) {
      static_assert(!std::is_lvalue_reference_v<T>, "a HugeData is given away: pass it with std::move");
      append_huge_argument(request, std::forward<T>(argument));
    } else if constexpr (!kind::is_named) {
      encode_argument(out, argument);
    }
  };
  (positional(std::forward<A>(arguments)), ...);
  if constexpr (names > 0) {
    append_map_header(out, static_cast<std::uint32_t>(names));
    const auto with_name = [&out, &request]<class T>(T&& argument) {
      using kind = kind_of_argument<T>;
      if constexpr (kind::is_named) encode_to(out, argument.name());
      if constexpr (kind::is_named && kind::is_huge) {
        static_assert(!std::is_lvalue_reference_v<T>, "a HugeData is given away: pass it with std::move");
        append_huge_argument(request, std::move(argument).value());
      } else if constexpr (kind::is_named) {
        encode_argument(out, argument.value());
      }
    };
    (with_name(std::forward<A>(arguments)), ...);
    request.named = true;
  }
  return request;
}

}  // namespace gate::detail
