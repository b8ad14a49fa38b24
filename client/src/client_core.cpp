#include "client/src/client_core.hpp"

#include <future>
#include <string>
#include <string_view>
#include <utility>

#include <gate/error.hpp>
#include <gate/limits.hpp>

#include "client/src/huge_call.hpp"

namespace gate::detail {

client_core::client_core(client_options options)
    : home_(std::make_unique<loop_thread>()),
      loop_(home_->get()),
      options_(std::move(options)),
      collected_(std::make_shared<huge::memory_account>(options_.huge_peer_bytes_max)),
      windows_(options_.huge_window_bytes),
      places_(options_.in_flight_max) {}

client_core::client_core(loop& where, client_options options)
    : loop_(where),
      options_(std::move(options)),
      collected_(std::make_shared<huge::memory_account>(options_.huge_peer_bytes_max)),
      windows_(options_.huge_window_bytes),
      places_(options_.in_flight_max) {}

client_core::~client_core() {
  if (made_.gone()) {
    // This is a child of fork(): the thread and the sockets belong to the parent. The child can neither join nor close
    // them.
    static_cast<void>(home_.release());
    static_cast<void>(runtime_.release());
    return;
  }
  close_here();
}

void client_core::check_process() const {
  if (!made_.gone()) return;
  throw Error(errc::unavailable, "this client was made before fork(), and belongs to the parent: make one in the child",
              origin::local, {}, retry_class::never);
}

void client_core::start() {
  if (loop_.in_loop_thread()) {
    start_here();
  } else {
    loop_.post([self = shared_from_this()] { self->start_here(); });
  }
}

void client_core::start_here() {
  if (closed_) return;
  runtime_ = std::make_unique<client::runtime>(loop_, options_);
}

void client_core::close() noexcept {
  if (made_.gone()) return;
  if (loop_.in_loop_thread()) return close_here();
  if (home_ == nullptr) return loop_.post([self = shared_from_this()] { self->close_here(); });
  std::promise<void> done;
  std::future<void> closed = done.get_future();
  loop_.post([self = shared_from_this(), &done] {
    self->close_here();
    done.set_value();
  });
  closed.wait();
}

void client_core::close_here() noexcept {
  closed_ = true;
  if (runtime_ == nullptr) return;
  // The runtime is out of reach before it shuts down. A caller that hears of the end of its call finds the client
  // closed.
  const std::unique_ptr<client::runtime> ending = std::move(runtime_);
  places_.fail_waiting(std::make_exception_ptr(Error(errc::cancelled, "the client was closed")));
  ending->shut_down();
}

client::runtime& client_core::open_runtime() const {
  check_process();
  if (runtime_ == nullptr) throw Error(errc::cancelled, "the client was closed");
  return *runtime_;
}

huge::receive_bounds client_core::huge_bounds() const {
  huge::receive_bounds bounds;
  bounds.bytes_max = options_.huge_bytes_max;
  bounds.ratio_max = options_.huge_ratio_max;
  bounds.account = collected_;
  return bounds;
}

call_request call_request::again() const {
  call_request same(target);
  same.arguments = arguments;
  same.named = named;
  same.options.budget = options.budget;
  same.options.window = options.window;
  same.options.idempotent = options.idempotent;
  same.options.priority = options.priority;
  if (options.extra != nullptr) same.options.extra = std::make_unique<call_options::texts>(*options.extra);
  return same;
}

namespace {

void check_size(std::string_view what, std::string_view text, std::size_t bytes_min, std::size_t bytes_max) {
  if (text.size() >= bytes_min && text.size() <= bytes_max) return;
  throw Error(errc::invalid_argument, std::string(what) + " has " + std::to_string(bytes_min) + " to " +
                                          std::to_string(bytes_max) + " bytes, not " + std::to_string(text.size()));
}

constexpr std::size_t tracestate_bytes_max = 512;

}  // namespace

void check(const call_request& request) {
  constexpr auto fits = [](const std::string& name) { return !name.empty() && name.size() <= limits::name_bytes_max; };
  const call_target& target = *request.target;
  if (request.options.extra == nullptr && fits(target.service) && fits(target.method)) return;
  check_size("a service's name", target.service, 1, limits::name_bytes_max);
  check_size("a method's name", target.method, 1, limits::name_bytes_max);
  if (request.options.extra == nullptr) return;
  const call_options::texts& texts = *request.options.extra;
  check_size("an idempotency key", texts.idempotency_key, 0, limits::idempotency_key_bytes_max);
  check_size("a traceparent", texts.traceparent, 0, limits::name_bytes_max);
  check_size("a tracestate", texts.tracestate, 0, tracestate_bytes_max);
  check_size("an etag", texts.resume_etag, 0, limits::name_bytes_max);
}

message to_message(const call_request& request, const client_options& defaults, std::uint32_t flags) {
  const call_options& o = request.options;
  message m;
  m.type = message_type::request;
  m.flags = flags;
  if (o.idempotent) m.flags |= message_flag::idempotent;
  if (request.named) m.flags |= message_flag::named;
  m.service = request.target->service;
  m.method = request.target->method;
  m.payload = payload_view(bytes_view(request.arguments));
  m.budget = o.budget ? o.budget : defaults.default_budget;
  m.priority = o.priority;
  if (o.extra != nullptr) {
    m.idempotency_key = o.extra->idempotency_key;
    m.traceparent = o.extra->traceparent;
    m.tracestate = o.extra->tracestate;
    m.metadata = metadata_view(o.extra->metadata);
    m.offset = o.extra->resume_offset;
    if (m.offset) m.etag = o.extra->resume_etag;
  }
  return m;
}

std::string name_of(const call_request& request) { return request.target->service + "." + request.target->method; }

bool is_strict(const call_request& request) noexcept {
  return request.options.strict.value_or(request.core()->options().strict);
}

std::exception_ptr name_timeout(std::exception_ptr error, const call_request& request,
                                std::optional<std::chrono::milliseconds> budget, const client_options& options) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& e) {
    if (e.code() != errc::timed_out || e.where() != origin::local) return error;
    const std::string_view why = e.what();
    std::string text = name_of(request) + ": ";
    text += why;
    if (!budget) budget = options.default_budget;
    std::optional<std::chrono::milliseconds> time;
    if (why == client::no_answer_within_budget || why == client::no_connection_within_budget) time = budget;
    if (why == client::no_answer_in_idle_time) time = options.idle_timeout;
    if (time) text += " of " + std::to_string(time->count()) + " ms";
    return std::make_exception_ptr(Error(e.code(), text, e.where(), e.remote_type(), e.retry()));
  } catch (...) {
    return error;
  }
}

}  // namespace gate::detail
