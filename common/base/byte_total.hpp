// The total of the bytes that many holders have waiting, with a limit. Each holder has a limit too, but there may be
// many holders.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include <gate/assert.hpp>

namespace gate {

// One thread, except for the lent bytes: these may be given back on any thread, even after this object is destroyed.
class byte_total {
 public:
  explicit byte_total(std::size_t most = SIZE_MAX) noexcept : most_(most) {}
  byte_total(const byte_total&) = delete;
  byte_total& operator=(const byte_total&) = delete;

  void add(std::size_t more) noexcept { waiting_ += more; }
  void remove(std::size_t gone) noexcept {
    GATE_ASSERT(gone <= waiting_);
    waiting_ -= gone;
  }
  // Bytes that the transport has taken and not sent yet.
  using lent_bytes = std::atomic<std::size_t>;
  const std::shared_ptr<lent_bytes>& lent() const noexcept { return lent_; }

  std::size_t bytes() const noexcept { return waiting_ + lent_->load(std::memory_order_relaxed); }
  std::size_t most() const noexcept { return most_; }
  bool is_exceeded() const noexcept { return bytes() > most_; }
  bool has_room_for(std::size_t more) const noexcept {
    const std::size_t now = bytes();
    return now <= most_ && more <= most_ - now;
  }

 private:
  std::size_t most_;
  std::size_t waiting_ = 0;
  std::shared_ptr<lent_bytes> lent_ = std::make_shared<lent_bytes>(0);
};

// The part of such a total that one holder has added.
class byte_share {
 public:
  explicit byte_share(byte_total* of = nullptr) noexcept : of_(of) {}
  byte_share(byte_share&& other) noexcept : of_(other.of_), bytes_(std::exchange(other.bytes_, 0)) {}
  byte_share& operator=(byte_share&&) = delete;
  ~byte_share() { set(0); }

  void set(std::size_t now) noexcept {
    if (of_ == nullptr || now == bytes_) return;
    if (now > bytes_) of_->add(now - bytes_);
    if (now < bytes_) of_->remove(bytes_ - now);
    bytes_ = now;
  }
  const byte_total* of() const noexcept { return of_; }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  byte_total* of_;
  std::size_t bytes_ = 0;
};

}  // namespace gate
