#include "common/link/pulse.hpp"

#include <algorithm>

namespace gate::peer {
namespace {

using namespace std::chrono_literals;

// Pings, their answers and the transport's own bytes are fewer than this between two looks.
constexpr std::uint64_t message_bytes_min = 512;

// The times between two looks at a quiet connection.
constexpr auto step_max = 250ms, step_min = 5ms;

duration step_of(const pulse_options& options) noexcept {
  return std::clamp<duration>(options.timeout / 8, step_min, step_max);
}

}  // namespace

pulse::pulse(const pulse_options& options, instant now) noexcept
    : options_(options),
      heard_at_(now),
      sign_at_(now),
      dead_at_(now + options.ping_interval + options.timeout),
      due_(now + step_of(options)) {}

void pulse::alive(instant at, duration further) noexcept {
  sign_at_ = std::max(sign_at_, at);
  dead_at_ = std::max<instant>(dead_at_, at + further);
}

pulse::change pulse::look(const path_sample& seen, instant now) noexcept {
  // If this look is late by half an interval, this process stood still. That time is not the peer's silence.
  if (const duration late = now - due_; late >= options_.ping_interval / 2) {
    dead_at_ = std::min<instant>(dead_at_ + late, now + options_.ping_interval + options_.timeout);
  }
  change since;
  if (last_ && seen.counted) {
    since.message_arrives = seen.received >= last_->received + message_bytes_min;
    since.bytes_leave = seen.acknowledged > last_->acknowledged;
    since.toward_answer = answer_ != 0 && is_toward_answer(seen);
  } else if (last_) {
    since.bytes_leave = is_read(seen);
    since.toward_answer = answer_ != 0 && is_read_toward_answer(seen);
  }
  if (seen.unread > 0) alive(now, options_.ping_interval + options_.timeout);
  const bool takes = seen.counted ? look_at_counted(seen, now) : look_at_uncounted(seen);
  if (takes) alive(now, options_.timeout);
  last_ = seen;
  widest_ = std::max(widest_, seen.window);
  const bool quiet = !seen.counted || now - heard_at_ >= options_.ping_interval;
  due_ = now + (quiet ? step_of(options_) : std::max<duration>(options_.ping_interval, step_of(options_)));
  return since;
}

bool pulse::look_at_counted(const path_sample& seen, instant now) noexcept {
  if (seen.received_at > heard_at_) {
    heard_at_ = std::min(seen.received_at, now);
    ping_at_.reset();
    alive(heard_at_, options_.ping_interval + options_.timeout);
  }
  bool takes = false;
  if (last_) {
    const bool is_ahead_of_ping = !ping_at_ || last_->acknowledged < *ping_at_;
    const bool acknowledges = seen.acknowledged > last_->acknowledged && last_->outstanding > 0;
    const bool reads = seen.acknowledged + seen.window > last_->acknowledged + last_->window;
    takes = (acknowledges && is_ahead_of_ping) || (reads && !options_.speaks_by_itself && has_backlog());
  }
  const bool ping_is_due = now - heard_at_ >= options_.ping_interval;
  // The socket must take more in two looks in a row: it also does so for a moment before the transport gives it more.
  const bool takes_more = ping_is_due && seen.writable;
  if (!ping_at_ && ping_is_due && ((takes_more && took_more_) || options_.speaks_by_itself)) {
    ping_at_ = seen.acknowledged + seen.outstanding;
  }
  took_more_ = takes_more;
  return takes;
}

void pulse::awaits(std::uint64_t answer) noexcept {
  if (answer == answer_) return;
  answer_ = answer;
  question_at_.reset();
  took_question_ = false;
}

// Acknowledgements of bytes that were sent after the question do not show that the question is being read.
bool pulse::is_toward_answer(const path_sample& seen) noexcept {
  const bool acknowledges = seen.acknowledged > last_->acknowledged && last_->outstanding > 0;
  const bool is_ahead = !question_at_ || last_->acknowledged < *question_at_;
  if (!question_at_ && seen.writable && took_question_) question_at_ = seen.acknowledged + seen.outstanding;
  took_question_ = seen.writable;
  return acknowledges && is_ahead;
}

// Counts at most the bytes that lay there with the question as read before it.
bool pulse::is_read_toward_answer(const path_sample& seen) noexcept {
  const bool is_ahead = is_read(seen) && question_at_ != 0u;
  if (question_at_) {
    const std::uint64_t fell = last_->outstanding - std::min(last_->outstanding, seen.outstanding);
    question_at_ = std::min(*question_at_ - std::min(*question_at_, fell), seen.outstanding);
  } else if (seen.writable && took_question_) {
    question_at_ = seen.outstanding;
  }
  took_question_ = seen.writable;
  return is_ahead;
}

// Whether the peer has not read all that its kernel holds. With an empty buffer the window is as large as ever, except
// for bytes that are just passing through.
bool pulse::has_backlog() const noexcept { return last_->window < widest_ - widest_ / 16; }

bool pulse::look_at_uncounted(const path_sample& seen) const noexcept {
  return seen.outstanding == 0 || !last_ || is_read(seen);
}

// Unread bytes stay on our side. If their number falls, the peer has read some. If it rises, we have written more: that
// shows nothing, except when the kernel took no more before. Then the peer must have read some.
bool pulse::is_read(const path_sample& seen) const noexcept {
  return seen.outstanding < last_->outstanding || (!last_->writable && seen.outstanding != last_->outstanding);
}

}  // namespace gate::peer
