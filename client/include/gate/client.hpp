// The caller's end: client["service"]["method"](arguments...).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <gate/argument_list.hpp>
#include <gate/client_options.hpp>
#include <gate/clock.hpp>
#include <gate/huge_data.hpp>
#include <gate/loop.hpp>
#include <gate/named_value.hpp>
#include <gate/pending_call.hpp>
#include <gate/task.hpp>

namespace gate {

namespace detail {

// The type that a typed method's call has: a stream for Stream<T>, a task for anything else.
template <class R> struct typed_result {
  using type = task<R>;
  static type of(PendingCall call) { return std::move(call).template as<R>(); }
};
template <class T> struct typed_result<Stream<T>> {
  using type = Stream<T>;
  static type of(PendingCall call) { return std::move(call).template stream<T>(); }
};

}  // namespace detail

// A method of a service, by name: call it with any arguments. A cheap copy, thread-safe; see Client for its lifetime.
class Method {
 public:
  Method(detail::core_ptr core, std::string service, std::string method)
      : core_(std::move(core)), service_(std::move(service)), method_(std::move(method)) {}

  // The arguments are encoded here; a generator or async_generator among them becomes a stream of items to the method,
  // and a HugeData travels in chunks. A call takes one of these, and is given it by std::move.
  template <class... A> basic_call<(detail::safe_argument<A> && ...)> operator()(A&&... arguments) const {
    return {core_, detail::make_request(service_, method_, std::forward<A>(arguments)...)};
  }
  // With arguments that were gathered at run time.
  PendingCall apply(const argument_list& arguments) const {
    detail::call_request request(service_, method_);
    request.arguments = arguments.encoded();
    request.named = arguments.has_named();
    return PendingCall(core_, std::move(request));
  }
  // The same with a HugeData, in the place that the list keeps for it: argument_list::add_huge().
  PendingCall apply(const argument_list& arguments, HugeData data) const {
    detail::call_request request(service_, method_);
    request.arguments = arguments.encoded();
    request.named = arguments.has_named();
    request.huge.emplace(std::move(data));
    return PendingCall(core_, std::move(request));
  }
  // With arguments that are encoded already and need not fit into memory here: what argument_list::encoded() would
  // give; `named` is what has_named() would. The worker collects them, up to its huge_value_bytes_max. A worker whose
  // dialect knows no chunks is not given them: the call ends as `unsupported`.
  PendingCall apply_encoded(HugeData arguments, bool named) const {
    detail::call_request request(service_, method_);
    request.named = named;
    request.huge.emplace(std::move(arguments));
    request.content = huge_content::value;
    return PendingCall(core_, std::move(request));
  }

 private:
  detail::core_ptr core_;
  std::string service_, method_;
};

template <class Signature> class TypedMethod {
  static_assert(std::is_function_v<Signature>, "gate: method<...>() takes a signature: method<int(int, int)>(\"add\")");
};

// A method whose types are known: `auto add = client["calculator"].method<int(int, int)>("add"); co_await add(2, 3);`
// With Stream<T> as its result a call gives the stream. For options use call(), which gives the PendingCall.
template <class R, class... A> class TypedMethod<R(A...)> {
  template <class... B>
  static constexpr bool fits = requires(void (*f)(in<A>...), B&&... b) { f(std::forward<B>(b)...); };

 public:
  explicit TypedMethod(Method method) : method_(std::move(method)) {}
  typename detail::typed_result<R>::type operator()(in<A>... arguments) const {
    return detail::typed_result<R>::of(method_(given(arguments)...));
  }
  PendingCall call(in<A>... arguments) const { return method_(given(arguments)...); }
  // For arguments that do not fit: a sentence instead of the compiler's.
  template <class... B>
    requires(!fits<B...>)
  typename detail::typed_result<R>::type operator()(B&&... arguments) const {
    return detail::typed_result<R>::of(call(std::forward<B>(arguments)...));
  }
  template <class... B>
    requires(!fits<B...>)
  PendingCall call(B&&...) const {
    static_assert(sizeof...(B) == sizeof...(A),
                  "gate: a call of a typed method has as many arguments as its signature");
    static_assert(sizeof...(B) != sizeof...(A) || fits<B...>,
                  "gate: an argument of this call does not convert to the type in the method's signature");
    return method_();
  }

 private:
  template <class T> static T&& given(T& value) noexcept { return std::move(value); }
  template <class T> static const T& given(name_of<T>& named) noexcept { return named.get(); }

  Method method_;
};

// A service, by name. Need not exist yet. A cheap copy, thread-safe.
class Service {
 public:
  Service(detail::core_ptr core, std::string service) : core_(std::move(core)), service_(std::move(service)) {}
  Method operator[](std::string_view method) const { return Method(core_, service_, std::string(method)); }
  template <class Signature> TypedMethod<Signature> method(std::string_view name) const {
    return TypedMethod<Signature>((*this)[name]);
  }

 private:
  detail::core_ptr core_;
  std::string service_;
};

// A connection to a broker, kept up by itself: it connects when it is made, and again whenever the connection ends.
//
//   gate::Client client("tcp://127.0.0.1:5555");
//   int sum = co_await client["calculator"]["add"](2, 3).as<int>();
//
// Copies share the connection; when the last one is gone (or close() is called) it is closed, what is in flight ends
// with errc::cancelled, and what is called later through a Service, Method or PendingCall that is still around ends
// with errc::unavailable. Thread-safe, like all that is made from it: an await resumes on the loop of the awaiting
// coroutine.
//
// After fork() the child has neither the connection nor the threads behind it: a call through a Client that was made
// before ends at once with errc::unavailable and retry_class::never, and its destruction does nothing. A Client that is
// made in the child works. Loops and thread pools that were made before fork() stay the parent's too.
class Client {
 public:
  // With a loop on a thread of its own.
  explicit Client(client_options options = {});
  // On the caller's loop: awaits from there hop to no other thread. The loop outlives the client and all that is made
  // from it; the last copy is destroyed on the loop's thread, or when the loop does not run any more.
  Client(loop& where, client_options options);

  Service operator[](std::string_view service) const;
  // A method of client_options::service, the default service: Python's client.add(2, 3) is client.method("add")(2, 3).
  Method method(std::string_view name) const;
  template <class Signature> TypedMethod<Signature> method(std::string_view name) const {
    return TypedMethod<Signature>(method(name));
  }

  // Waits until the broker has welcomed us. Throws Error(errc::unavailable) after connect_timeout, or with the broker's
  // reason when it refuses us.
  task<void> ready() const;
  // The time of one round trip to the broker. Throws Error.
  task<duration> ping() const;
  // Ends all calls as cancelled and takes leave of the broker. Does nothing the second time.
  void close() const;

  // The loop on which the client lives.
  loop& where() const noexcept;

 private:
  class handle;
  std::shared_ptr<handle> handle_;
};

}  // namespace gate
