// The gate/2 dialect: batches of binary envelopes to messages, and back. docs/protocol.md, "Envelopes", is its grammar.
// Pure functions: no socket, no clock, no allocation while parsing.
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
  too_large,      // a name, a text or metadata over its limit; a payload's size is the broker's business
  missing_field,  // a field that the type requires is absent
  stray_payload,  // a payload frame that no envelope claims, or a claim without a frame, or not by the last envelope
  bad_frames,     // more than two frames (found by whoever receives the message, before a reader)
};

std::string_view to_string(parse_error error) noexcept;

// What stands before the fields of an envelope.
struct header {
  message_type type{};
  std::uint8_t flags = 0;
  call_id call{};
};

// From the first 16 bytes of an envelope. Nothing if there are fewer.
std::optional<header> read_header(bytes_view envelope) noexcept;

// Walks the envelopes of one received message (a batch frame and at most one payload frame).
//
//   reader r(batch, payload_frame);
//   message m;
//   while (r.next(m)) handle(m);
//   if (r.error() != parse_error::none) ...   // what came before was valid and has been handled; the rest is not
//   trusted
//
// Costs no more than the frames' size. The views in `m` point into the frames. Flags and fields that do not belong to
// the message's type are left out of `m`, and so is the flag `external`: `m.payload` is the payload wherever it
// travelled. `owner` is the owner of the payload frame; a payload that is this frame has it.
class reader {
 public:
  explicit reader(bytes_view batch, std::optional<bytes_view> payload_frame = std::nullopt,
                  payload_owner* owner = nullptr) noexcept
      : rest_(batch), external_(payload_frame), owner_(owner) {}

  bool next(message& out) noexcept;
  parse_error error() const noexcept { return error_; }
  // The envelopes that next() has not read. Unless empty, another reader can go on with them.
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

// Appends one envelope to a batch. With `external`, the payload is not copied: the caller sends it as the frame behind
// the batch, which this envelope must then end. Preconditions (asserted): the message concerns a call if its type does;
// names, keys, trace context, caller, etag and metadata are within their limits; one that says no-payload has none.
// Texts for people (an error's text and type, a peer's name) are cut to their limits, times and budgets saturate.
void append(std::string& batch, const message& m, bool external = false);

// Whether the first frame of a connection's first message is gate/2's: a hello with the magic.
bool recognises(bytes_view first_frame) noexcept;

}  // namespace gate::wire::gate2
