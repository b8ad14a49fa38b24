// The adaptor of a method: decodes its arguments, calls it, and encodes its result. It is chosen at compile time from
// the type of the member function.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <cxxabi.h>

#include <gate/async_generator.hpp>
#include <gate/detail/arguments.hpp>
#include <gate/detail/method.hpp>
#include <gate/detail/running_call.hpp>
#include <gate/generator.hpp>
#include <gate/huge_data.hpp>
#include <gate/sleep.hpp>
#include <gate/task.hpp>
#include <gate/value.hpp>

namespace gate {
class Interface;
}

namespace gate::detail {

// --- what a member function's type says

template <class... A> struct types {};

template <class F> struct member_traits;
#define GATE_MEMBER_TRAITS(...)                                                              \
  template <class R, class C, class... A> struct member_traits<R (C::*)(A...) __VA_ARGS__> { \
    using result = R;                                                                        \
    using arguments = types<A...>;                                                           \
  };
GATE_MEMBER_TRAITS()
GATE_MEMBER_TRAITS(const)
GATE_MEMBER_TRAITS(&)
GATE_MEMBER_TRAITS(const&)
GATE_MEMBER_TRAITS(noexcept)
GATE_MEMBER_TRAITS(const noexcept)
GATE_MEMBER_TRAITS(& noexcept)
GATE_MEMBER_TRAITS(const& noexcept)
#undef GATE_MEMBER_TRAITS

enum class result_form { value, task, generator, async_generator };

template <class T> struct result_traits {
  static constexpr result_form form = result_form::value;
  using value = std::remove_cvref_t<T>;
};
template <class T> struct result_traits<task<T>> {
  static constexpr result_form form = result_form::task;
  using value = std::remove_cvref_t<T>;
};
template <class T> struct result_traits<generator<T>> {
  static constexpr result_form form = result_form::generator;
  using value = T;
};
template <class T> struct result_traits<async_generator<T>> {
  static constexpr result_form form = result_form::async_generator;
  using value = T;
};

// A parameter is decoded into a value, which the method takes by value or by constant reference.
template <class T>
inline constexpr bool fillable = !std::is_lvalue_reference_v<T> || std::is_const_v<std::remove_reference_t<T>>;
// Arguments that can be read only once are moved into the method.
template <class T> inline constexpr bool huge_by_value = !std::is_reference_v<T> || !is_huge<std::remove_cvref_t<T>>;

template <class T> struct stream_parameter : std::false_type {};
template <class T> struct stream_parameter<async_generator<T>> : std::true_type {
  using item = T;
};

// Separates the parameters that are decoded from the client's stream at the end.
template <class Decoded, class... Rest> struct sort_parameters;
template <class... D> struct sort_parameters<std::tuple<D...>> {
  using decoded = std::tuple<D...>;
  using item = void;
};
template <class... D, class Last>
  requires stream_parameter<std::remove_cvref_t<Last>>::value
struct sort_parameters<std::tuple<D...>, Last> {
  using decoded = std::tuple<D...>;
  using item = typename stream_parameter<std::remove_cvref_t<Last>>::item;
};
template <class... D, class Next, class... Rest>
struct sort_parameters<std::tuple<D...>, Next, Rest...>
    : sort_parameters<std::tuple<D..., std::remove_cvref_t<Next>>, Rest...> {
  static_assert(fillable<Next>, "a method's parameters are values or constant references");
  static_assert(huge_by_value<Next>, "a method takes a HugeData by value");
  static_assert(!std::same_as<std::remove_cvref_t<Next>, Call>, "a gate::Call& is a method's first parameter");
  static_assert(!std::same_as<std::remove_cvref_t<Next>, argument_list> ||
                    (sizeof...(Rest) <= 1 && (stream_parameter<std::remove_cvref_t<Rest>>::value && ...)),
                "a gate::argument_list is a method's last parameter, but for a stream");
  static_assert(!stream_parameter<std::remove_cvref_t<Next>>::value,
                "an async_generator that streams from the caller is a method's last parameter");
  static_assert(!std::same_as<std::remove_cvref_t<Next>, std::string_view>,
                "a method takes text as std::string: a string_view would outlive what it points into");
};

template <class List> struct parameter_traits;
template <class... A> struct parameter_traits<types<A...>> : sort_parameters<std::tuple<>, A...> {
  static constexpr bool wants_call = false;
};
template <class... A> struct parameter_traits<types<Call&, A...>> : sort_parameters<std::tuple<>, A...> {
  static constexpr bool wants_call = true;
};

template <class Tuple> struct parameter_list;
template <class... A> struct parameter_list<std::tuple<A...>> {
  static constexpr bool rest = ends_in_rest<std::tuple<A...>>::value;
  static constexpr std::size_t count = sizeof...(A) - (rest ? 1 : 0);
  static constexpr std::size_t huge =
      (std::size_t{0} + ... + (is_huge<A> || std::is_same_v<A, std::optional<HugeData>> ? 1 : 0));
  // The caller may leave out std::optional parameters at the end.
  static constexpr std::size_t required() noexcept {
    constexpr bool optional[] = {optional_parameter<A>::value..., false};
    std::size_t n = count;
    while (n > 0 && optional[n - 1]) --n;
    return n;
  }
  static std::string type(std::size_t index) {
    std::string name;
    std::size_t i = 0;
    ((i++ == index ? void(name = type_name<A>()) : void()), ...);
    return name;
  }
};

// --- the client's stream, as the method sees it

template <class T> T decode_item(const running_call& call, bytes_view encoded) {
  const strict_reading strict(call.reads_strictly);
  try {
    return decode_as<T>(encoded, "item");
  } catch (const Error& e) {
    throw_bad_item(call, encoded, e.what());
  }
}

template <class T> async_generator<T> incoming_items(running_call& call) {
  std::string encoded;
  for (;;) {
    bool there = call.take_item(encoded);
    while (!there && !call.items_ended()) {
      co_await call.item_arrived();
      there = call.take_item(encoded);
    }
    if (!there) co_return;
    T item = decode_item<T>(call, encoded);
    if constexpr (risky_to_yield<T>) {
      co_yield item;
    } else {
      co_yield std::move(item);
    }
  }
}

// --- the adaptor

template <class Self, auto Method> class adaptor {
  using member = member_traits<decltype(Method)>;
  using returned = typename member::result;
  using result = result_traits<returned>;
  using value_type = typename result::value;
  using parameters = parameter_traits<typename member::arguments>;
  using arguments = typename parameters::decoded;
  using stream_item = typename parameters::item;
  using list = parameter_list<arguments>;
  static constexpr result_form form = result::form;
  static constexpr bool wants_call = parameters::wants_call;
  static constexpr bool client_stream = !std::is_void_v<stream_item>;

  static returned invoke(Self& self, running_call& call, arguments& held) {
    return std::apply(
        [&](auto&... each) -> returned {
          if constexpr (wants_call && client_stream) {
            return (self.*Method)(call, std::move(each)..., incoming_items<stream_item>(call));
          } else if constexpr (wants_call) {
            return (self.*Method)(call, std::move(each)...);
          } else if constexpr (client_stream) {
            return (self.*Method)(std::move(each)..., incoming_items<stream_item>(call));
          } else {
            return (self.*Method)(std::move(each)...);
          }
        },
        held);
  }

  // Runs `what`. If it throws, the call fails with that exception. The outer try catches what the destructor of an
  // exception throws.
  template <class F> static void guarded(running_call& call, const F& what) {
    try {
      try {
        what();
      } catch (abi::__forced_unwind&) {
        call.thread_ends();
        throw;
      } catch (...) {
        call.caught();
      }
    } catch (abi::__forced_unwind&) {
      throw;
    } catch (...) {
      call.caught();
    }
  }

  static void run_plain(Interface& target, running_call& call, bytes_view payload) {
    guarded(call, [&] {
      kept<arguments> held(decode_arguments<arguments>(call, payload));
      Self& self = static_cast<Self&>(target);
      if constexpr (std::is_void_v<value_type>) {
        invoke(self, call, held.get());
        call.output().assign(1, nil_byte);
      } else if constexpr (is_huge<value_type>) {
        call.answer_with(invoke(self, call, held.get()));
      } else {
        encode_to(call.output(), invoke(self, call, held.get()));
      }
      held.reset();
    });
  }

  static void run_coroutine(Interface& target, running_call& call, bytes_view payload) {
    bool begun = false;
    guarded(call, [&] {
      kept<arguments> held(decode_arguments<arguments>(call, payload));
      Self& self = static_cast<Self&>(target);
      if constexpr (form == result_form::task) {
        call_root root = unary(self, call, std::move(held));
        begun = true;
        call.launch(root);
      } else {
        call_root root = stream(self, call, std::move(held));
        begun = true;
        call.launch(root);
      }
    });
    if (!begun) call.end();
  }

  // Destroys everything of the method before end(), since the call may be reused after it.
  static call_root unary(Self& self, running_call& call, kept<arguments> given) {
    try {
      kept<arguments> own = std::move(given);
      arguments& held = own.get();
      if constexpr (std::is_void_v<value_type>) {
        co_await invoke(self, call, held);
        call.output().assign(1, nil_byte);
      } else if constexpr (is_huge<value_type>) {
        HugeData made = co_await invoke(self, call, held);
        call.answer_with(std::move(made));
      } else {
        decltype(auto) made = co_await invoke(self, call, held);
        encode_to(call.output(), made);
      }
      if (call.goes_in_chunks()) {
        task<void> sending = call.send_in_chunks();
        co_await std::move(sending);
      }
      own.reset();
    } catch (...) {
      call.caught();
    }
    call.end();
  }

  static call_root stream(Self& self, running_call& call, kept<arguments> given) {
    try {
      kept<arguments> own = std::move(given);
      arguments& held = own.get();
      auto items = invoke(self, call, held);
      while (auto item = co_await items.next()) {
        call.begin_item();
        encode_to(call.output(), *item);
        while (!call.can_send()) co_await call.sendable();
        call.send_item();
        const bool long_turn = call.should_yield();
        if (long_turn) co_await yield();
      }
    } catch (...) {
      call.caught();
    }
    call.end();
  }

  class source final : public item_source {
   public:
    source(Self& self, running_call& call, kept<arguments> held)
        : held_(std::move(held)), items_(invoke(self, call, held_.get())) {}
    bool pull(running_call& call) override {
      while (!call.batch_full()) {
        auto item = items_.next();
        if (!item) return false;
        encode_to(call.output(), *item);
        call.end_item_of_batch();
      }
      return true;
    }

   private:
    kept<arguments> held_;  // first: the generator may refer to them
    returned items_;
  };

  static std::unique_ptr<item_source> open_source(Interface& target, running_call& call, bytes_view payload) {
    std::unique_ptr<item_source> opened;
    guarded(call, [&] {
      kept<arguments> held(decode_arguments<arguments>(call, payload));
      opened = std::make_unique<source>(static_cast<Self&>(target), call, std::move(held));
    });
    return opened;
  }

  static std::string parameter_type(std::size_t index) {
    if constexpr (client_stream) {
      if (index == list::count) return "stream<" + std::string(type_name<stream_item>()) + ">";
    }
    return list::type(index);
  }
  static std::string result_type() { return std::string(type_name<value_type>()); }

  static constexpr char nil_byte = '\xc0';

  template <run_on Where> static constexpr method_shape make_shape() noexcept {
    constexpr bool is_coroutine = form == result_form::task || form == result_form::async_generator;
    constexpr bool is_stream = form == result_form::generator || form == result_form::async_generator;
    constexpr run_on where = Where != run_on::automatic ? Where : (is_coroutine ? run_on::loop : run_on::pool);
    static_assert(!is_coroutine || where == run_on::loop, "a coroutine method runs on the loop");
    static_assert(!client_stream || is_coroutine,
                  "a method that takes a stream awaits its items: it returns a task or an async_generator");
    static_assert(list::count <= parameters_max, "a method has too many parameters");
    static_assert(list::huge <= 1, "a method takes one HugeData");
    static_assert(list::huge == 0 || !client_stream, "a method takes a HugeData or a stream of items, not both");
    static_assert(!is_stream || !is_huge<value_type>, "a stream has no items that are HugeData");
    method_shape shape;
    shape.kind = is_stream ? method_kind::stream : method_kind::unary;
    shape.where = where;
    shape.wants_call = wants_call;
    shape.client_stream = client_stream;
    shape.huge_parameter = list::huge != 0;
    shape.takes_rest = list::rest;
    shape.parameters = list::count;
    shape.required = list::required();
    shape.parameter_type = &parameter_type;
    shape.result_type = &result_type;
    if constexpr (is_coroutine) {
      shape.form = method_form::coroutine;
      shape.run = &run_coroutine;
    } else if constexpr (is_stream) {
      shape.form = method_form::generator;
      shape.open = &open_source;
    } else {
      shape.form = method_form::plain;
      shape.run = &run_plain;
    }
    return shape;
  }

 public:
  template <run_on Where> static constexpr method_shape shape = make_shape<Where>();
};

// Picks one overload: Signature is "int(int) const".
template <class Signature, class Self> constexpr auto pick_overload(Signature Self::*member) noexcept { return member; }

}  // namespace gate::detail
