#include "worker/src/worker_runtime.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>

#include <unistd.h>

#include <gate/assert.hpp>
#include <gate/descriptor.hpp>
#include <gate/timeout.hpp>

#include "common/base/exception_text.hpp"
#include "common/base/host_name.hpp"
#include "common/base/random.hpp"
#include "common/channel/this_process.hpp"
#include "common/dialects/make_foreign_broker.hpp"
#include "common/log/log.hpp"
#include "common/wire/descriptor_codec.hpp"

namespace gate::worker {

namespace {

// The shortest time between two log lines about a missing connection.
constexpr auto loss_lines_pause = std::chrono::seconds(1);

std::size_t threads_of(const worker_options& o) {
  if (o.threads != 0) return o.threads;
  return std::max<std::size_t>(2, std::thread::hardware_concurrency());
}

// Twice the capacity: a call that has ended may still be in the pool's queue, to be dropped there.
std::size_t calls_under_way_max(const worker_options& o) { return 2 * std::size_t{o.capacity}; }

}  // namespace

std::string service_of(const Worker& what, const worker_options& options) {
  if (!options.service.empty()) return options.service;
  std::string own = what.service_name();
  return own.empty() ? std::string(default_service) : own;
}

runtime::runtime(loop& where, Worker& what, worker_options options)
    : loop_(where),
      worker_(what),
      options_(std::move(options)),
      service_(service_of(what, options_)),
      pool_(threads_of(options_), calls_under_way_max(options_)),
      dispatcher_(where, pool_, what, *this, dispatch_options()),
      session_(registration(), *this),
      channel_(where, transport(), *this,
               peer::make_foreign_broker(options_.dialect, peer_role::worker, options_.credentials,
                                         options_.gaterpc_compression)),
      ticker_(where, session_) {
  if (const std::size_t threads = pool_.running(); threads == 0) {
    throw std::system_error(EAGAIN, std::generic_category(), "cannot start a thread for the methods (ulimit -u)");
  } else if (threads < pool_.size()) {
    log::warn("the system starts {} of {} threads for the methods (ulimit -u): others are tried again as calls come",
              threads, pool_.size());
  }
  if (worker_.describe().empty()) log::warn("'{}' exposes no method: list them with GATE_INTERFACE", service_);
  GATE_ASSERT(worker_.runtime_ == nullptr);
  worker_.runtime_ = this;
}

runtime::~runtime() {
  worker_.runtime_ = nullptr;
  loop_.cancel_timer(drain_timer_);
}

// --- options

std::string runtime::encoded_descriptor() const {
  descriptor d = peer::describe_this_process();
  d.description = worker_.description();
  d.labels = options_.labels;
  d.threads = static_cast<std::uint32_t>(threads_of(options_));
  d.methods = worker_.describe();
  return encode_descriptor(d);
}

dispatcher_options runtime::dispatch_options() {
  dispatcher_options o;
  o.service = service_;
  o.encoded_descriptor = encoded_descriptor();
  o.calls_max = calls_under_way_max(options_);
  o.strict = options_.strict;
  o.huge.threshold = options_.huge_threshold;
  o.huge.value_bytes_max = options_.huge_value_bytes_max;
  o.huge_arguments.window_bytes = options_.huge_window_bytes;
  o.huge_arguments.bytes_max = options_.huge_bytes_max;
  o.huge_arguments.ratio_max = options_.huge_ratio_max;
  o.huge_arguments.account = std::make_shared<huge::memory_account>(options_.huge_peer_bytes_max);
  // No method can begin if every thread is stuck: so fewer may be, even if the options allow more.
  o.stuck_max = std::min(options_.stuck_max, pool_.size() - 1);
  o.stuck_after = options_.stuck_after;
  o.on_stuck = [this] { stuck(); };
  return o;
}

session_options runtime::registration() const {
  session_options o;
  o.service = service_;
  o.name = options_.name.empty() ? host_name() + ":" + std::to_string(::getpid()) : options_.name;
  o.encoded_descriptor = encoded_descriptor();
  o.capacity = options_.capacity;
  o.heartbeat_interval = options_.heartbeat_interval;
  o.heartbeat_liveness = options_.heartbeat_liveness;
  o.connect_timeout = options_.connect_timeout;
  o.pause_min = options_.reconnect_pause_min;
  o.pause_max = options_.reconnect_pause_max;
  o.endpoints = std::make_shared<peer::fixed_endpoint>(options_.broker);
  o.silence_hint = peer::silence_hint(options_.dialect, options_.credentials);
  o.seed = peer::random_seed();
  return o;
}

peer::channel_options runtime::transport() const {
  peer::channel_options o;
  o.connect_timeout = options_.connect_timeout;
  o.shown = peer::shown_by_transport(options_.dialect, options_.credentials);
  o.login_timeout = std::min(limits::login_timeout, options_.connect_timeout);
  o.transport_heartbeat_interval = limits::transport_heartbeat_interval;
  o.transport_heartbeat_timeout = limits::transport_heartbeat_timeout;
  o.frame_bytes_max = limits::frame_bytes_max;
  o.out_queue_bytes_max = options_.out_queue_bytes_max;
  o.messages_per_turn_max = limits::messages_per_turn_max;
  return o;
}

// --- the life of a worker

task<void> runtime::run() {
  co_await worker_.on_start();
  session_.start(loop_.now());
  std::exception_ptr cancelled_by;
  try {
    co_await closed_.wait();
  } catch (const gate::cancelled&) {
    cancelled_by = std::current_exception();
  }
  // The worker leaves properly even if the caller was cancelled.
  cancel_scope apart;
  auto leaving = leave();
  co_await std::move(leaving).within(apart);
  if (cancelled_by) std::rethrow_exception(cancelled_by);
  if (why_closed_ != errc::ok) throw Error(why_closed_, closed_text_, origin::broker);
}

task<void> runtime::leave() {
  if (session_.current() != session::state::closed) session_.close(loop_.now());
  loop_.cancel_timer(drain_timer_);
  dispatcher_.connection_ended();
  bool idle = true;
  try {
    auto ended = dispatcher_.idle();
    co_await with_timeout(options_.stuck_after, std::move(ended));
  } catch (const timed_out&) {
    idle = false;
  }
  if (!idle) {
    log::warn("'{}' waits for {} methods that run on though their calls have ended", service_, dispatcher_.running());
    tell("on_stuck", options_.on_stuck);
    co_await dispatcher_.idle();
  }
  co_await worker_.on_stop();
}

void runtime::tell(std::string_view name, const std::function<void()>& callback) noexcept {
  if (!callback) return;
  call_guarded(callback, [&](const exception_text& thrown) {
    log::error("{} of '{}' threw: {}", name, service_, thrown.line());
  });
}

void runtime::drain() {
  if (std::exchange(draining_, true)) return;
  log::info("'{}' drains: {} calls in hand", service_, session_.open_calls());
  drain_timer_ = loop_.at(loop_.now() + options_.drain_timeout, [this] {
    log::warn("'{}' leaves {} calls that did not end in time", service_, session_.open_calls());
    session_.close(loop_.now());
  });
  session_.drain(loop_.now());
}

bool runtime::use_credentials(const credentials& own) {
  if (options_.dialect != broker_dialect::gate2) return false;
  options_.credentials = own;
  channel_.use_credentials(peer::shown_by_transport(options_.dialect, own));
  return true;
}

void runtime::serving(const message& welcome) {
  told_loss_.clear();
  if (welcome.payload_bytes_max != 0) dispatcher_.set_payload_bytes_max(welcome.payload_bytes_max);
  log::info("serving '{}' at {} (capacity {})", service_, session_.endpoint(), options_.capacity);
  tell("on_registered", options_.on_registered);
}

void runtime::broker_drains() {
  log::warn("the broker at {} is draining: it gives no new work, and ends when what it has is done",
            session_.endpoint());
}

void runtime::lost(errc why, std::string_view text, std::chrono::milliseconds pause) {
  dispatcher_.connection_ended();
  // The same reason is logged once. A reason that keeps changing is logged once per `loss_lines_pause`.
  const instant now = loop_.now();
  const bool is_news = told_loss_.empty() || (text != told_loss_ && now - told_loss_at_ >= loss_lines_pause);
  if (is_news) {
    told_loss_ = text;
    told_loss_at_ = now;
  }
  const auto level = is_news ? log::level::warn : log::level::debug;
  log::write(level, "no connection to the broker at {}: {} ({}); trying again until there is one, next in {} ms",
             {session_.endpoint(), text, to_string(why), pause.count()});
}

void runtime::closed(errc why, std::string_view text) {
  why_closed_ = why;
  closed_text_ = text;
  if (why == errc::ok) {
    log::info("'{}' has left the broker", service_);
  } else {
    log::error("the broker at {} refuses '{}': {} ({})", session_.endpoint(), service_, text, to_string(why));
  }
  closed_.set();
}

void runtime::stuck() {
  log::error("'{}' has {} methods that do not end, each holding one of {} threads", service_, dispatcher_.stuck(),
             pool_.size());
  tell("on_stuck", options_.on_stuck);
}

}  // namespace gate::worker
