// The broker's view of connections of gate-rpc clients and workers. Turns their frames into messages of the core, and
// back.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include <gate/descriptor.hpp>

#include "common/dialects/foreign_peer.hpp"
#include "common/dialects/gaterpc.hpp"

namespace gate::wire::gaterpc {

// The limit for a client's request id. Python's have 16 bytes.
inline constexpr std::size_t request_id_bytes_max = 255;

// A client. Before its first request it gives the core the hello that the core expects.
class client_peer final : public foreign_peer {
 public:
  explicit client_peer(const foreign_options& options) : options_(options) {}

  received receive(frames_view frames, frame_list& out) override;
  composed compose(const message& m, frame_list& out) override;
  void decline(frames_view frames, errc why, std::string_view text, frame_list& out) override;

  std::size_t open_calls() const noexcept { return open_.size(); }

 private:
  struct open_call {
    std::string service, request_id;
    answer_form form = answer_form::single;
  };
  using open_calls_map = std::unordered_map<call_id, open_call>;

  received begin(const client_message& from, const arguments& a);
  composed say_part(const message& m, open_calls_map::iterator call, frame_list& out);
  composed begin_huge(const message& m, open_calls_map::iterator call, frame_list& out);
  composed say_final(const message& m, open_calls_map::iterator call, frame_list& out);
  composed say_error(const message& m, open_calls_map::iterator call, frame_list& out);
  composed give_up(open_calls_map::iterator call, std::string_view why, frame_list& out);

  foreign_options options_;
  open_calls_map open_;
  std::uint64_t last_call_ = 0;
  bool known_ = false;   // its hello has been given to the core
  std::string scratch_;  // the last message's payload points into it
};

// A worker. Its READY is answered at once, and the worker is asked for its methods. The hello for the core follows with
// their list, or without it by settle().
class worker_peer final : public foreign_peer {
 public:
  explicit worker_peer(const foreign_options& options) : options_(options) {}

  received receive(frames_view frames, frame_list& out) override;
  composed compose(const message& m, frame_list& out) override;
  void decline(frames_view frames, errc why, std::string_view text, frame_list& out) override;

  bool asking() const noexcept override { return state_ == state::asked; }
  received settle() override;

 private:
  enum class state : std::uint8_t { fresh, asked, registered, left };

  received on_ready(const worker_message& m, frame_list& out);
  received on_reply(const worker_message& m);
  received on_chunk(call_id call, bytes_view raw);
  received on_interfaces(frames_view body);
  received register_now();
  composed give(const message& m, frame_list& out);

  foreign_options options_;
  state state_ = state::fresh;
  std::string service_;
  std::uint32_t capacity_ = 0;
  descriptor described_;
  std::unordered_map<call_id, bool> given_;  // calls that the worker has not answered; true: it began a HugeData
};

}  // namespace gate::wire::gaterpc
