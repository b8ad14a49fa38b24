// The gate/2 dialect: reads batches of binary envelopes into messages, and composes them. docs/protocol.md,
// "Envelopes", is its grammar. Pure functions: no socket, no clock, no allocation while parsing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <gate/protocol.hpp>

namespace gate::wire::gate2 {

enum class parse_error : std::uint8_t {
  none = 0,
  truncated,      // the frame ends inside an envelope, or is empty
  bad_size,       // an envelope's sizes contradict each other
  unknown_type,   // not one of message_type
  bad_field,      // a known field with an impossible length or value
  too_large,      // a name, a text or metadata exceeds its limit; the broker checks the size of a payload
  missing_field,  // a field that the type requires is absent
  stray_payload,  // a payload frame and an envelope for it that do not match: one is missing, or the envelope is not
                  // last
  bad_frames,     // more than two frames (found by the receiver of the message, before it makes a reader)
};

std::string_view to_string(parse_error error) noexcept;

// The start of an envelope, before its fields.
struct header {
  message_type type{};
  std::uint8_t flags = 0;
  call_id call{};
};

// Reads the first 16 bytes of an envelope. Nothing if there are fewer.
std::optional<header> read_header(bytes_view envelope) noexcept;

// Reads the envelopes of one received message: a batch frame and at most one payload frame.
//
//   reader r(batch, payload_frame);
//   message m;
//   while (r.next(m)) handle(m);
//   if (r.error() != parse_error::none) ...   // the earlier envelopes were valid and are handled; drop the rest
//
// The time is that of one pass over the frames. The views in `m` point into the frames. Flags and fields that do not
// belong to the message's type are left out of `m`. So is the flag `external`: `m.payload` is the payload in either
// case. `owner` owns the payload frame; the payload that is this frame names it.
class reader {
 public:
  explicit reader(bytes_view batch, std::optional<bytes_view> payload_frame = std::nullopt,
                  payload_owner* owner = nullptr) noexcept
      : rest_(batch), external_(payload_frame), owner_(owner) {}

  bool next(message& out) noexcept;
  parse_error error() const noexcept { return error_; }
  // The envelopes that next() has not read. If there are any, another reader can go on with them.
  bytes_view rest() const noexcept { return rest_; }

 private:
  parse_error read_envelope(message& m) noexcept;
  parse_error read_payload(bytes_view inline_payload, bool external, message& m) noexcept;

  bytes_view rest_;
  std::optional<bytes_view> external_;
  payload_owner* owner_;
  parse_error error_ = parse_error::none;
  bool started_ = false;
};

// Appends one envelope to a batch. With `external` the payload is not copied: the caller sends it as the frame behind
// the batch, and this envelope must be the last of the batch. Asserts that the message has a call if its type needs
// one, that names, keys, trace context, caller, etag and metadata are within their limits, and that a no-payload
// message has no payload. Texts for people (an error's text and type, a peer's name) are cut to their limits. Times and
// budgets that are too large are sent as the largest value.
void append(std::string& batch, const message& m, bool external = false);

// True if the first frame of a connection's first message is gate/2: a hello with the magic.
bool recognises(bytes_view first_frame) noexcept;

}  // namespace gate::wire::gate2
