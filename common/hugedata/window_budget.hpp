// Limits the windows of all transfers over one connection. If no reader reads, the bytes that all windows together
// allow are in memory somewhere on the way.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include <gate/limits.hpp>

namespace gate::huge {

// Gives the first transfers the whole window, and later ones less and less, but never less than one chunk. One thread.
class window_budget {
 public:
  // The share of a transfer, until the lease is destroyed. A lease may outlive the budget.
  class lease {
   public:
    lease() noexcept = default;
    lease(lease&& other) noexcept : used_(std::move(other.used_)), bytes_(std::exchange(other.bytes_, 0)) {}
    lease& operator=(lease&& other) noexcept {
      std::swap(used_, other.used_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~lease() {
      if (used_) *used_ -= bytes_;
    }
    std::uint32_t bytes() const noexcept { return bytes_; }

   private:
    friend class window_budget;
    lease(std::shared_ptr<std::uint64_t> used, std::uint32_t bytes) : used_(std::move(used)), bytes_(bytes) {
      *used_ += bytes_;
    }
    std::shared_ptr<std::uint64_t> used_;
    std::uint32_t bytes_ = 0;
  };

  // `each`: the largest share of one transfer.
  explicit window_budget(std::uint32_t each, std::uint64_t all = limits::huge_windows_bytes)
      : each_(each), all_(all), used_(std::make_shared<std::uint64_t>(0)) {}

  lease take() {
    const std::uint64_t half_of_rest = *used_ < all_ ? (all_ - *used_) / 2 : 0;
    const auto least = std::min<std::uint64_t>(each_, limits::huge_chunk_bytes);
    return lease(used_, static_cast<std::uint32_t>(std::clamp<std::uint64_t>(half_of_rest, least, each_)));
  }
  std::uint64_t used() const noexcept { return *used_; }

 private:
  std::uint32_t each_;
  std::uint64_t all_;
  std::shared_ptr<std::uint64_t> used_;
};

}  // namespace gate::huge
