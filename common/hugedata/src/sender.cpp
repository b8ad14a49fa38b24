#include "common/hugedata/src/sender.hpp"

#include <algorithm>
#include <utility>

#include <gate/assert.hpp>
#include <gate/error.hpp>

#include "common/async/background.hpp"

namespace gate::huge {

namespace {

// The size that gate-rpc peers send at a time, and so a size that they certainly take.
constexpr std::size_t stream_part_bytes = 32u << 10;

chunk_options options_of(const huge_options& how, const head& h) {
  chunk_options o;
  o.compress = how.compression == huge_compression::automatic;
  o.level = std::clamp(how.level.value_or(limits::huge_zstd_level), -7, 19);
  o.window_log = how.window_log ? std::clamp(*how.window_log, 10, 20) : 0;
  // Without a declared size the receiver judges by the ratio. A chunk of zeros alone must not look like a decompression
  // bomb.
  o.ratio_max = h.total ? 0 : limits::huge_ratio_max;
  return o;
}

chunk_options with_bits(chunk_options o, const send_options& options) {
  o.compress = o.compress && (options.accept & payload_encoding::zstd) != 0;
  return o;
}

}  // namespace

sender::sender(const huge_options& how, const send_options& options, const head& h, thread_pool* pool)
    : pool_(pool),
      chunk_(with_bits(options_of(how, h), options)),
      chunk_bytes_(std::clamp(how.chunk_bytes, std::size_t{4} << 10, limits::huge_chunk_bytes_max)),
      ahead_(std::max<std::size_t>(1, options.chunks_ahead)),
      stream_encoding_(h.encoding),
      total_(h.total),
      bell_(mutex_) {
  if (whole_stream(h.encoding)) encoder_ = make_stream_encoder(h.encoding, how.level);
}

void sender::pump() {
  if (pool_ == nullptr || !reads()) return;
  const std::lock_guard locked(mutex_);
  if (reading_ || read_all_ || failure_ || slots_.size() >= ahead_) return;
  reading_ = pool_->submit([self = shared_from_this()] { self->make_one(); });
}

// Runs in a thread of the pool, or on the loop if there is no pool or it is full. reading_ is set for this caller. Once
// the bytes of a chunk are read, the next job may read while this one compresses. A compressed stream is made in one
// go.
void sender::make_one() {
  detail::huge_piece piece;
  std::exception_ptr why;
  try {
    piece = source_->source().read(chunk_bytes_);
  } catch (...) {
    why = std::current_exception();
  }
  give_way();
  std::unique_lock locked(mutex_);
  if (why && !failure_) failure_ = std::move(why);
  slot* const next = begin_slot(std::move(piece));
  if (next == nullptr || !feeds_in_order()) reading_ = false;
  locked.unlock();
  if (next == nullptr) return;
  if (feeds_in_order()) {
    encode(*next);
    locked.lock();
    reading_ = false;
    locked.unlock();
    pump();
  } else {
    pump();
    encode(*next);
  }
}

// Call it with the mutex locked, with the bytes that were read, or with none at the end. Returns null if the transfer
// has failed.
sender::slot* sender::begin_slot(detail::huge_piece piece) {
  const std::size_t bytes = piece.bytes().size();
  read_ += bytes;
  read_all_ = bytes == 0;
  const bool wrong = total_ && (read_ > *total_ || (read_all_ && read_ != *total_));
  if (wrong && !failure_) {
    failure_ = std::make_exception_ptr(Error(errc::failed, "the source does not have as many bytes as it was said to"));
  }
  if (failure_) {
    bell_.ring(shared_from_this());
    return nullptr;
  }
  slot& next = slots_.emplace_back();
  next.piece = std::move(piece);
  next.offset = read_ - bytes;
  next.plain_bytes = bytes;
  return &next;
}

void sender::encode(slot& at) noexcept {
  std::deque<leaving_chunk> made;
  std::exception_ptr why;
  try {
    if (feeds_in_order()) {
      encode_stream(made, at.piece.bytes());
    } else if (at.plain_bytes != 0) {
      made.push_back(encode_chunk(std::move(at.piece), at.offset, chunk_));
    }
  } catch (...) {
    why = std::current_exception();
  }
  const std::lock_guard locked(mutex_);
  at.piece = {};
  at.made = std::move(made);
  at.failure = std::move(why);
  at.ready = true;
  bell_.ring(shared_from_this());
}

void sender::encode_stream(std::deque<leaving_chunk>& made, bytes_view raw) {
  std::string out;
  encoder_->encode(raw, raw.empty(), out);
  for (std::size_t from = 0; from < out.size(); from += stream_part_bytes) {
    leaving_chunk& part = made.emplace_back();
    part.payload = out.substr(from, stream_part_bytes);
    part.encoding = stream_encoding_;
  }
}

bool sender::available() {
  std::unique_lock locked(mutex_);
  bell_.heard();
  for (;;) {
    drop_used();
    if (!slots_.empty()) return slots_.front().ready;
    if (failure_ || read_all_) return true;
    if (reading_ || !reads()) return false;
    reading_ = true;
    locked.unlock();
    make_one();
    locked.lock();
  }
}

// Removes the slots whose chunks were all taken, and those that made no chunk.
void sender::drop_used() {
  while (!slots_.empty()) {
    const slot& first = slots_.front();
    if (!first.ready || first.failure || !first.made.empty()) return;
    position_ += first.plain_bytes;
    slots_.pop_front();
  }
}

std::optional<leaving_chunk> sender::take() {
  std::optional<leaving_chunk> chunk;
  {
    const std::lock_guard locked(mutex_);
    if (!slots_.empty()) {
      slot& first = slots_.front();
      if (first.failure) std::rethrow_exception(first.failure);
      chunk.emplace(std::move(first.made.front()));
      first.made.pop_front();
      drop_used();
    } else if (failure_) {
      std::rethrow_exception(failure_);
    }
  }
  pump();
  return chunk;
}

bool sender::ready() const {
  const std::lock_guard locked(mutex_);
  return !slots_.empty() && slots_.front().ready && !slots_.front().made.empty();
}

bool sender::has_room() const {
  const std::lock_guard locked(mutex_);
  return slots_.size() < ahead_;
}

void sender::feed(std::string raw) {
  detail::huge_piece piece;
  piece.own = std::move(raw);
  std::unique_lock locked(mutex_);
  slot* const next = begin_slot(std::move(piece));
  locked.unlock();
  if (next == nullptr) return;
  const bool in_pool = !feeds_in_order() && pool_ != nullptr &&
                       pool_->submit([self = shared_from_this(), next] { self->encode(*next); });
  if (!in_pool) encode(*next);
}

void sender::fail(std::exception_ptr why) {
  const std::lock_guard locked(mutex_);
  if (!failure_) failure_ = std::move(why);
  bell_.ring(shared_from_this());
}

}  // namespace gate::huge
