#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include <poll.h>

#include <gate/clock.hpp>
#include <gate/poller.hpp>

#include "common/async/descriptor_wait.hpp"
#include "common/base/process_generation.hpp"

namespace gate::detail {

// Waits for ZeroMQ sockets and descriptors. Unlike zmq_poll, it does not ask a socket again that was idle and was not
// used since (see poller::watched). zmq_poll asks each socket twice a wait: in a program with many connections this
// would be most of the work.
class zmq_poller final : public poller {
 public:
  // `waits` does the waiting. If null, it has a descriptor of its own.
  explicit zmq_poller(const clock_source& clock, std::unique_ptr<descriptor_wait> waits = nullptr);
  ~zmq_poller() override;

  void wait(std::optional<instant> until) override;
  void wake() noexcept override { waits_->wake(); }
  void add(watched& item) override;
  void remove(watched& item) noexcept override;

 private:
  int timeout_ms(std::optional<instant> until) const noexcept;
  void compact();
  bool look();
  bool poll_once(int timeout);
  void call_back();
  void start_anew();

  const clock_source& clock_;
  made_in_process made_;
  std::unique_ptr<descriptor_wait> waits_;
  std::vector<watched*> watched_;  // null: removed; erased before the next wait
  bool holes_ = false;
  // For the wait that is running: the descriptors to poll, the place of each in watched_, and the places that are
  // ready.
  std::vector<pollfd> descriptors_;
  std::vector<std::size_t> polled_;
  std::vector<std::size_t> ready_;
};

}  // namespace gate::detail
