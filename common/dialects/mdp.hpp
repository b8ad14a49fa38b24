// The common part of Majordomo's two versions: their commands, and the broker's view of their clients and workers.
// mdp01.cpp and mdp02.cpp have the frames of each command. docs/dialects.md says what they mean for the core.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <gate/result.hpp>

#include "common/dialects/foreign_peer.hpp"

namespace gate::wire::mdp {

// The commands by meaning. Their bytes differ between the versions.
enum class word : std::uint8_t { ready, request, partial, final, heartbeat, disconnect };

// Why frames are not a valid message of the dialect.
enum class fault : std::uint8_t {
  header,     // of another dialect
  too_short,  // frames are missing
  too_long,   // more frames than the command has
  unknown,    // no such command, or not in this direction
  delimiter,  // no empty frame behind the client's address
  service,    // an empty name, or one that is too long
};
std::string_view to_string(fault f) noexcept;

// Request: from the client. Partial and final: to the client.
struct client_message {
  word what{};
  bytes_view service;
  frames_view body;  // at least one frame
};

struct worker_message {
  word what{};
  bytes_view service;  // ready
  bytes_view address;  // request, partial, final
  frames_view body;    // request, partial, final: at least one frame
};

template <class Message> using reading = result<Message, fault>;

// One version of the protocol.
struct layout {
  std::string_view name;
  bool partials = false;  // an answer may have several replies
  reading<client_message> (*read_from_client)(frames_view) = nullptr;
  reading<client_message> (*read_to_client)(frames_view) = nullptr;
  reading<worker_message> (*read_from_worker)(frames_view) = nullptr;
  reading<worker_message> (*read_to_worker)(frames_view) = nullptr;
  void (*append_client)(frame_list&, const client_message&) = nullptr;
  void (*append_worker)(frame_list&, const worker_message&) = nullptr;
};

// --- bodies ----------------------------------------------------------------------------------------------------------

// The method of a body that names no method. A call of this method is composed as a body of its arguments only.
inline constexpr bytes_view body_method = "call";

struct call_view {
  bytes_view method;
  bytes_view payload;  // as message::payload
  bool named = false;
};
// Reads the call from a client's body. The payload may point into `scratch`.
call_view read_call(frames_view body, std::string& scratch);
// Composes the frames of a call for a worker into `body`: views into the payload and the method. Returns an empty text,
// or why the dialect cannot express the call.
std::string_view compose_call(const message& request, std::vector<bytes_view>& body);

// Converts a worker's body to a value in `scratch`: a binary, or a list of binaries.
bytes_view read_result(frames_view body, std::string& scratch);
// Appends the frames of a value for a client to `body`. They are views into the value.
void compose_result(bytes_view value, std::vector<bytes_view>& body);

// --- connections -----------------------------------------------------------------------------------------------------

// A client. Its replies hold only the name of the service, so the client can tell them apart only by their order. The
// dialect has no errors for clients.
class client_peer final : public foreign_peer {
 public:
  client_peer(const layout& version, const foreign_options& options)
      : version_(version), options_(options), joined_share_(options.owed) {}

  received receive(frames_view frames, frame_list& out) override;
  composed compose(const message& m, frame_list& out) override;

  std::size_t joined_bytes() const noexcept override { return joined_bytes_; }
  std::size_t open_calls() const noexcept { return open_.size(); }

 private:
  struct open_call {
    std::string service;
    std::vector<std::string> parts;  // collected frames, if the version allows only one reply
    std::size_t parts_bytes = 0;
  };
  using open_calls_map = std::unordered_map<call_id, open_call>;

  composed say_part(const message& m, open_calls_map::iterator call, frame_list& out);
  composed say_final(const message& m, open_calls_map::iterator call, frame_list& out);
  composed give_up(open_calls_map::iterator call);
  void close(open_calls_map::iterator call);

  const layout& version_;
  foreign_options options_;
  open_calls_map open_;
  std::size_t joined_bytes_ = 0;
  byte_share joined_share_;
  std::uint64_t last_call_ = 0;
  bool known_ = false;
  std::string scratch_;
  std::vector<bytes_view> body_;
};

// A worker. It has one call at a time.
class worker_peer final : public foreign_peer {
 public:
  explicit worker_peer(const layout& version) : version_(version) {}

  received receive(frames_view frames, frame_list& out) override;
  composed compose(const message& m, frame_list& out) override;

 private:
  enum class state : std::uint8_t { fresh, registered, left };

  received on_ready(const worker_message& m);
  received on_answer(const worker_message& m);
  composed give(const message& m, frame_list& out);
  void forget(call_id call);

  const layout& version_;
  state state_ = state::fresh;
  struct open_call {
    call_id call;
    bool streams = false;
    bool forgotten = false;  // nobody waits for its answer
  };
  std::vector<open_call> open_;
  std::string service_;
  std::string scratch_;
  std::vector<bytes_view> body_;
};

}  // namespace gate::wire::mdp
