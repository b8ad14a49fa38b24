// Payloads that travel as frames of their own and that libzmq still holds for one peer. Its high-water mark counts
// messages, of which each may have such a payload: a peer that does not read could make it hold gigabytes.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include <zmq.hpp>

namespace gate::broker {

class lent_payloads {
 public:
  // Octets given to the transport that have neither left nor been dropped yet.
  std::size_t bytes() const noexcept { return bytes_ ? bytes_->load(std::memory_order_relaxed) : 0; }

  // The same octets, as a message that is counted until libzmq lets go of it. That happens on a thread of libzmq's, and
  // maybe after the peer and this object are gone.
  zmq::message_t lend(zmq::message_t payload) {
    if (!bytes_) bytes_ = std::make_shared<std::atomic<std::size_t>>(0);
    auto lent = std::make_unique<loan>(std::move(payload), bytes_);
    zmq::message_t counted(lent->payload.data(), lent->payload.size(), give_back, lent.get());
    bytes_->fetch_add(counted.size(), std::memory_order_relaxed);
    static_cast<void>(lent.release());
    return counted;
  }

 private:
  struct loan {
    loan(zmq::message_t&& what, std::shared_ptr<std::atomic<std::size_t>> where)
        : payload(std::move(what)), bytes(std::move(where)) {}
    zmq::message_t payload;
    std::shared_ptr<std::atomic<std::size_t>> bytes;
  };

  static void give_back(void*, void* hint) {
    const std::unique_ptr<loan> lent(static_cast<loan*>(hint));
    lent->bytes->fetch_sub(lent->payload.size(), std::memory_order_relaxed);
  }

  std::shared_ptr<std::atomic<std::size_t>> bytes_;
};

}  // namespace gate::broker
