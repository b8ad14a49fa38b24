// Parts and credit, in both directions. No producer may send more than its consumer granted.
#include <algorithm>
#include <string>

#include "broker/core/src/core_state.hpp"

namespace gate::broker {

// --- the answer's direction ------------------------------------------------------------------------------------------

void core::state::on_worker_part(worker& w, const message& m) {
  call* const c = calls_.held_by(w, m.call);
  if (c == nullptr) {
    ++counted_.late_answers;
    return;
  }
  if (c->stage == call_stage::abandoned) return;  // it was sent before the worker had read the cancel
  if (m.is_head()) return on_head(*c, m);
  const std::size_t bytes = m.payload.size_bytes();
  if (bytes > limits_.payload_bytes_max) {
    return end(*c, errc::too_large,
               text_of({"an item of the answer has ", std::to_string(bytes), " bytes, the broker takes ",
                        std::to_string(limits_.payload_bytes_max), " (payload_bytes_max)"}));
  }
  if (!c->reads(m.encoding)) return end(*c, errc::unsupported, unread_encoding);
  if (!c->answers_in_parts()) {  // our own workers refuse such a call themselves, in these words
    ++counted_.overruns;
    return end(*c, errc::invalid_argument,
               text_of({c->home->name(), ".", c->method, ": answers with a stream: call it with .stream<T>()"}));
  }
  if (!c->answers.take(bytes)) {
    ++counted_.overruns;
    return end(*c, errc::too_slow, "the worker sent more items than its caller had granted credit for");
  }
  c->delivered = true;
  c->progress_at = now_;
  ++counted_.parts;
  message part = m;
  part.call = c->client_call;
  part.flags = m.flags & message_flag::no_payload;
  if (!c->client->context.credit) c->client->owes_credit = true;
  out_.send(c->client->id, part);
}

// A huge answer begins. The client learns of it only now, so its window is closed until the client opens it. If the
// client takes a stream as well, it has opened the window with its request.
void core::state::on_head(call& c, const message& m) {
  if (c.huge_answer) return end(c, errc::protocol_error, "the worker began a huge answer twice");
  if (c.delivered) return end(c, errc::protocol_error, "the worker began a huge answer behind items of a stream");
  if (!c.takes_huge()) {
    // Some dialects do not tell a worker what its caller takes.
    return end(c, c.holder->self->context.huge ? errc::protocol_error : errc::unsupported,
               "the worker began a huge answer, and the call takes none");
  }
  if (!c.reads(m.encoding)) return end(c, errc::unsupported, unread_encoding);
  c.huge_answer = c.delivered = true;
  c.progress_at = now_;
  wheel_.arm(c, next_look(c));
  ++counted_.parts;
  message head = m;
  head.call = c.client_call;
  head.flags = message_flag::no_payload;
  out_.send(c.client->id, head);
  if (!c.client->context.credit && !c.wants_stream()) grant_to_worker(c, default_window);
  // The method has returned. Reading its result takes a thread now and then.
  if (c.way == call_way::thread) give_thread_back(c);
}

// The method has returned, though the call has not ended: others may have its thread.
void core::state::give_thread_back(call& c) {
  worker& w = *c.holder;
  c.way = call_way::slices;
  w.calls_of(c.way).push_back(c);
  w.work.sliced(now_);
  serve(w);
}

void core::state::on_client_credit(peer& client, const message& m) {
  call* const c = calls_.find(client, m.call);
  if (c == nullptr || !c->answers_in_parts()) return;
  grant_to_worker(*c, {m.credit_items, m.credit_bytes});
}

void core::state::grant_to_worker(call& c, credit_grant more) {
  const bool stood = !c.answers.open();
  c.answers.grant(more);
  if (stood && c.answers.open()) c.progress_at = now_;  // the idle timeout runs again, from now on
  if (c.stage != call_stage::running || !c.holder->self->context.credit) return;
  message m;
  m.type = message_type::credit;
  m.call = in_flight::name_of(c);
  m.credit_items = more.items;
  m.credit_bytes = more.bytes;
  out_.send(c.holder->self->id, m);
}

// --- the arguments' direction ----------------------------------------------------------------------------------------

void core::state::on_client_part(peer& client, const message& m) {
  call* const c = calls_.find(client, m.call);
  if (c == nullptr) return;  // the client sent it before it read the end of the call
  if (!c->client_stream() || c->client_ended) {
    return end(*c, errc::protocol_error,
               c->client_ended ? "the client sent an item behind its last one"
                               : "the client sent an item of a stream that its request did not announce");
  }
  const bool last = m.has(message_flag::end_of_parts);
  if (last && m.has(message_flag::no_payload)) {
    c->client_ended = true;
    c->arguments_total = m.total_bytes;
    c->progress_at = now_;
    if (c->stage == call_stage::running) forward_client_end(*c);
    return;
  }
  const std::size_t bytes = m.payload.size_bytes();
  if (bytes > limits_.payload_bytes_max) {
    return end(*c, errc::too_large,
               text_of({"an item of the arguments has ", std::to_string(bytes), " bytes, the broker takes ",
                        std::to_string(limits_.payload_bytes_max), " (payload_bytes_max)"}));
  }
  if (c->stage != call_stage::running || !c->arguments.take(bytes)) {
    ++counted_.overruns;
    return end(*c, errc::too_slow, "the client sent more items than the worker had granted credit for");
  }
  c->client_ended = last;
  c->progress_at = now_;
  ++counted_.parts;
  message part = m;
  part.call = in_flight::name_of(*c);
  part.flags = m.flags & (message_flag::no_payload | message_flag::end_of_parts);
  peer& to = *c->holder->self;
  if (!to.context.credit) to.owes_credit = true;
  out_.send(to.id, part);
}

// Tells the worker that the client sends no more parts. The client's end without an item costs no credit, so it may
// come while the call is queued. It is sent to each worker that gets the call.
void core::state::forward_client_end(const call& c) {
  message m;
  m.type = message_type::part;
  m.call = in_flight::name_of(c);
  m.flags = message_flag::end_of_parts | message_flag::no_payload;
  m.total_bytes = c.arguments_total;
  out_.send(c.holder->self->id, m);
}

void core::state::on_worker_credit(worker& w, const message& m) {
  call* const c = calls_.held_by(w, m.call);
  if (c == nullptr) {
    ++counted_.late_answers;
    return;
  }
  if (c->stage == call_stage::abandoned || !c->client_stream()) return;
  grant_to_client(*c, {m.credit_items, m.credit_bytes});
}

void core::state::grant_to_client(call& c, credit_grant more) {
  c.client_fed = true;
  c.progress_at = now_;
  c.arguments.grant(more);
  if (!c.client->context.credit) return;
  message m;
  m.type = message_type::credit;
  m.call = c.client_call;
  m.credit_items = more.items;
  m.credit_bytes = more.bytes;
  out_.send(c.client->id, m);
}

// --- peers whose dialect has no credit -------------------------------------------------------------------------------

void core::state::open_arguments(call& c) { grant_to_client(c, default_window); }

// All that was sent to this peer has left. Its dialect has no credit, so the windows of its streams are refilled for
// it.
void core::state::refill(peer& p) {
  p.owes_credit = false;
  for (call& c : p.calls) {
    if (!c.answers_in_parts() || p.context.credit) continue;
    credit_window full = c.answers;
    const credit_grant missing = full.refill(default_window);
    if (!missing.empty()) grant_to_worker(c, missing);
  }
  if (p.work == nullptr) return;
  for (call& c : p.work->calls_of(call_way::capacity)) {  // no other lists: such a worker does not tell its threads
    if (c.stage != call_stage::running || !c.client_stream() || p.context.credit) continue;
    credit_window full = c.arguments;
    const credit_grant missing = full.refill(default_window);
    if (!missing.empty()) grant_to_client(c, missing);
  }
}

}  // namespace gate::broker
