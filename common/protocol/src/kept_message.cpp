#include "common/protocol/kept_message.hpp"

#include <cstring>

namespace gate {

std::size_t kept_message::measure(const message& m) noexcept {
  return m.payload.size_bytes() + m.service.size() + m.method.size() + m.idempotency_key.size() + m.traceparent.size() +
         m.tracestate.size() + m.metadata.encoded().size() + m.etag.size() + m.text.size() + m.remote_type.size();
}

kept_message::kept_message(const message& m)
    : size_(measure(m)), bytes_(std::make_unique_for_overwrite<char[]>(size_)), view_(m) {
  char* at = bytes_.get();
  const auto keep = [&at](bytes_view raw) {
    const bytes_view copy(at, raw.size());
    if (!raw.empty()) std::memcpy(at, raw.data(), raw.size());
    at += raw.size();
    return copy;
  };
  view_.service = keep(m.service);
  view_.method = keep(m.method);
  view_.idempotency_key = keep(m.idempotency_key);
  view_.traceparent = keep(m.traceparent);
  view_.tracestate = keep(m.tracestate);
  view_.metadata = metadata_view(keep(m.metadata.encoded()));
  view_.etag = keep(m.etag);
  view_.text = keep(m.text);
  view_.remote_type = keep(m.remote_type);
  view_.caller = {};
  view_.name = {};
  view_.more_services = {};
  if (m.payload.frames() == 0) return;
  const bytes_view first = keep(m.payload[0]);
  rest_.reserve(m.payload.frames() - 1);
  for (std::size_t i = 1; i < m.payload.frames(); ++i) rest_.push_back(keep(m.payload[i]));
  view_.payload = payload_view(first, rest_);
}

}  // namespace gate
