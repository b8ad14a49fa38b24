// The ZeroMQ Authentication Protocol (RFC 27) as pure functions between frames and values. No message of a peer makes
// them throw.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gate/bytes.hpp>

namespace gate::security::zap {

using frames_view = std::span<const bytes_view>;
using frames = std::vector<std::string>;

inline constexpr std::string_view endpoint = "inproc://zeromq.zap.01";
inline constexpr std::string_view version = "1.0";
inline constexpr std::size_t text_bytes_max = 255;  // of each field, but not of the envelope
inline constexpr std::size_t envelope_frames_max = 8;

enum class mechanism : std::uint8_t { null, plain, curve };
std::string_view to_string(mechanism m) noexcept;

// Views into the frames of the message.
struct request {
  frames_view envelope;  // the routing ids and the empty frame behind them; the reply starts with them
  bytes_view id;
  bytes_view domain;
  bytes_view address;
  bytes_view identity;  // chosen by the peer, and libzmq 4.3.4 leaves it empty: it proves nothing
  mechanism how = mechanism::null;
  bytes_view user, password;  // plain
  bytes_view key;             // curve: 32 bytes
};

enum class status : std::uint16_t { ok = 200, temporary = 300, refused = 400, internal = 500 };

struct parsed_request {
  std::optional<request> valid;
  std::string_view why;  // the fault, if `valid` is empty
  // The envelope and the id are readable, so a reply is due: status `internal`, as RFC 27 demands if the handler does
  // not understand a request. If false, drop the message.
  bool can_be_answered = false;
  frames_view envelope;
  bytes_view id;
};
parsed_request parse_request(frames_view message) noexcept;

// Composes the reply to the request with that envelope and id. `user_id` and `metadata` are sent only with status ok.
// If the user id is longer than 255 bytes, or a name in the metadata is empty or longer than 255 bytes, the status
// becomes internal.
using properties = std::span<const std::pair<std::string_view, std::string_view>>;
frames compose_reply(frames_view envelope, bytes_view id, status code, std::string_view text, std::string_view user_id,
                     properties metadata = {});

// The request for an external service. It begins with the empty frame that a DEALER has to send.
frames compose_request(const request& what);

// Views into the frames of the message.
struct reply {
  bytes_view id;
  status code = status::internal;
  bytes_view text;
  bytes_view user_id;
  bytes_view metadata;
};
// Empty if the message is not a valid reply: wrong version, number of frames, status or metadata. A gate-rpc service
// sends an empty last frame. A reply without that frame is not valid in RFC 27 either.
std::optional<reply> parse_reply(frames_view message) noexcept;

// Metadata in ZMTP's form: a length of 1 byte, the name, a length of 4 bytes, the value.
std::optional<std::vector<std::pair<bytes_view, bytes_view>>> parse_metadata(bytes_view raw);

}  // namespace gate::security::zap
