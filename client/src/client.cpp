#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include <gate/client.hpp>
#include <gate/cross_loop.hpp>
#include <gate/error.hpp>
#include <gate/timeout.hpp>

#include "client/src/client_core.hpp"
#include "common/base/option_bounds.hpp"
#include "common/protocol/endpoint.hpp"

namespace gate {

namespace {

task<void> until_ready(detail::core_ptr core) {
  for (;;) {
    client::runtime& runtime = core->open_runtime();
    if (runtime.is_ready()) co_return;
    if (const std::exception_ptr refusal = runtime.refusal()) std::rethrow_exception(refusal);
    co_await runtime.changes().wait();
  }
}

client_options checked(client_options options) {
  peer::check_to_connect(options.endpoint);
  bring_within_bounds(options.idle_timeout);
  bring_within_bounds(options.connect_timeout);
  bring_within_bounds(options.reconnect_pause_min);
  bring_within_bounds(options.reconnect_pause_max);
  bring_within_bounds(options.heartbeat_interval, options.heartbeat_liveness);
  bring_within_bounds(options.transport_heartbeat_interval);
  bring_within_bounds(options.transport_heartbeat_timeout);
  return options;
}

task<void> until_ready_or_late(detail::core_ptr core) {
  const std::chrono::milliseconds limit = core->options().connect_timeout;
  task<void> waiting = until_ready(core);
  bool late = false;
  try {
    co_await with_timeout(limit, std::move(waiting));
  } catch (const timed_out&) {
    late = true;
  }
  if (!late) co_return;
  const client::runtime& runtime = core->open_runtime();
  std::string text = client::text_of(
      runtime.why_absent(), " at '" + runtime.endpoint() + "' within " + std::to_string(limit.count()) + " ms");
  const std::string& reason = runtime.last_loss();
  if (!reason.empty()) text += " (" + reason + ")";
  throw Error(errc::unavailable, text);
}

task<duration> round_trip(detail::core_ptr core) {
  const bool gate_rpc = core->options().dialect == broker_dialect::gate_rpc;
  const auto target = std::make_shared<const detail::call_target>(
      gate_rpc ? detail::call_target{core, "Gate", "keepalive"} : detail::call_target{core, "gate", "ping"});
  detail::call_request request = detail::make_request(target);
  if (gate_rpc) request.arguments = "\x91\xc4\x09heartbeat";
  const auto start = std::chrono::steady_clock::now();
  co_await detail::make_call(std::move(request));
  co_return std::chrono::duration_cast<duration>(std::chrono::steady_clock::now() - start);
}

}  // namespace

// Closes the client when the last copy of the Client goes. The core itself lives as long as any object made from it.
class Client::handle {
 public:
  explicit handle(detail::core_ptr core) : core_(std::move(core)) { core_->start(); }
  handle(const handle&) = delete;
  handle& operator=(const handle&) = delete;
  ~handle() { core_->close(); }
  const detail::core_ptr& core() const noexcept { return core_; }

 private:
  detail::core_ptr core_;
};

Client::Client(client_options options)
    : handle_(std::make_shared<handle>(std::make_shared<detail::client_core>(checked(std::move(options))))) {}

Client::Client(loop& where, client_options options)
    : handle_(std::make_shared<handle>(std::make_shared<detail::client_core>(where, checked(std::move(options))))) {}

Service Client::operator[](std::string_view service) const { return Service(handle_->core(), std::string(service)); }

Method Client::method(std::string_view name) const { return (*this)[handle_->core()->options().service][name]; }

task<void> Client::ready() const {
  handle_->core()->check_process();
  return await_on(where(), until_ready_or_late(handle_->core()));
}
task<duration> Client::ping() const { return round_trip(handle_->core()); }
void Client::close() const { handle_->core()->close(); }
loop& Client::where() const noexcept { return handle_->core()->where(); }

}  // namespace gate
