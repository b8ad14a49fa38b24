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

// The items of a call's answer, as they come. Lazy: the call begins with the first next().
//
//   auto lines = client["log_search"]["find"]("GPL").stream<match>();
//   while (auto line = co_await lines.next()) print(*line);
//
// The worker sends no further ahead than the call's window. A method that returns one value gives a stream of one item.
// Dropping a stream that has not ended cancels its call; cancelling a next() alone does not. Move-only, and not to be
// moved while a next() is awaited; one reader at a time, always on the loop of the first next(), which outlives the
// stream.
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

  // The next item; nothing at the end, and ever after. Throws Error with what the call failed with, after the items
  // that came before; Error(errc::invalid_argument, "shop.prices: item must be string, got float") when an item is not
  // a T; `cancelled`.
  awaiter next() noexcept {
    GATE_ASSERT(stream_ != nullptr);
    return awaiter(*stream_);
  }

  // Ends the call now; the stream is empty and cannot be read any more.
  void cancel() noexcept {
    if (stream_ != nullptr) drop_stream(std::exchange(stream_, nullptr));
  }

  // For a program without coroutines: `for (auto& line : lines.blocking())`. On any thread but the client's own.
  blocking_stream<T> blocking() && { return blocking_stream<T>(std::exchange(stream_, nullptr)); }
  blocking_stream<T> blocking() & { return std::move(*this).blocking(); }

 private:
  detail::stream_ptr stream_;
};

// A stream that is read by a thread which waits. Throws what Stream::next() throws.
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
