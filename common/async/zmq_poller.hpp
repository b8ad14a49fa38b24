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

// Waits for ZeroMQ sockets and descriptors: zmq_poll, but for the sockets that nobody used since they were last found
// idle, which need not be asked again (see poller::watched). zmq_poll asks each of them twice a wait, and a program of
// many connections does little else.
class zmq_poller final : public poller {
 public:
  // `waits` is how; nothing: with a descriptor of its own.
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
  std::vector<watched*> watched_;  // null: removed; compacted before the next wait
  bool holes_ = false;
  // Of the wait under way: what is polled, one for each of polled_, and what is ready.
  std::vector<pollfd> descriptors_;
  std::vector<std::size_t> polled_;  // places in watched_
  std::vector<std::size_t> ready_;
};

}  // namespace gate::detail
