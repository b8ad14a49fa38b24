// The ZeroMQ Authentication Protocol (RFC 27) as pure functions: frames in, a value out, and back. Nothing throws on
// what a peer sent.
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
inline constexpr std::size_t text_bytes_max = 255;  // of each field but the envelope
inline constexpr std::size_t envelope_frames_max = 8;

enum class mechanism : std::uint8_t { null, plain, curve };
std::string_view to_string(mechanism m) noexcept;

// Views of the frames that it was read from.
struct request {
  frames_view envelope;  // routing ids and the empty frame behind them; goes back in front of the reply
  bytes_view id;
  bytes_view domain;
  bytes_view address;
  bytes_view identity;  // a peer chooses it, and libzmq 4.3.4 leaves it empty: it proves nothing
  mechanism how = mechanism::null;
  bytes_view user, password;  // plain
  bytes_view key;             // curve: 32 bytes
};

enum class status : std::uint16_t { ok = 200, temporary = 300, refused = 400, internal = 500 };

struct parsed_request {
  std::optional<request> valid;
  std::string_view why;  // when it is not valid
  // What an answer needs can be read, so one should be sent: with status `internal`, as RFC 27 says for a request that
  // the handler does not understand. Else it is dropped.
  bool can_be_answered = false;
  frames_view envelope;
  bytes_view id;
};
parsed_request parse_request(frames_view message) noexcept;

// The reply to a request of that envelope and id. `user_id` and `metadata` are sent only with status ok. A user id of
// more than 255 bytes, or metadata with a name of none or more than 255, cannot be composed: then the status becomes
// internal.
using properties = std::span<const std::pair<std::string_view, std::string_view>>;
frames compose_reply(frames_view envelope, bytes_view id, status code, std::string_view text, std::string_view user_id,
                     properties metadata = {});

// Towards an external service: an empty frame first, as a DEALER needs it.
frames compose_request(const request& what);

// Views of the frames that it was read from.
struct reply {
  bytes_view id;
  status code = status::internal;
  bytes_view text;
  bytes_view user_id;
  bytes_view metadata;
};
// Nothing for what is no reply: wrong version, number of frames, status or metadata. A service of gate-rpc sends an
// empty last frame; one that leaves it out is not understood by RFC 27 either.
std::optional<reply> parse_reply(frames_view message) noexcept;

// Metadata in the form of ZMTP: a length of one byte, the name, a length of four, the value.
std::optional<std::vector<std::pair<bytes_view, bytes_view>>> parse_metadata(bytes_view raw);

}  // namespace gate::security::zap
