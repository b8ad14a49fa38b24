// Counts the bytes that libzmq has taken for one peer and not sent yet. libzmq itself limits the number of messages
// only. Each may be large, so a peer that does not read could make it hold gigabytes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include <zmq.hpp>

#include <gate/clock.hpp>
#include <gate/protocol.hpp>

#include "common/base/byte_total.hpp"

namespace gate::broker {

class lent_payloads {
 public:
  explicit lent_payloads(const byte_total& all) : counts_(std::make_shared<counts>(all.lent())) {}

  // Bytes that the transport has and has neither sent nor dropped. Up to uncounted_max bytes of short frames are
  // missing here.
  std::size_t bytes() const noexcept { return counts_->bytes.load(std::memory_order_relaxed); }
  // How long the peer has taken none of them; zero if there are none.
  duration stands_still(instant now) const noexcept {
    if (bytes() == 0) return duration::zero();
    return now - instant(duration(counts_->moved_at.load(std::memory_order_relaxed)));
  }

  // The same bytes as a message that is counted until libzmq frees it. That happens on a thread of libzmq, and may
  // happen after this object is gone.
  zmq::message_t lend(zmq::message_t payload) {
    const std::size_t size = payload.size();
    auto lent = std::make_unique<loan>(std::move(payload), counts_, size);
    take(size);
    zmq::message_t counted(lent->payload.data(), size, give_back_loan, lent.get());
    static_cast<void>(lent.release());
    return counted;
  }

  // Whether a frame of that size is to be sent by copy(), which counts it. Counting a short frame costs more than
  // sending it. So only some are counted, and each stands for the short ones before it.
  bool is_due(std::size_t size) noexcept {
    uncounted_ += size + frame_cost_bytes;
    return uncounted_ >= uncounted_max;
  }
  // Call this for the frame for which is_due() returned true.
  zmq::message_t copy(bytes_view raw) {
    const std::size_t size = std::exchange(uncounted_, 0);
    void* const room = ::operator new(sizeof(copied) + raw.size());
    char* const data = static_cast<char*>(room) + sizeof(copied);
    std::memcpy(data, raw.data(), raw.size());
    auto* const head = ::new (room) copied{counts_, size};
    take(size);
    try {
      return zmq::message_t(data, raw.size(), give_back_copy, head);
    } catch (...) {
      give_back_copy(data, head);
      throw;
    }
  }

  static constexpr std::size_t uncounted_max = 4096;

 private:
  static constexpr std::size_t frame_cost_bytes = 64;  // of each frame in libzmq

  struct counts {
    explicit counts(std::shared_ptr<byte_total::lent_bytes> sum) : all(std::move(sum)) {}
    std::atomic<std::size_t> bytes{0};
    std::atomic<duration::rep> moved_at{0};
    std::shared_ptr<byte_total::lent_bytes> all;
  };
  struct loan {
    loan(zmq::message_t&& what, std::shared_ptr<counts> where, std::size_t size)
        : payload(std::move(what)), of(std::move(where)), bytes(size) {}
    zmq::message_t payload;
    std::shared_ptr<counts> of;
    std::size_t bytes;
  };
  struct alignas(std::max_align_t) copied {
    std::shared_ptr<counts> of;
    std::size_t bytes;
  };

  static duration::rep time_now() noexcept { return std::chrono::steady_clock::now().time_since_epoch().count(); }

  void take(std::size_t size) noexcept {
    if (counts_->bytes.fetch_add(size, std::memory_order_relaxed) == 0) {
      counts_->moved_at.store(time_now(), std::memory_order_relaxed);
    }
    counts_->all->fetch_add(size, std::memory_order_relaxed);
  }
  static void give_back(counts& to, std::size_t size) noexcept {
    to.bytes.fetch_sub(size, std::memory_order_relaxed);
    to.all->fetch_sub(size, std::memory_order_relaxed);
    to.moved_at.store(time_now(), std::memory_order_relaxed);
  }
  static void give_back_loan(void*, void* hint) {
    const std::unique_ptr<loan> lent(static_cast<loan*>(hint));
    give_back(*lent->of, lent->bytes);
  }
  static void give_back_copy(void*, void* hint) {
    auto* const head = static_cast<copied*>(hint);
    give_back(*head->of, head->bytes);
    head->~copied();
    ::operator delete(hint);
  }

  std::shared_ptr<counts> counts_;
  std::size_t uncounted_ = 0;
};

}  // namespace gate::broker
