#include "common/hugedata/src/receiver.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <gate/assert.hpp>

#include "common/base/text_memory.hpp"
#include "common/hugedata/chunk.hpp"

namespace gate::huge {

receiver::receiver(loop& where, inlet::events& told, receive_bounds bounds, thread_pool* pool)
    : where_(where),
      bounds_(std::move(bounds)),
      pool_(pool),
      told_(&told),
      bell_(mutex_),
      flow_(bounds_.window_bytes) {}

// --- the runtime's thread

bool receiver::begin(const huge::head& h) {
  const std::lock_guard locked(mutex_);
  head_ = h;
  plain_bytes_ = h.offset;
  if (h.offset > bounds_.bytes_max || (h.total && *h.total > bounds_.bytes_max)) {
    return refuse(errc::too_large, "the transfer is larger than is taken");
  }
  if (h.total && *h.total < h.offset) return refuse(errc::data_loss, "the transfer begins behind its end");
  if (h.encoding == payload_encoding::plain) return true;
  if (!whole_stream(h.encoding)) return refuse(errc::protocol_error, "the transfer has an unknown encoding");
  if (h.offset != 0) return refuse(errc::protocol_error, "a compressed stream cannot begin in its middle");
  decoder_ = make_stream_decoder(h.encoding);
  return true;
}

std::uint32_t receiver::first_credit() noexcept {
  const std::lock_guard locked(mutex_);
  return flow_.open(where_.now());
}

bool receiver::part(const arrived_chunk& arrived) {
  const std::lock_guard locked(mutex_);
  if (over() || ended_) return false;
  flow_.arrived(arrived.payload.size(), where_.now());
  // The credit may be exceeded by one chunk, and compression may have made that chunk a little larger.
  const std::uint64_t wire_max = bounds_.chunk_bytes_max + bounds_.chunk_bytes_max / 128 + 1024;
  if (arrived.payload.size() > wire_max) return refuse(errc::too_large, "a chunk is larger than is taken");
  held_wire_bytes_ += arrived.payload.size();
  if (held_wire_bytes_ > bounds_.window_bytes + wire_max) {
    return refuse(errc::protocol_error, "more of the transfer came than was asked for");
  }
  wire_bytes_ += arrived.payload.size();
  if (!(streamed() ? admit_stream(arrived) : admit_chunk(arrived))) return false;
  pump();
  return true;
}

bool receiver::admit_chunk(const arrived_chunk& arrived) {
  const auto plain = plain_bytes_of(arrived.payload, arrived.encoding, bounds_.chunk_bytes_max);
  if (!plain) return refuse(plain.error().code, plain.error().text);
  if (!arrived.offset || !arrived.checksum) {
    return refuse(errc::protocol_error, "a chunk does not say where it belongs, or its sum");
  }
  if (*arrived.offset != plain_bytes_) return refuse(errc::data_loss, "a chunk is missing, or came twice");
  if (!admit_total(*plain, wire_bytes_)) return false;
  chunk& next = chunks_.emplace_back();
  next.payload = arrived.payload;
  next.wire_bytes = arrived.payload.size();
  next.plain_bytes = *plain;
  next.checksum = *arrived.checksum;
  next.encoding = arrived.encoding;
  return true;
}

bool receiver::admit_stream(const arrived_chunk& arrived) {
  if (arrived.payload.empty()) {
    consumed(1, 0);
    return true;
  }
  if (stream_ended_) return refuse(errc::data_loss, "something follows the compressed stream");
  input_.emplace_back(arrived.payload);
  return true;
}

// Counts this many more bytes. The declared size was compared with the bounds at the beginning; here the bytes that
// come are compared with the declared size.
bool receiver::admit_total(std::uint64_t plain_bytes, std::uint64_t wire_bytes) {
  if (plain_bytes > limits::huge_bytes_max - plain_bytes_) {
    return refuse(errc::too_large, "the transfer is larger than is taken");
  }
  plain_bytes_ += plain_bytes;
  if (head_.total) {
    return plain_bytes_ <= *head_.total || refuse(errc::data_loss, "the transfer is larger than it was said to be");
  }
  if (plain_bytes_ > bounds_.bytes_max) return refuse(errc::too_large, "the transfer is larger than is taken");
  const std::uint64_t grown = plain_bytes_ - head_.offset;
  const bool bomb = bounds_.ratio_max != 0 && grown > limits::huge_ratio_free_bytes &&
                    (grown - limits::huge_ratio_free_bytes) / bounds_.ratio_max > wire_bytes;
  return !bomb || refuse(errc::too_large, "the transfer grows more by decompression than is taken");
}

bool receiver::end(std::optional<std::uint64_t> total) {
  const std::lock_guard locked(mutex_);
  if (over() || ended_) return false;
  ended_ = true;
  final_total_ = total;
  if (!streamed()) {
    // A compressed stream marks its own end; chunks do not.
    if (!total) return refuse(errc::data_loss, "the transfer ended without its total: whether all came is not known");
    const bool whole = *total == plain_bytes_ && head_.total.value_or(plain_bytes_) == plain_bytes_;
    if (!whole) return refuse(errc::data_loss, "the transfer ended before all of it came");
  } else if (!decoding_) {
    settle_stream();
    if (failure_) return false;
  }
  bell_.ring(shared_from_this());
  return true;
}

void receiver::fail(std::exception_ptr why) {
  const std::lock_guard locked(mutex_);
  if (over() || ended_) return;
  ended_ = true;
  refuse(std::move(why));
}

void receiver::detach() noexcept {
  {
    const std::lock_guard locked(mutex_);
    if (!over() && !ended_) {
      ended_ = true;
      refuse(errc::data_loss, "the transfer broke off");
    }
    attached_ = false;
  }
  told_ = nullptr;
}

// --- to whom it concerns

bool receiver::refuse(errc code, std::string_view text) {
  return refuse(std::make_exception_ptr(Error(code, std::string(text))));
}

bool receiver::refuse(std::exception_ptr why) {
  if (failure_ == nullptr) failure_ = std::move(why);
  tell_abandoned();
  bell_.ring(shared_from_this());
  return false;
}

void receiver::tell_abandoned() {
  if (ended_ || !attached_ || std::exchange(told_abandoned_, true)) return;
  where_.post([self = shared_from_this()] {
    if (self->told_ != nullptr) self->told_->abandoned();
  });
}

void receiver::consumed(std::uint32_t items, std::size_t byte_count) {
  held_wire_bytes_ -= byte_count;
  consumed_items_ += items;
  consumed_bytes_ += static_cast<std::uint32_t>(byte_count);
  // Grants credit often, in small amounts: bytes that are granted at once arrive at once, and other messages to this
  // process wait behind them.
  if (consumed_items_ < (bounds_.window_items + 15) / 16 && consumed_bytes_ < (flow_.bytes() + 15) / 16) return;
  const std::uint32_t credit_bytes = flow_.read(std::exchange(consumed_bytes_, 0));
  if (credit_bytes == 0 && consumed_items_ < (bounds_.window_items + 15) / 16) return;
  const std::uint32_t credit_items = std::exchange(consumed_items_, 0);
  if (ended_ || !attached_ || over()) return;
  where_.post([self = shared_from_this(), credit_items, credit_bytes] {
    if (self->told_ != nullptr) self->told_->consumed(credit_items, credit_bytes);
  });
}

// --- decoding

// Gives the pool the work that can be done now. If the pool refuses, the reader does the work when it gets there.
void receiver::pump() {
  if (pool_ == nullptr || closed_) return;
  if (streamed()) {
    if (decoding_ || !stream_wants_work()) return;
    decoding_ = pool_->submit([self = shared_from_this()] {
      std::unique_lock locked(self->mutex_);
      self->decode_stream(locked);
      self->decoding_ = false;
      self->pump();
      self->bell_.ring(self);
    });
    return;
  }
  const std::size_t ahead = std::min(bounds_.chunks_ahead, chunks_.size());
  for (std::size_t i = 0; i < ahead; ++i) {
    chunk& next = chunks_[i];
    if (next.now != chunk::state::waiting) continue;
    const bool taken = pool_->submit([self = shared_from_this(), &next] {
      std::unique_lock locked(self->mutex_);
      self->decode(next, locked);
      self->bell_.ring(self);
    });
    if (!taken) return;
    next.now = chunk::state::decoding;
  }
}

// Call it with the mutex locked. It is unlocked during the work itself.
void receiver::decode(chunk& next, std::unique_lock<std::mutex>& locked) {
  next.now = chunk::state::decoding;
  if (closed_) return;
  std::string payload = std::move(next.payload);
  locked.unlock();
  std::exception_ptr why;
  std::string raw;
  try {
    auto decoded = decode_chunk(std::move(payload), next.encoding, next.plain_bytes, next.checksum);
    if (decoded) {
      raw = std::move(*decoded);
    } else {
      why = std::make_exception_ptr(Error(decoded.error().code, std::string(decoded.error().text)));
    }
  } catch (...) {
    why = std::current_exception();
  }
  locked.lock();
  if (why) {
    next.failure = why;
    next.now = chunk::state::failed;
    refuse(std::move(why));
    return;
  }
  next.payload = std::move(raw);
  next.now = chunk::state::ready;
}

bool receiver::stream_wants_work() const noexcept {
  return !stream_ended_ && !closed_ && !stream_starved() && output_.size() < bounds_.chunks_ahead;
}

// Call it with the mutex locked and decoding_ set: one thread at a time. The mutex is unlocked during the work itself.
void receiver::decode_stream(std::unique_lock<std::mutex>& locked) {
  try {
    while (stream_wants_work()) stream_step(locked);
  } catch (...) {
    if (!locked.owns_lock()) locked.lock();
    stream_ended_ = true;
    refuse(std::current_exception());
  }
  settle_stream();
}

void receiver::stream_step(std::unique_lock<std::mutex>& locked) {
  const bool with_input = !input_.empty();
  std::string piece = with_input ? std::move(input_.front()) : std::string();
  locked.unlock();
  bytes_view in = bytes_view(piece).substr(input_used_);
  const std::size_t given = in.size();
  std::string out;
  const stream_decoder::state s = decoder_->decode(in, out, limits::huge_chunk_bytes);
  locked.lock();
  const std::size_t left = in.size();
  decoded_wire_bytes_ += given - left;
  more_output_ = s == stream_decoder::state::full;
  if (with_input && left == 0) {
    input_used_ = 0;
    input_.pop_front();
    consumed(1, piece.size());
  } else if (with_input) {
    input_used_ = piece.size() - left;
    input_.front() = std::move(piece);
  }
  if (!out.empty() && !admit_total(out.size(), decoded_wire_bytes_)) {
    stream_ended_ = true;
    return;
  }
  if (!out.empty()) {
    const bool joins = !output_.empty() && output_.back().size() + out.size() <= limits::huge_chunk_bytes;
    if (joins) {
      output_.back() += out;
    } else {
      output_.push_back(std::move(out));
    }
    bell_.ring(shared_from_this());
  }
  if (s == stream_decoder::state::ended) {
    stream_ended_ = true;
    if (!input_.empty()) refuse(errc::data_loss, "something follows the compressed stream");
  } else if (s == stream_decoder::state::damaged) {
    stream_ended_ = true;
    refuse(errc::data_loss, "the compressed stream is damaged");
  } else if (s == stream_decoder::state::too_large) {
    stream_ended_ = true;
    refuse(errc::too_large, "the compressed stream takes more memory than it is given");
  }
}

// Checks whether the bytes that arrived are all of the transfer.
void receiver::settle_stream() {
  if (!ended_ || failure_) return;
  if (!stream_ended_) {
    if (stream_starved()) refuse(errc::data_loss, "the compressed stream ended before all of it came");
    return;
  }
  const bool whole =
      final_total_.value_or(plain_bytes_) == plain_bytes_ && head_.total.value_or(plain_bytes_) == plain_bytes_;
  if (!whole) refuse(errc::data_loss, "the transfer ended before all of it came");
}

// --- the reader's thread

bool receiver::available() {
  std::unique_lock locked(mutex_);
  bell_.heard();
  return streamed() ? stream_available(locked) : chunk_available(locked);
}

bool receiver::chunk_available(std::unique_lock<std::mutex>& locked) {
  if (chunks_.empty()) return failure_ || ended_;
  chunk& first = chunks_.front();
  if (first.now == chunk::state::waiting) decode(first, locked);
  return first.now != chunk::state::decoding;
}

bool receiver::stream_available(std::unique_lock<std::mutex>& locked) {
  if (output_.empty() && !decoding_ && stream_wants_work()) {
    decoding_ = true;
    decode_stream(locked);
    decoding_ = false;
  }
  if (!output_.empty()) return true;
  if (decoding_) return false;
  return failure_ || (ended_ && stream_ended_);
}

std::optional<std::string> receiver::take() {
  const std::lock_guard locked(mutex_);
  std::optional<std::string> raw;
  if (!chunks_.empty() && chunks_.front().now == chunk::state::failed) failure_ = chunks_.front().failure;
  if (!chunks_.empty() && chunks_.front().now == chunk::state::ready) {
    raw.emplace(std::move(chunks_.front().payload));
    const std::size_t wire_bytes = chunks_.front().wire_bytes;
    chunks_.pop_front();
    consumed(1, wire_bytes);
    pump();
  } else if (!output_.empty()) {
    raw.emplace(std::move(output_.front()));
    output_.pop_front();
    pump();
  } else if (failure_) {
    std::rethrow_exception(failure_);
  }
  return raw;
}

void receiver::drop() noexcept {
  const std::lock_guard locked(mutex_);
  if (std::exchange(closed_, true)) return;
  tell_abandoned();
  // Data that a thread is working on must stay until it is done.
  for (chunk& c : chunks_) {
    if (c.now != chunk::state::decoding) free_memory(c.payload);
  }
  output_.clear();
  if (!decoding_) input_.clear();
}

bool receiver::on_its_own_thread() const {
  const std::lock_guard locked(mutex_);
  return attached_ && where_.in_loop_thread();
}

}  // namespace gate::huge
