#include <algorithm>
#include <array>
#include <utility>

#include <gate/limits.hpp>
#include <gate/value.hpp>

#include "common/dialects/call_name.hpp"
#include "common/dialects/foreign_words.hpp"
#include "common/dialects/gaterpc_broker.hpp"
#include "common/value/msgpack_scan.hpp"

namespace gate::peer {

namespace rpc = wire::gaterpc;
using rpc::answer;

namespace {

// Ids of this class's own requests. No call of a session has them.
constexpr call_id services_question{1};
constexpr call_id beat{2};

constexpr std::size_t salt_bytes = 8;
constexpr bytes_view no_arguments = "\x90";
constexpr bytes_view no_names = "\x80";
constexpr bytes_view beat_arguments = "\x91\xc4\x09heartbeat";

// The limit for one joined piece of a HugeData that waits.
constexpr std::size_t joined_bytes_max = 32u << 10;

constexpr std::string_view not_a_stream = "answers with a stream: call it with .stream<T>()";

}  // namespace

void gaterpc_broker_of_client::forget() {
  salt_ = new_id().substr(0, salt_bytes);
  open_.clear();
  releasable_.clear();
  services_.clear();
  polls_left_ = limits::gaterpc_held_heartbeats;
  polls_unanswered_ = 0;
  held_bytes_ = 0;
}

// --- from the session ------------------------------------------------------------------------------------------------

void gaterpc_broker_of_client::say(const message& m, wire::frame_list& out) {
  switch (m.type) {
    case message_type::hello:
      keep_times(m);
      return ask_services(out);
    case message_type::heartbeat:
      ask(beat, "keepalive", beat_arguments, out);
      if (polls_left_ == 0) return;
      --polls_left_;
      return ask_services(out);
    case message_type::request:
      return say_request(m, out);
    case message_type::credit:
      return take_credit(m);
    case message_type::cancel:
      // The worker cannot be told. The rest of the answer is dropped.
      if (const auto call = open_.find(m.call); call != open_.end()) erase(call);
      return;
    default:
      return;
  }
}

void gaterpc_broker_of_client::ask_services(wire::frame_list& out) {
  ++polls_unanswered_;
  ask(services_question, "get_services", no_arguments, out);
}

void gaterpc_broker_of_client::ask(call_id id, bytes_view method, bytes_view arguments, wire::frame_list& out) const {
  message m = wire::of_type(message_type::request, id);
  m.service = rpc::internal_service;
  append_request(m, {method, arguments, no_names}, out);
}

void gaterpc_broker_of_client::append_request(const message& m, const rpc::arguments& a, wire::frame_list& out) const {
  std::string function;
  encode_to(function, a.method);
  const std::array<bytes_view, 3> body{function, a.positional, a.named.empty() ? no_names : a.named};
  std::string id = salt_;
  id += wire::call_name(m.call).bytes();
  rpc::client_message to;
  to.service = m.service;
  to.credentials = login();
  to.request_id = id;
  to.body = body;
  append(out, to);
}

void gaterpc_broker_of_client::say_request(const message& m, wire::frame_list& out) {
  if (!m.metadata.empty()) return tell_error(m.call, errc::unsupported, "gate-rpc carries no metadata");
  if (!m.idempotency_key.empty()) return tell_error(m.call, errc::unsupported, "gate-rpc carries no idempotency key");
  rpc::refusal why;
  const std::optional<rpc::arguments> a = arguments_of(m, why);
  if (!a) return tell_error(m.call, why.status, why.text);
  if (!wire::msgpack_scan::valid_utf8(m.service)) {
    return tell_error(m.call, errc::unavailable, "a service of gate-rpc has a name in UTF-8");
  }
  const bool hold = to_be_held(m);
  if (m.has(message_flag::one_way) && !hold) return append_request(m, *a, out);  // its answer is dropped
  open_call& c = open_[m.call];
  c.wants_stream = m.has(message_flag::wants_stream);
  c.takes_huge = (m.accept & huge_encoding()) != 0 && !c.wants_stream;
  c.credit.grant({m.credit_items, m.credit_bytes});
  constexpr std::size_t windows = limits::gaterpc_backlog_windows;
  c.backlog_items_max = std::max<std::size_t>(windows * m.credit_items, limits::gaterpc_backlog_items);
  c.backlog_bytes_max = std::max<std::size_t>(windows * m.credit_bytes, limits::gaterpc_backlog_bytes);
  if (!hold) return append_request(m, *a, out);
  c.one_way = m.has(message_flag::one_way);
  c.service = m.service;
  append_request(m, *a, c.held);
  held_bytes_ += c.held.bytes();
}

// Whether the call waits until the broker's list of services has come once more. The broker refuses calls to services
// that it does not know yet.
bool gaterpc_broker_of_client::to_be_held(const message& m) const {
  return polls_left_ > 0 && m.service != rpc::internal_service && services_.find(m.service) == services_.end() &&
         held_bytes_ + m.payload.size_bytes() < limits::gaterpc_held_bytes_max;
}

// Sends the held calls whose services are known now. When the time is over, sends all.
void gaterpc_broker_of_client::release_held(wire::frame_list& out) {
  if (held_bytes_ == 0) return;
  const bool all = polls_left_ == 0 && polls_unanswered_ == 0;
  std::vector<call_id> due;
  for (const auto& [id, c] : open_) {
    if (!c.held.empty() && (all || services_.contains(c.service))) due.push_back(id);
  }
  std::sort(due.begin(), due.end());
  for (const call_id id : due) {
    const auto call = open_.find(id);
    open_call& c = call->second;
    const wire::frame_list held = std::exchange(c.held, {});
    for (std::size_t i = 0; i < held.frames(0); ++i) out.add(held.frame(0, i));
    out.end_message();
    held_bytes_ -= held.bytes();
    if (c.one_way) erase(call);
  }
}

void gaterpc_broker_of_client::take_credit(const message& m) {
  const auto call = open_.find(m.call);
  if (call == open_.end()) return;
  call->second.credit.grant({m.credit_items, m.credit_bytes});
  may_release(m.call, call->second);
}

// --- from the broker -------------------------------------------------------------------------------------------------

void gaterpc_broker_of_client::hear(wire::frames_view frames, wire::frame_list& out) {
  const std::optional<rpc::client_message> m = rpc::read_client_reply(frames);
  if (!m || m->request_id.size() != salt_bytes + wire::call_name::size) return;
  const std::optional<call_id> id = wire::call_name::read(m->request_id.substr(salt_bytes));
  if (m->request_id.substr(0, salt_bytes) != salt_ || !id) return;
  if (*id == services_question) return take_services(m->body, out);
  tell_welcome();
  const auto call = open_.find(*id);
  if (*id == beat || call == open_.end() || call->second.ended) return tell(message_type::heartbeat);
  const std::optional<answer> a = rpc::read_answer(m->body);
  if (!a) return fail(call, errc::protocol_error, "the answer cannot be read");
  take_answer(call, *a);
}

void gaterpc_broker_of_client::take_services(wire::frames_view body, wire::frame_list& out) {
  const std::optional<answer> a = rpc::read_answer(body);
  if (a && a->what == answer::kind::failure && rpc::status_of(a->thrown.type) == errc::unauthenticated) {
    return tell_bye(errc::unauthenticated, a->thrown.text);  // Python's own brokers send nothing in this case
  }
  tell_welcome();
  tell(message_type::heartbeat);
  polls_unanswered_ -= std::min(polls_unanswered_, 1u);
  if (a && a->what == answer::kind::result) {
    services_.clear();
    bytes_view list = a->content;
    for (std::uint32_t left = wire::msgpack_scan::take_list(list).value_or(0); left > 0; --left) {
      const std::optional<bytes_view> element = wire::msgpack_scan::take_value(list);
      const std::optional<bytes_view> name = element ? wire::msgpack_scan::text_of(*element) : std::nullopt;
      if (name) services_.emplace(*name);
    }
  }
  release_held(out);
}

void gaterpc_broker_of_client::take_answer(open_calls_map::iterator call, const answer& a) {
  using kind = answer::kind;
  open_call& c = call->second;
  switch (a.what) {
    case kind::result: {
      if (!c.backlog.empty() || c.huge)
        return fail(call, errc::protocol_error, "a single result after parts of a stream");
      message m = wire::of_type(message_type::final, call->first);
      m.payload = a.content;
      tell(m);
      return erase(call);
    }
    case kind::item:
      if (c.huge) return fail(call, errc::protocol_error, wire::two_kinds);
      return take_item(call, a.content);
    case kind::end:
      if (c.huge) return fail(call, errc::protocol_error, wire::two_kinds);
      if (!c.wants_stream) return fail(call, errc::invalid_argument, not_a_stream);
      return take_end(call);
    case kind::failure:
    case kind::item_failure:
    case kind::huge_failure:
      return take_failure(call, a.thrown);
    case kind::chunk:
      return take_chunk(call, a.content);
    case kind::huge_end:
      if (!c.huge) return fail(call, errc::protocol_error, "the end of a HugeData that has not begun");
      return take_end(call);
  }
}

void gaterpc_broker_of_client::take_item(open_calls_map::iterator call, bytes_view item) {
  if (!call->second.wants_stream) return fail(call, errc::invalid_argument, not_a_stream);
  give_part(call, item);
}

// A HugeData begins with a head for the session, which then grants credit for the chunks.
void gaterpc_broker_of_client::take_chunk(open_calls_map::iterator call, bytes_view raw) {
  open_call& c = call->second;
  if (!c.huge) {
    if (!c.takes_huge) return fail(call, errc::unsupported, "the answer is a HugeData, and the call takes none");
    c.huge = true;
    c.backlog_items_max = c.backlog_bytes_max = limits::gaterpc_huge_backlog_bytes;
    message head = wire::of_type(message_type::part, call->first);
    head.flags = message_flag::no_payload;
    head.content = huge_content::value;
    head.encoding = huge_encoding();
    tell(head);
  }
  if (raw.empty()) return;
  // Python's chunks are small, so chunks that wait are joined.
  if (!c.backlog.empty() && c.backlog.back().size() + raw.size() <= joined_bytes_max &&
      c.backlog_bytes + raw.size() <= c.backlog_bytes_max) {
    c.backlog.back() += raw;
    c.backlog_bytes += raw.size();
    return;
  }
  give_part(call, raw);
}

void gaterpc_broker_of_client::give_part(open_calls_map::iterator call, bytes_view raw) {
  open_call& c = call->second;
  if (c.backlog.empty() && c.credit.take(raw.size())) {
    message m = wire::of_type(message_type::part, call->first);
    m.payload = raw;
    return tell(m);
  }
  if (c.backlog.size() >= c.backlog_items_max || c.backlog_bytes + raw.size() > c.backlog_bytes_max) {
    return fail(call, errc::too_slow, "the reader of the answer does not keep up, and gate-rpc cannot pause a worker");
  }
  c.backlog.emplace_back(raw);
  c.backlog_bytes += raw.size();
}

void gaterpc_broker_of_client::take_end(open_calls_map::iterator call) {
  open_call& c = call->second;
  c.ended = true;
  may_release(call->first, c);
}

void gaterpc_broker_of_client::take_failure(open_calls_map::iterator call, const rpc::exception& thrown) {
  open_call& c = call->second;
  message m = rpc::failure_of(call->first, thrown);
  m.status = rpc::status_of(thrown.type);
  if (m.status != errc::failed) m.origin = origin::broker;
  m.payload = {};
  if (c.backlog.empty()) {
    tell(m);
    return erase(call);
  }
  c.failure = std::make_unique<kept_message>(m);
  take_end(call);
}

void gaterpc_broker_of_client::fail(open_calls_map::iterator call, errc status, std::string_view text) {
  tell_error(call->first, status, text);
  erase(call);
}

void gaterpc_broker_of_client::erase(open_calls_map::iterator call) {
  held_bytes_ -= call->second.held.bytes();
  open_.erase(call);
}

// --- answers that wait for their reader ------------------------------------------------------------------------------

void gaterpc_broker_of_client::may_release(call_id id, open_call& c) {
  if (c.releasable || (c.backlog.empty() && !c.ended)) return;
  c.releasable = true;
  releasable_.push_back(id);
}

bool gaterpc_broker_of_client::next(message& m) {
  if (gaterpc_broker::next(m)) return true;
  while (!releasable_.empty()) {
    const auto call = open_.find(releasable_.front());
    if (call != open_.end() && release(call, m)) return true;
    releasable_.pop_front();
  }
  return false;
}

// Returns the next message of this call. False if its reader has to grant credit first.
bool gaterpc_broker_of_client::release(open_calls_map::iterator call, message& m) {
  open_call& c = call->second;
  if (!c.backlog.empty()) {
    if (!c.credit.take(c.backlog.front().size())) {
      c.releasable = false;
      return false;
    }
    released_ = std::move(c.backlog.front());
    c.backlog.pop_front();
    c.backlog_bytes -= released_.size();
    m = wire::of_type(message_type::part, call->first);
    m.payload = bytes_view(released_);
    return true;
  }
  if (!c.ended) {
    c.releasable = false;
    return false;
  }
  if (c.failure) {
    released_failure_ = std::move(c.failure);
    m = released_failure_->view();
  } else {
    m = wire::of_type(message_type::final, call->first);
    m.flags = message_flag::no_payload;
  }
  erase(call);
  return true;
}

}  // namespace gate::peer
