#include "broker/src/hooks.hpp"

#include <gate/clock.hpp>

#include "common/log/log.hpp"

namespace gate::broker {
namespace {

Broker::worker_event event_of(const observer::worker_record& w) noexcept {
  return {.worker = static_cast<std::uint64_t>(w.id), .service = w.service, .name = w.name, .address = w.address};
}

}  // namespace

template <class Call> void hooks::guarded(std::string_view hook, Call&& call) {
  ++depth_;
  call_guarded(call, [&](const exception_text& thrown) { failed(hook, thrown); });
  --depth_;
}

void hooks::failed(std::string_view hook, const exception_text& thrown) {
  ++failures_;
  if (!lines_.admit(instant(std::chrono::steady_clock::now()))) return;
  if (const std::uint64_t left_out = lines_.take_left_out()) {
    log::warn("{} failures of hooks were left out", left_out);
  }
  log::error("{} threw: {}", hook, thrown.line());
}

void hooks::worker_up(const worker_record& w) {
  guarded("on_worker_up", [&] { owner_.on_worker_up(event_of(w)); });
}

void hooks::worker_down(const worker_record& w, std::string_view why) {
  guarded("on_worker_down", [&] { owner_.on_worker_down(event_of(w), why); });
}

void hooks::worker_stalled(const worker_record& w, bool stalled) {
  guarded("on_worker_stalled", [&] { owner_.on_worker_stalled(event_of(w), stalled); });
}

void hooks::service_up(std::string_view service) {
  guarded("on_service_up", [&] { owner_.on_service_up(service); });
}

void hooks::service_down(std::string_view service) {
  guarded("on_service_down", [&] { owner_.on_service_down(service); });
}

void hooks::call_done(const call_record& call) {
  const Broker::request_record record{.service = call.service,
                                      .method = call.method,
                                      .caller = call.caller,
                                      .status = call.status,
                                      .queue_time = call.queue_time,
                                      .total_time = call.total_time,
                                      .one_way = call.one_way};
  guarded("on_request_done", [&] { owner_.on_request_done(record); });
}

void hooks::leaving() {
  guarded("on_drain", [&] { owner_.on_drain(); });
}

}  // namespace gate::broker
