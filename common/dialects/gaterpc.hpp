// The gate-rpc dialect, version 0.2.12, frame by frame. Reads and composes the messages of clients, brokers and workers
// in both directions. Pure functions. The views in what they return point into the frames.
//
// Frames are as a DEALER sends them; the first is always empty. docs/dialects.md says what they mean for the core.
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

// A request or a reply. They differ in the body, and only a request carries a login.
struct client_message {
  bytes_view service;
  login credentials;
  bytes_view request_id;  // opaque, of any length
  frames_view body;       // at least one frame
};

std::optional<client_message> read_client_request(frames_view frames);
std::optional<client_message> read_client_reply(frames_view frames);
void append(frame_list& to, const client_message& m);

// --- between broker and worker ---------------------------------------------------------------------------------------

struct worker_message {
  command what{};
  login credentials;      // only towards the broker
  bytes_view client_id;   // request, reply
  bytes_view request_id;  // request, reply
  // Request, reply: the body. READY: one frame. Others: further frames without a meaning, but a gate-rpc broker ignores
  // a DISCONNECT without one.
  frames_view body;
};

std::optional<worker_message> read_from_worker(frames_view frames);
std::optional<worker_message> read_from_broker(frames_view frames);
void append(frame_list& to, const worker_message& m);

// The body of a READY: "name:description:calls".
struct ready {
  bytes_view service;
  bytes_view description;
  std::uint32_t capacity = 1;  // a value below 1 counts as 1
};
std::optional<ready> read_ready(bytes_view body) noexcept;
// The form has no escape for a colon, so a colon in the description becomes a semicolon.
std::string compose_ready(const ready& r);

// The user and password in a gate-rpc peer's message to its broker. `given` is false if it has none, or if the frames
// are not such a message.
login read_login(peer_role from, frames_view frames);

// --- bodies ----------------------------------------------------------------------------------------------------------

// The body of a valid request: a name, a list, and a map with texts for keys.
struct arguments {
  bytes_view method;      // the text, decoded
  bytes_view positional;  // one msgpack list
  bytes_view named;       // one msgpack map; empty if there are no named arguments
};
// Empty if the body is not valid. Then `why` gives the reason.
std::optional<arguments> read_arguments(frames_view body, std::string_view& why);

// Why this dialect cannot express a call of the core. The text is a literal.
struct refusal {
  errc status = errc::ok;
  std::string_view text;
};
// The method and the arguments of a core's request. Empty if the dialect cannot express them, or if a Python worker
// would drop the request without an answer.
std::optional<arguments> arguments_of(const message& request, refusal& why);

// The contents of the three strings of an exception.
struct exception {
  bytes_view type;
  bytes_view text;       // as repr() writes the exception: "ValueError('boom!')"
  bytes_view traceback;  // may be empty
};

// The content of one message of an answer.
struct answer {
  enum class kind : std::uint8_t {
    result,        // the whole answer
    failure,       // the call failed before the first part of a stream
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
// The form of an answer, known from its first message.
enum class answer_form : std::uint8_t { single, generator, huge };
// The kind of message that reports a failure in an answer of that form.
answer::kind failure_in(answer_form form) noexcept;
// The bytes of a chunk. If they equal one of the marks, they are cut in two. The second part may be empty.
std::array<bytes_view, 2> unmistakable(bytes_view chunk) noexcept;

// Empty if a gate-rpc client could not use the answer.
std::optional<answer> read_answer(frames_view body);
// Appends the frames of the body. The caller writes the frames before it and ends the message. The exception's texts
// are made valid UTF-8.
void append_body(frame_list& to, const answer& a);
// Appends a worker's reply with that body.
void append(frame_list& to, const worker_message& m, const answer& a);

// Converts an exception to the core's form: an error of the method, with the class as the remote type.
message failure_of(call_id call, const exception& thrown);
// The first bytes of a text, at most `bytes_max`. It does not cut a character in two.
bytes_view clipped(bytes_view text, std::size_t bytes_max) noexcept;

// The answer to get_interfaces in the form of Python's workers: the methods, and get_interfaces itself.
std::string interfaces_of(const std::vector<method_descriptor>& methods);
// The form that Python's parser takes for the head of a function: "(a: int32, b: optional[string] = None, *args,
// **kwargs) -> list[int32]". Parameters without a name become positional-only ones.
std::string signature_of(const method_descriptor& m);

// Reads the answer to get_interfaces. Empty if it is not valid. Reads at most limits::methods_max methods.
std::optional<std::vector<method_descriptor>> read_interfaces(bytes_view result);

// --- errors ----------------------------------------------------------------------------------------------------------

// Converts an error of the core to a class name of this dialect, and back. Only names that brokers use are read back;
// any other name is errc::failed.
std::string_view class_of(errc status) noexcept;
errc status_of(std::string_view type) noexcept;
// "Type('text')", as Python would write it. A text that has that form already stays as it is.
std::string represent(std::string_view type, std::string_view text);

// --- recognition -----------------------------------------------------------------------------------------------------

// For a message that begins with an empty frame and `client_tag` or `worker_tag`: whether it is gate-rpc.
bool recognises(frames_view frames);
// Whether a peer of gate-rpc 0.1.x has sent it.
bool recognises_old(frames_view frames) noexcept;

}  // namespace gate::wire::gaterpc
