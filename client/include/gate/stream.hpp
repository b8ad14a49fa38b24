#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include <gate/assert.hpp>
#include <gate/detail/stream_core.hpp>
#include <gate/reply.hpp>
#include <gate/value.hpp>

namespace gate {

template <class T> class blocking_stream;

// The items of a call's answer, one by one as they arrive. The call begins with the first next().
//
//   auto lines = client["log_search"]["find"]("GPL").stream<match>();
//   while (auto line = co_await lines.next()) print(*line);
//
// The worker sends no more ahead of the reader than the window of the call (PendingCall::window()). A method that
// returns one value gives a stream of one item. Destroying a stream that has not ended cancels its call. Cancelling
// only a next() does not: call next() again.
//
// Use a stream on one loop, that of the first next(), and with one reader at a time. The loop must outlive the stream.
// Move-only; do not move it while a next() is awaited.
template <class T> class [[nodiscard]] Stream {
 public:
  using value_type = T;

  explicit Stream(detail::stream_ptr stream) noexcept : stream_(std::move(stream)) {}
  Stream(Stream&& other) noexcept : stream_(std::move(other.stream_)) {}
  Stream& operator=(Stream&& other) noexcept {
    if (this != &other) {
      cancel();
      stream_ = std::move(other.stream_);
    }
    return *this;
  }
  ~Stream() { cancel(); }

  class [[nodiscard]] awaiter final : public detail::stream_wait {
   public:
    using detail::stream_wait::stream_wait;
    std::optional<T> await_resume() {
      const std::optional<bytes_view> item = this->take();
      if (!item) return std::nullopt;
      return detail::decode_answer<T>(
          *item, this->strict(), [this](std::string_view type, std::string_view why) { this->refuse_item(type, why); });
    }
  };

  // The next item, or std::nullopt once the stream has ended. Throws
  //   - the Error of the call, after all items that came before it
  //   - Error(errc::invalid_argument, "shop.prices: item must be string, got float") if an item is not a T
  //   - `cancelled` if the awaiting coroutine is cancelled.
  awaiter next() noexcept {
    GATE_ASSERT(stream_ != nullptr);
    return awaiter(*stream_);
  }

  // Cancels the call now. Do not call next() after it.
  void cancel() noexcept {
    if (stream_ != nullptr) drop_stream(std::exchange(stream_, nullptr));
  }

  // For a thread without a loop: `for (auto& line : lines.blocking())`. Call it before any next().
  blocking_stream<T> blocking() && { return blocking_stream<T>(std::exchange(stream_, nullptr)); }
  blocking_stream<T> blocking() & { return std::move(*this).blocking(); }

 private:
  detail::stream_ptr stream_;
};

// A stream for a thread that waits: Stream::blocking() makes it. next() and the iterator throw what Stream::next()
// throws. On the thread of the client's loop they throw Error(errc::invalid_argument). One thread at a time.
template <class T> class [[nodiscard]] blocking_stream {
 public:
  using value_type = T;

  explicit blocking_stream(detail::stream_ptr stream) noexcept : stream_(std::move(stream)) {}
  blocking_stream(blocking_stream&& other) noexcept : stream_(std::move(other.stream_)) {}
  blocking_stream& operator=(blocking_stream&& other) noexcept {
    if (this != &other) {
      reset();
      stream_ = std::move(other.stream_);
    }
    return *this;
  }
  ~blocking_stream() { reset(); }

  // Waits for the next item; std::nullopt once the stream has ended.
  std::optional<T> next() {
    GATE_ASSERT(stream_ != nullptr);
    const std::optional<bytes_view> item = detail::take_blocking(*stream_);
    if (!item) return std::nullopt;
    const auto refuse = [this](std::string_view type, std::string_view why) {
      detail::refuse_item(*stream_, type, why);
    };
    return detail::decode_answer<T>(*item, detail::is_strict(*stream_), refuse);
  }

  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    explicit iterator(blocking_stream& source) : source_(&source), item_(source.next()) {}
    T& operator*() const noexcept { return *item_; }
    T* operator->() const noexcept { return &*item_; }
    iterator& operator++() {
      item_ = source_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& i, std::default_sentinel_t) noexcept { return !i.item_.has_value(); }

   private:
    blocking_stream* source_;
    mutable std::optional<T> item_;
  };
  iterator begin() { return iterator(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  void reset() noexcept {
    if (stream_ != nullptr) detail::drop_stream(std::exchange(stream_, nullptr));
  }
  detail::stream_ptr stream_;
};

}  // namespace gate
