// The client: client["service"]["method"](arguments...) calls a method of a worker.
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

// The type that a typed method's call has: a stream for Stream<T>, what as<R>() returns for anything else.
template <class R> struct typed_result {
  using type = decltype(std::declval<PendingCall>().template as<R>());
  static type of(PendingCall call) { return std::move(call).template as<R>(); }
};
template <class T> struct typed_result<Stream<T>> {
  using type = Stream<T>;
  static type of(PendingCall call) { return std::move(call).template stream<T>(); }
};

}  // namespace detail

// A method of a service, by name. Call it with any arguments. Cheap to copy and thread-safe. See Client for what a call
// does after the client is closed.
class Method {
 public:
  Method(detail::core_ptr core, std::string service, std::string method)
      : target_(std::make_shared<const detail::call_target>(
            detail::call_target{std::move(core), std::move(service), std::move(method)})) {}

  // Encodes the arguments at once, so they need not outlive this line. A generator or async_generator becomes a stream
  // of items, and a HugeData travels in chunks. A call takes at most one of these three; pass it with std::move. Throws
  // what an adaptor throws for a value that cannot be encoded (gate/adaptors.hpp).
  template <class... A> basic_call<(detail::safe_argument<A> && ...)> operator()(A&&... arguments) const {
    return basic_call<(detail::safe_argument<A> && ...)>(detail::make_request(target_, std::forward<A>(arguments)...));
  }
  // Calls with arguments that were gathered at run time.
  PendingCall apply(const argument_list& arguments) const {
    detail::call_request request(target_);
    request.arguments = arguments.encoded();
    request.named = arguments.has_named();
    return PendingCall(std::move(request));
  }
  // The same with a HugeData. Mark its place in the list with argument_list::add_huge().
  PendingCall apply(const argument_list& arguments, HugeData data) const {
    detail::call_request request(target_);
    request.arguments = arguments.encoded();
    request.named = arguments.has_named();
    request.huge.emplace(std::move(data));
    return PendingCall(std::move(request));
  }
  // Calls with arguments that are encoded already and may be larger than the memory here. `arguments` holds the bytes
  // that argument_list::encoded() would return, `named` the value of has_named(). The worker collects them in memory,
  // up to its huge_value_bytes_max. If the worker's dialect has no chunks, the call ends as `unsupported`.
  PendingCall apply_encoded(HugeData arguments, bool named) const {
    detail::call_request request(target_);
    request.named = named;
    request.huge.emplace(std::move(arguments));
    request.content = huge_content::value;
    return PendingCall(std::move(request));
  }

 private:
  detail::target_ptr target_;
};

template <class Signature> class TypedMethod {
  static_assert(std::is_function_v<Signature>, "gate: method<...>() takes a signature: method<int(int, int)>(\"add\")");
};

// A method with the types of its arguments and its result, so that the compiler checks each call:
//
//   auto add = client["calculator"].method<int(int, int)>("add");
//   int sum = co_await add(2, 3);
//
// A call returns a PendingResult<R>; if the result is a Stream<T>, it returns the stream. To set options use call(),
// which returns the PendingCall. Thread-safe, like Method.
template <class R, class... A> class TypedMethod<R(A...)> {
  template <class... B>
  static constexpr bool fits = requires(void (*f)(in<A>...), B&&... b) { f(std::forward<B>(b)...); };

 public:
  explicit TypedMethod(Method method) : method_(std::move(method)) {}
  typename detail::typed_result<R>::type operator()(in<A>... arguments) const {
    return detail::typed_result<R>::of(method_(given(arguments)...));
  }
  PendingCall call(in<A>... arguments) const { return method_(given(arguments)...); }
  // Chosen for arguments that do not fit: the error is one sentence.
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

// A service, by name. It need not exist yet. Cheap to copy and thread-safe.
class Service {
 public:
  Service(detail::core_ptr core, std::string service) : core_(std::move(core)), service_(std::move(service)) {}
  // A method of this service. Makes no call, so it does not notice a name that does not exist: the call ends as
  // `no_method`.
  Method operator[](std::string_view method) const { return Method(core_, service_, std::string(method)); }
  // The same with the types of the method: service.method<int(int, int)>("add").
  template <class Signature> TypedMethod<Signature> method(std::string_view name) const {
    return TypedMethod<Signature>((*this)[name]);
  }

 private:
  detail::core_ptr core_;
  std::string service_;
};

// A connection to a broker. It connects when it is made, and connects again by itself whenever the connection ends.
//
//   gate::Client client("tcp://127.0.0.1:5555");
//   int sum = co_await client["calculator"]["add"](2, 3).as<int>();
//
// Copies share one connection. The last copy that is destroyed closes it, as close() does. Then calls in flight end as
// `cancelled`. A Service, Method or PendingCall may outlive the client; a call through it ends as `cancelled` too.
//
// Thread-safe, and so are a Service and a Method. An await resumes on the loop of the awaiting coroutine.
//
// After fork() the child has neither the connection nor its threads. In the child, a call through a Client of the
// parent ends at once as `unavailable` with retry_class::never, and destroying that Client does nothing. Make a new
// Client in the child. Loops and thread pools made before fork() belong to the parent too.
class Client {
 public:
  // Both constructors return without waiting for the broker. They throw Error(errc::invalid_argument) if
  // options.endpoint cannot be parsed.

  // Lives on a loop with a thread of its own. Throws std::system_error if the process has no descriptor or thread left.
  explicit Client(client_options options = {});
  // Lives on your loop: an await on that loop changes no thread. The loop must outlive the client and everything made
  // from it. Destroy the last copy on the loop's thread, or after the loop has stopped.
  Client(loop& where, client_options options);

  Service operator[](std::string_view service) const;
  // A method of client_options::service, the default service: client.method("add")(2, 3) is client.add(2, 3) in Python.
  Method method(std::string_view name) const;
  template <class Signature> TypedMethod<Signature> method(std::string_view name) const {
    return TypedMethod<Signature>(method(name));
  }

  // Waits until the broker has welcomed this client. Not needed before a call. Throws Error(errc::unavailable) after
  // connect_timeout, Error with the broker's reason if the broker refuses the client, and Error(errc::cancelled) if the
  // client is closed.
  task<void> ready() const;
  // The time of one round trip to the broker. Throws what any call throws.
  task<duration> ping() const;
  // Ends all calls as `cancelled` and leaves the broker. Any thread may call it. Calling it again does nothing.
  void close() const;

  // The loop on which the client lives.
  loop& where() const noexcept;

 private:
  class handle;
  std::shared_ptr<handle> handle_;
};

}  // namespace gate
