#pragma once

#include <cstddef>
#include <functional>
#include <new>
#include <type_traits>
#include <utility>

#include <gate/assert.hpp>

namespace gate {

// A move-only function object: std::function for callables that cannot be copied (std::move_only_function is C++23). It
// allocates only if the callable is larger than inline_bytes, or may throw when it is moved. Calling an empty one
// aborts the process. Not thread-safe.
template <class Signature> class unique_function;

template <class R, class... A> class unique_function<R(A...)> {
 public:
  static constexpr std::size_t inline_bytes = 6 * sizeof(void*);

  unique_function() noexcept = default;
  unique_function(std::nullptr_t) noexcept {}  // NOLINT: as std::function

  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, unique_function> &&
             std::is_invocable_r_v<R, std::decay_t<F>&, A...>)
  unique_function(F&& f) {  // NOLINT: implicit, as std::function
    using held = std::decay_t<F>;
    if constexpr (fits<held>) {
      ::new (static_cast<void*>(storage_)) held(std::forward<F>(f));
      operations_ = &inline_operations<held>;
    } else {
      ::new (static_cast<void*>(storage_)) held*(new held(std::forward<F>(f)));
      operations_ = &heap_operations<held>;
    }
  }

  unique_function(unique_function&& other) noexcept { take(other); }
  unique_function& operator=(unique_function&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~unique_function() { reset(); }

  explicit operator bool() const noexcept { return operations_ != nullptr; }

  R operator()(A... arguments) {
    GATE_ASSERT(operations_ != nullptr);
    return operations_->call(storage_, std::forward<A>(arguments)...);
  }

 private:
  struct operations {
    R (*call)(void*, A&&...);
    void (*move)(void* from, void* to) noexcept;
    void (*destroy)(void*) noexcept;
  };

  template <class F>
  static constexpr bool fits =
      sizeof(F) <= inline_bytes && alignof(F) <= alignof(std::max_align_t) && std::is_nothrow_move_constructible_v<F>;

  template <class F> static F& in_place(void* p) noexcept { return *std::launder(static_cast<F*>(p)); }

  template <class F> static R invoke(F& f, A&&... arguments) {
    if constexpr (std::is_void_v<R>) {
      std::invoke(f, std::forward<A>(arguments)...);
    } else {
      return std::invoke(f, std::forward<A>(arguments)...);
    }
  }

  template <class F>
  static constexpr operations inline_operations{
      [](void* p, A&&... a) -> R { return invoke(in_place<F>(p), std::forward<A>(a)...); },
      [](void* from, void* to) noexcept {
        ::new (to) F(std::move(in_place<F>(from)));
        in_place<F>(from).~F();
      },
      [](void* p) noexcept { in_place<F>(p).~F(); }};

  template <class F>
  static constexpr operations heap_operations{
      [](void* p, A&&... a) -> R { return invoke(*in_place<F*>(p), std::forward<A>(a)...); },
      [](void* from, void* to) noexcept { ::new (to) F*(in_place<F*>(from)); },
      [](void* p) noexcept { delete in_place<F*>(p); }};

  void take(unique_function& other) noexcept {
    if (other.operations_ == nullptr) return;
    other.operations_->move(other.storage_, storage_);
    operations_ = std::exchange(other.operations_, nullptr);
  }
  void reset() noexcept {
    if (const operations* held = std::exchange(operations_, nullptr)) held->destroy(storage_);
  }

  alignas(std::max_align_t) std::byte storage_[inline_bytes];
  const operations* operations_ = nullptr;
};

}  // namespace gate
