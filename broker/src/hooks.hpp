// Passes on what the core tells its observer to the hooks of a Broker.
#pragma once

#include <cstdint>
#include <string_view>

#include <gate/broker.hpp>

#include "broker/core/core_output.hpp"
#include "common/base/exception_text.hpp"
#include "common/log/log_limiter.hpp"

namespace gate::broker {

// Calls the hooks of a Broker. An exception of a hook is logged and counted, and has no other effect. The loop's thread
// only.
class hooks final : public observer {
 public:
  explicit hooks(Broker& owner) noexcept : owner_(owner) {}

  void worker_up(const worker_record& w) override;
  void worker_down(const worker_record& w, std::string_view why) override;
  void worker_stalled(const worker_record& w, bool stalled) override;
  void service_up(std::string_view service) override;
  void service_down(std::string_view service) override;
  void call_done(const call_record& call) override;
  void leaving();

  // Whether a hook is running. The core may be at work then, and must not be called.
  bool running() const noexcept { return depth_ != 0; }
  // The number of exceptions of hooks.
  std::uint64_t failures() const noexcept { return failures_; }

 private:
  template <class Call> void guarded(std::string_view hook, Call&& call);
  void failed(std::string_view hook, const exception_text& thrown);

  Broker& owner_;
  unsigned depth_ = 0;
  std::uint64_t failures_ = 0;
  log_limiter lines_;
};

}  // namespace gate::broker
