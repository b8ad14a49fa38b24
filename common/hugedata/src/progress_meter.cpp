#include "common/hugedata/src/progress_meter.hpp"

#include <chrono>
#include <utility>

namespace gate::huge {

progress_meter::progress_meter(std::uint64_t start, instant now, progress_function tell)
    : tell_(std::move(tell)), marks_{{now, start}}, told_(now) {}

void progress_meter::moved(std::uint64_t bytes, std::optional<std::uint64_t> total, instant now) {
  if (tell_ && now - told_ >= interval) report(bytes, total, now);
}

void progress_meter::ended(std::uint64_t bytes, std::optional<std::uint64_t> total, instant now) {
  if (tell_) report(bytes, total, now);
}

void progress_meter::report(std::uint64_t bytes, std::optional<std::uint64_t> total, instant now) {
  told_ = now;
  while (marks_.size() > 1 && now - marks_[1].when >= memory) marks_.pop_front();
  huge_progress p;
  p.bytes = bytes;
  p.total = total;
  const double seconds = std::chrono::duration<double>(now - marks_.front().when).count();
  if (seconds > 0) p.rate = static_cast<double>(bytes - marks_.front().bytes) / seconds;
  if (total && p.rate > 0 && bytes <= *total) {
    const std::chrono::duration<double> left(static_cast<double>(*total - bytes) / p.rate);
    // If the rate is almost 0, the estimate would overflow the duration.
    constexpr std::chrono::duration<double> longest = std::chrono::hours(24 * 365);
    p.estimate = std::chrono::duration_cast<duration>(left < longest ? left : longest);
  }
  marks_.push_back({now, bytes});
  tell_(p);
}

}  // namespace gate::huge
