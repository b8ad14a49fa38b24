#include "tests/sim/oracle.hpp"

#include <charconv>
#include <utility>

namespace gate::sim {

std::string oracle::payload_of(call_number n, std::uint32_t item, std::size_t padding_bytes) {
  std::string text = std::to_string(n) + ':' + std::to_string(item) + ':';
  text.append(padding_bytes, 'x');
  return text;
}

oracle::parsed oracle::parse(bytes_view payload) {
  parsed p;
  const char* const end = payload.data() + payload.size();
  const auto number = std::from_chars(payload.data(), end, p.call);
  if (number.ec != std::errc() || number.ptr == end || *number.ptr != ':') return p;
  const auto item = std::from_chars(number.ptr + 1, end, p.item);
  if (item.ec != std::errc() || item.ptr == end || *item.ptr != ':') return p;
  p.padding_bytes = static_cast<std::size_t>(end - item.ptr - 1);
  p.sound = true;
  return p;
}

call_number oracle::begin(tracked_call c) {
  calls_.push_back(c);
  return calls_.size();
}

tracked_call& oracle::at(call_number n) {
  static tracked_call nobody;
  if (n == 0 || n > calls_.size()) {
    world_.fail("a payload names call " + std::to_string(n) + ", which was never made");
    return nobody;
  }
  return calls_[n - 1];
}

call_number oracle::arrived(const message& request) {
  const parsed p = parse(request.payload.single());
  if (!p.sound) {
    world_.fail("a request's payload was damaged");
    return 1;
  }
  const tracked_call& c = at(p.call);
  const std::string name = "call " + std::to_string(p.call);
  if (request.service != c.service || request.method != method_names[static_cast<std::size_t>(c.what)]) {
    world_.fail(name + " reached the wrong service or method");
  }
  if (p.padding_bytes != c.padding_bytes) world_.fail(name + " arrived with other arguments");
  if (request.caller.empty()) world_.fail(name + " reached a worker without its principal");
  return p.call;
}

void oracle::executed(call_number n) {
  tracked_call& c = at(n);
  if (++c.executions > 1 && !c.has(message_flag::idempotent))
    world_.fail("call " + std::to_string(n) + " was executed twice and is not idempotent");
}

void oracle::head_received(call_number n, const message& head) {
  tracked_call& c = at(n);
  const std::string name = "call " + std::to_string(n);
  if (c.ended || c.forgotten) world_.fail(name + " got a head after its end");
  if (c.what != method::fetch) world_.fail(name + " got a head though it takes no huge answer");
  if (std::exchange(c.begun, true)) world_.fail(name + " got a second head");
  if (head.total_bytes != c.items || head.etag != "whole") world_.fail(name + " got a damaged head");
}

void oracle::part_received(call_number n, const message& part) {
  const bytes_view payload = part.payload.single();
  tracked_call& c = at(n);
  const std::string name = "call " + std::to_string(n);
  if (c.ended || c.forgotten) world_.fail(name + " got an item after its end");
  const parsed p = parse(payload);
  if (!p.sound || p.call != n) world_.fail(name + " got an item of another call");
  if (p.item != c.received) {
    world_.fail(name + " expected item " + std::to_string(c.received) + " and got item " + std::to_string(p.item));
  }
  if (c.what == method::fetch && (!c.begun || part.offset != c.received || part.checksum != n)) {
    world_.fail(name + " got a damaged chunk");
  }
  ++c.received;
}

void oracle::end(call_number n) {
  tracked_call& c = at(n);
  if (c.forgotten) world_.fail("call " + std::to_string(n) + " ended though its caller had given it up");
  if (std::exchange(c.ended, true)) world_.fail("call " + std::to_string(n) + " ended twice");
}

void oracle::finished(call_number n, const message& final) {
  end(n);
  ++outcomes_[0];
  const tracked_call& c = at(n);
  if (c.has(message_flag::one_way)) return;
  const std::string name = "call " + std::to_string(n);
  if (c.executions == 0) world_.fail(name + " was answered though nobody executed it");
  if (c.what == method::fetch) {
    if (!c.begun || c.received != c.items || final.total_bytes != c.items) {
      world_.fail(name + " ended well with " + std::to_string(c.received) + " of " + std::to_string(c.items) +
                  " chunks");
    }
    return;
  }
  const parsed p = parse(final.payload.single());
  if (!p.sound || p.call != n) return world_.fail(name + " got the answer to another call");
  const bool streams_back = c.what == method::count || c.what == method::chat;
  if (streams_back && (c.received != c.items || p.item != c.items)) {
    world_.fail(name + " ended well with " + std::to_string(c.received) + " of " + std::to_string(c.items) + " items");
  }
  if ((c.what == method::sum || c.what == method::put) && p.item != c.items)
    world_.fail(name + ": the method got another number of items than were sent");
  if (c.what == method::echo && p.padding_bytes != c.padding_bytes) world_.fail(name + " got a damaged answer");
  if (c.what == method::fail || c.what == method::missing) world_.fail(name + " ended well and cannot have");
}

void oracle::failed(call_number n, errc status, retry_class again, std::string_view text) {
  end(n);
  at(n).outcome = status;
  ++outcomes_[static_cast<std::size_t>(status)];
  const tracked_call& c = at(n);
  const std::string name = "call " + std::to_string(n);
  if (status == errc::ok || text.empty()) world_.fail(name + " failed without a reason");
  if (status == errc::internal) world_.fail(name + " failed as internal: " + std::string(text));
  if (status == errc::protocol_error) world_.fail(name + " failed as protocol_error: " + std::string(text));
  // A caller that is told that its call did not run will call again. (Not so for no_method of an idempotent call: an
  // earlier attempt may have found the method.)
  const bool never_ran = again == retry_class::safe || (status == errc::no_method && !c.has(message_flag::idempotent));
  if (never_ran && c.executions > 0) {
    world_.fail(name + " was executed, and its caller was told " + std::string(to_string(status)) + ": " +
                std::string(text));
  }
}

}  // namespace gate::sim
