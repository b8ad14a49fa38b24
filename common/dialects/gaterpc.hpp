// The gate-rpc dialect, version 0.2.12, frame by frame: what clients, brokers and workers of it say to each other, in
// each direction, both read and composed. Pure functions; the views of what they read point into the frames.
//
// Frames are those of the DEALER's side; the first is always empty. docs/dialects.md says what they mean for the core.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gate/descriptor.hpp>
#include <gate/error.hpp>
#include <gate/protocol.hpp>

#include "common/dialects/foreign_peer.hpp"
#include "common/wire/frame_list.hpp"

namespace gate::wire::gaterpc {

inline constexpr bytes_view client_tag = "MDPC01";
inline constexpr bytes_view worker_tag = "MDPW01";
inline constexpr bytes_view internal_service = "Gate";
inline constexpr bytes_view plain_mechanism = "PLAIN";
inline constexpr bytes_view generator_tag = "GateStreamGenerator";
inline constexpr bytes_view generator_end_tag = "GateStreamEnd";
inline constexpr bytes_view exception_tag = "GateStreamException";
inline constexpr bytes_view huge_tag = "GateStreamHugData";
inline constexpr bytes_view huge_end_tag = "HugeDataEND";
inline constexpr bytes_view interfaces_method = "get_interfaces";

enum class command : char { ready = 1, request = 2, reply = 3, heartbeat = 4, disconnect = 5 };

// --- between client and broker ---------------------------------------------------------------------------------------

// A request, or a reply: what differs is the body, and that only requests carry a login.
struct client_message {
  bytes_view service;
  login credentials;
  bytes_view request_id;  // opaque, of any length
  frames_view body;       // one frame at least
};

std::optional<client_message> read_client_request(frames_view frames);
std::optional<client_message> read_client_reply(frames_view frames);
void append(frame_list& to, const client_message& m);

// --- between broker and worker ---------------------------------------------------------------------------------------

struct worker_message {
  command what{};
  login credentials;      // towards the broker
  bytes_view client_id;   // request, reply
  bytes_view request_id;  // request, reply
  // request, reply: the body. Ready: one frame. Others: what else came, which means nothing; a disconnect towards a
  // gate-rpc broker needs one.
  frames_view body;
};

std::optional<worker_message> read_from_worker(frames_view frames);
std::optional<worker_message> read_from_broker(frames_view frames);
void append(frame_list& to, const worker_message& m);

// The body of a READY: "name:description:calls".
struct ready {
  bytes_view service;
  bytes_view description;
  std::uint32_t capacity = 1;  // what is below 1 counts as 1
};
std::optional<ready> read_ready(bytes_view body) noexcept;
// A colon in the description is no part of the language: it becomes a semicolon.
std::string compose_ready(const ready& r);

// User and password of a message of such a peer towards its broker; not given where it has none, or is no such message.
login read_login(peer_role from, frames_view frames);

// --- bodies ----------------------------------------------------------------------------------------------------------

// The body of a request that fits: a name, a list, and a map with text keys.
struct arguments {
  bytes_view method;      // decoded
  bytes_view positional;  // one msgpack list
  bytes_view named;       // one msgpack map; empty when there is none, or nothing in it
};
// Empty when it does not fit; then `why` says in what.
std::optional<arguments> read_arguments(frames_view body, std::string_view& why);

// Why a call of the core cannot be said in this dialect; the text is a literal.
struct refusal {
  errc status = errc::ok;
  std::string_view text;
};
// What a request of the core calls, and with what. Empty when that cannot be said, or is something that a Python worker
// would drop without a word.
std::optional<arguments> arguments_of(const message& request, refusal& why);

// The three strings of an exception. Views of their content.
struct exception {
  bytes_view type;
  bytes_view text;       // what repr() made of it: "ValueError('boom!')"
  bytes_view traceback;  // may be empty
};

// What one message of an answer says.
struct answer {
  enum class kind : std::uint8_t {
    result,        // the whole answer
    failure,       // the call failed before anything was streamed
    item,          // of a generator
    end,           // of a generator
    item_failure,  // the generator failed
    chunk,         // of a HugeData; compressed bytes
    huge_end,
    huge_failure,
  };
  kind what{};
  bytes_view content;  // result, item: one msgpack value; chunk: bytes
  exception thrown;    // failures
};
// What an answer turned out to be, as soon as something of it was said.
enum class answer_form : std::uint8_t { single, generator, huge };
// How a failure is said in it.
answer::kind failure_in(answer_form form) noexcept;
// The bytes of a chunk, in two where it would read like one of the marks; either may be empty.
std::array<bytes_view, 2> unmistakable(bytes_view chunk) noexcept;

// Empty when it is none that a gate-rpc client could use.
std::optional<answer> read_answer(frames_view body);
// Appends the frames of the body; the caller has written those before it and ends the message. The exception's texts
// become valid UTF-8.
void append_body(frame_list& to, const answer& a);
// A worker's reply with that for its body.
void append(frame_list& to, const worker_message& m, const answer& a);

// An exception as the core says it: an error of its method, with its class as the remote type.
message failure_of(call_id call, const exception& thrown);
// The beginning of a text, not cut within a character.
bytes_view clipped(bytes_view text, std::size_t bytes_max) noexcept;

// The answer to get_interfaces, as Python's workers give it: the methods, and get_interfaces itself.
std::string interfaces_of(const std::vector<method_descriptor>& methods);
// "(a: int32, b: optional[string] = None, *args, **kwargs) -> list[int32]": what Python's parser takes for the head of
// a function. Parameters without a name are shown as those that have to be passed by position.
std::string signature_of(const method_descriptor& m);

// The answer to get_interfaces; empty when it is none. At most limits::methods_max.
std::optional<std::vector<method_descriptor>> read_interfaces(bytes_view result);

// --- errors ----------------------------------------------------------------------------------------------------------

// The class name that an error of the core goes by in this dialect, and back: names that only brokers use. An unknown
// name is errc::failed.
std::string_view class_of(errc status) noexcept;
errc status_of(std::string_view type) noexcept;
// "Type('text')" as Python would write it; a text that has that form already stays as it is.
std::string represent(std::string_view type, std::string_view text);

// --- recognition -----------------------------------------------------------------------------------------------------

// Of a message that begins with an empty frame and `client_tag` or `worker_tag`.
bool recognises(frames_view frames);
// Whether a peer of gate-rpc 0.1.x sent it.
bool recognises_old(frames_view frames) noexcept;

}  // namespace gate::wire::gaterpc
