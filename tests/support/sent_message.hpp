// A copy of a message that outlives the call that sent it. Tests of the sans-I/O parts record messages with it.
#pragma once

#include <string>

#include <gate/protocol.hpp>

namespace gate::test {

// Owns the texts that tests compare, and copies the plain fields.
struct sent_message {
  explicit sent_message(const message& from)
      : m(from), service(from.service), method(from.method), text(from.text), payload(from.payload.single()) {
    m.service = m.method = m.text = m.name = m.remote_type = m.etag = {};
    m.idempotency_key = m.traceparent = m.tracestate = m.caller = {};
    m.metadata = {};
    m.payload = {};
  }
  message m;
  std::string service, method, text, payload;
};

}  // namespace gate::test
