#include "tests/sim/world.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <utility>

namespace gate::sim {

std::uint64_t random_source::next() noexcept {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

duration random_source::between(duration low, duration high) noexcept {
  return low + duration(static_cast<std::int64_t>(below(static_cast<std::uint64_t>((high - low).count()) + 1)));
}

duration random_source::about(duration mean) noexcept {
  const duration base = between(duration::zero(), mean);
  return percent(10) ? base * 8 : base;
}

void world::at(instant when, std::function<void()> what) {
  heap_.push_back({std::max(when, now_), sequence_++, std::move(what)});
  std::push_heap(heap_.begin(), heap_.end(), later{});
}

void world::run_until(instant end) {
  while (!failed() && !heap_.empty() && heap_.front().at <= end) {
    std::pop_heap(heap_.begin(), heap_.end(), later{});
    const event e = std::move(heap_.back());
    heap_.pop_back();
    at_this_instant_ = e.at == now_ ? at_this_instant_ + 1 : 0;
    if (at_this_instant_ > 100'000) return fail("time stands still: something is due again and again");
    now_ = e.at;
    ++events_;
    e.what();
  }
  if (!failed()) now_ = std::max(now_, end);
}

void world::mix(std::string_view raw) noexcept {
  while (raw.size() >= 8) {
    std::uint64_t word = 0;
    for (unsigned i = 0; i < 8; ++i) word |= std::uint64_t{static_cast<unsigned char>(raw[i])} << (8 * i);
    mix(word);
    hash_ ^= hash_ >> 29;
    raw.remove_prefix(8);
  }
  for (const char c : raw) mix(static_cast<unsigned char>(c));
}

std::string time_text(instant t) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(t - instant(std::chrono::hours(1))).count();
  char text[48];
  std::snprintf(text, sizeof text, "%4" PRId64 ".%06" PRId64 " s", std::int64_t{us / 1'000'000},
                std::int64_t{us % 1'000'000});
  return text;
}

void world::say(std::string_view who, std::string_view what) const {
  if (!readable_) return;
  std::printf("%s  %-4.*s %.*s\n", time_text(now_).c_str(), static_cast<int>(who.size()), who.data(),
              static_cast<int>(what.size()), what.data());
}

void world::fail(std::string why) {
  if (failed()) return;
  failure_ = std::move(why);
  say("!!!", failure_);
}

}  // namespace gate::sim
