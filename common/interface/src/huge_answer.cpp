// Sends results in chunks.
#include <algorithm>
#include <string>
#include <utility>

#include <gate/detail/running_call.hpp>
#include <gate/value.hpp>

#include "common/hugedata/bytes_value.hpp"
#include "common/hugedata/outlet.hpp"

namespace gate::detail {

namespace {

message head_of(call_id call, const huge::head& from) {
  message m;
  m.type = message_type::part;
  m.call = call;
  m.flags = message_flag::no_payload;
  m.content = from.content;
  m.encoding = from.encoding;
  m.total_bytes = from.total;
  m.etag = from.etag;
  m.offset = from.offset;
  return m;
}

}  // namespace

bool running_call::goes_in_chunks() const noexcept {
  if (failed()) return false;
  if (huge_result_) return true;
  // For a peer that reads one compressed stream only, a huge reply and a large value are different kinds of reply. It
  // gets a huge reply only if the value does not fit into one message.
  const bool apart = (accept_ & payload_encoding::zstd) == 0;
  const std::uint64_t plain_max =
      apart ? payload_bytes_max_ : std::min<std::uint64_t>(huge_.threshold, payload_bytes_max_);
  return accept_ != 0 && output_.size() > plain_max;
}

task<void> running_call::send_in_chunks() {
  in_transfer = true;
  if (one_way()) {
    huge_result_.reset();
    in_transfer = false;
    co_return;
  }
  const bool raw = huge_result_.has_value();
  HugeData data = raw ? std::move(*huge_result_) : HugeData::from_memory(std::move(output_));
  huge_result_.reset();
  output_.clear();
  if (accept_ == 0) {
    // The caller knows no chunks: data that fits is sent as a value.
    task<std::string> reading = data.to_memory(payload_bytes_max_ - std::min<std::uint64_t>(payload_bytes_max_, 8));
    const std::string all = co_await std::move(reading);
    append_bytes(output_, all);
    in_transfer = false;
    co_return;
  }
  huge::send_options options;
  options.accept = accept_;
  options.content = raw ? huge_content::raw : huge_content::value;
  if (raw && (accept_ & payload_encoding::zstd) == 0) {
    task<HugeData> wrapping = huge::as_value(std::move(data), huge_.value_bytes_max);
    HugeData wrapped = co_await std::move(wrapping);
    data = std::move(wrapped);
    options.content = huge_content::value;
  }
  huge::outlet out(std::move(data), options);
  if (resume_offset_) out.resume(*resume_offset_, resume_etag_);
  throw_if_cancelled();
  host_->send_part(*this, head_of(id(), out.head()));
  for (;;) {
    task<std::optional<huge::leaving_chunk>> next = out.next();
    const std::optional<huge::leaving_chunk> chunk = co_await std::move(next);
    if (!chunk) break;
    while (!can_send()) co_await sendable();
    throw_if_cancelled();
    host_->send_part(*this, huge::part_of(id(), *chunk));
  }
  sent_total_ = out.position();
}

namespace {

call_root transfer(running_call& call) {
  try {
    task<void> sending = call.send_in_chunks();
    co_await std::move(sending);
  } catch (...) {
    call.caught();
  }
  call.end();
}

}  // namespace

void running_call::send_result_in_chunks() { launch(transfer(*this)); }

}  // namespace gate::detail
