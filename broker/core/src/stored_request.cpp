#include "broker/core/src/stored_request.hpp"

#include <cstring>

namespace gate::broker {

std::size_t stored_request::measure(const message& m) noexcept {
  return m.payload.size_bytes() + m.service.size() + m.method.size() + m.idempotency_key.size() + m.traceparent.size() +
         m.tracestate.size() + m.metadata.encoded().size() + m.etag.size();
}

stored_request::stored_request(const message& request)
    : size_(measure(request)), bytes_(std::make_unique_for_overwrite<char[]>(size_)), view_(request) {
  char* at = bytes_.get();
  const auto keep = [&at](bytes_view raw) {
    const bytes_view copy(at, raw.size());
    if (!raw.empty()) std::memcpy(at, raw.data(), raw.size());
    at += raw.size();
    return copy;
  };
  view_.service = keep(request.service);
  view_.method = keep(request.method);
  view_.idempotency_key = keep(request.idempotency_key);
  view_.traceparent = keep(request.traceparent);
  view_.tracestate = keep(request.tracestate);
  view_.metadata = metadata_view(keep(request.metadata.encoded()));
  view_.etag = keep(request.etag);
  view_.caller = {};
  view_.text = {};
  view_.remote_type = {};
  view_.name = {};
  if (request.payload.frames() == 0) return;
  const bytes_view first = keep(request.payload[0]);
  rest_.reserve(request.payload.frames() - 1);
  for (std::size_t i = 1; i < request.payload.frames(); ++i) rest_.push_back(keep(request.payload[i]));
  view_.payload = payload_view(first, rest_);
}

}  // namespace gate::broker
