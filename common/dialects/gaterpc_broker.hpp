// Brokers of gate-rpc, Python's AMajordomo and Gate, as our worker and our client know a broker. docs/dialects.md,
// section 6, has their tables.
//
// Such a broker does not say how often it sends a heartbeat: it is taken to be every five seconds, unless the session's
// own interval is longer.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <gate/credentials.hpp>
#include <gate/protocol.hpp>

#include "common/dialects/foreign_broker.hpp"
#include "common/dialects/gaterpc.hpp"
#include "common/protocol/window.hpp"

namespace gate::peer {

struct gaterpc_broker_options {
  credentials shown;                                    // a user and a password leave in clear text with each message
  std::uint64_t seed = 0;                               // of ids
  std::uint8_t huge_encoding = payload_encoding::gzip;  // of HugeData, in both directions
};

// What both have in common.
class gaterpc_broker : public foreign_broker {
 public:
  std::string begin() final;
  bool next(message& m) override;
  bool has_next() const noexcept override { return !for_session_.empty(); }

 protected:
  explicit gaterpc_broker(gaterpc_broker_options options) : options_(std::move(options)) {}

  virtual void forget() = 0;  // what belonged to the last connection

  wire::login login() const noexcept;
  std::string new_id();  // 16 bytes

  // For the session, behind what is there already. Its texts are literals, or in the frames being heard.
  void tell(const message& m) { for_session_.push_back(m); }
  void tell(message_type type, call_id call = call_id{});
  void tell_error(call_id call, errc status, std::string_view text);
  void tell_bye(errc status, std::string_view text);
  // The hello is answered, once for each connection.
  void tell_welcome();

  void keep_times(const message& hello) noexcept;
  bool welcomed() const noexcept { return welcomed_; }
  std::uint8_t huge_encoding() const noexcept { return options_.huge_encoding; }

 private:
  gaterpc_broker_options options_;
  std::deque<message> for_session_;
  std::chrono::milliseconds heartbeat_interval_{};
  std::uint32_t heartbeat_liveness_ = 0;
  bool welcomed_ = false;
};

// A worker's.
class gaterpc_broker_of_worker final : public gaterpc_broker {
 public:
  explicit gaterpc_broker_of_worker(gaterpc_broker_options options) : gaterpc_broker(std::move(options)) {}

  void say(const message& m, wire::frame_list& out) override;
  void hear(wire::frames_view frames, wire::frame_list& out) override;

  std::size_t open_calls() const noexcept { return open_.size(); }

 private:
  struct open_call {
    std::string client_id, request_id;
    wire::gaterpc::answer_form form{};   // what has left of its answer, or was announced
    std::uint32_t items = 0, bytes = 0;  // sent since the session's credit was renewed
  };
  using open_calls_map = std::unordered_map<call_id, open_call>;

  void forget() override;
  void say_command(wire::gaterpc::command what, wire::frames_view body, wire::frame_list& out) const;
  void say_ready(const message& hello, wire::frame_list& out);
  void say_part(const message& m, open_calls_map::iterator call, wire::frame_list& out);
  void say_final(const message& m, open_calls_map::iterator call, wire::frame_list& out);
  void say_error(errc status, std::string_view type, std::string_view text, open_calls_map::iterator call,
                 wire::frame_list& out);
  void reply(const open_call& to, const wire::gaterpc::answer& a, wire::frame_list& out) const;
  void take_request(const wire::gaterpc::worker_message& m, wire::frame_list& out);

  std::string service_;
  std::uint32_t capacity_ = 0;
  std::string interfaces_;  // the answer to get_interfaces; empty when the worker has such a method itself
  open_calls_map open_;
  std::uint64_t last_call_ = 0;
  std::string scratch_;  // what the last request's payload points into
};

// A client's.
class gaterpc_broker_of_client final : public gaterpc_broker {
 public:
  explicit gaterpc_broker_of_client(gaterpc_broker_options options) : gaterpc_broker(std::move(options)) {}

  void say(const message& m, wire::frame_list& out) override;
  void hear(wire::frames_view frames, wire::frame_list& out) override;
  bool next(message& m) override;
  bool has_next() const noexcept override { return gaterpc_broker::has_next() || !releasable_.empty(); }

  std::size_t open_calls() const noexcept { return open_.size(); }
  std::size_t held_bytes() const noexcept { return held_bytes_; }

 private:
  // A call whose answer, as far as its reader has not asked for it yet, waits here: gate-rpc has no credit.
  struct open_call {
    bool wants_stream = false;
    bool takes_huge = false;
    bool huge = false;  // its answer is a HugeData, and has begun
    bool one_way = false;
    bool releasable = false;  // it is in releasable_
    bool ended = false;       // no more comes; `failure` or the end is due behind the items
    window credit;
    std::size_t backlog_items_max = 0, backlog_bytes_max = 0;
    std::deque<std::string> backlog;
    std::size_t backlog_bytes = 0;
    std::optional<message> failure;  // its text and type are in the strings
    std::string failure_text, failure_type;
    std::string service;    // of one that is held
    wire::frame_list held;  // not sent yet: the broker may come to know its service
  };
  using open_calls_map = std::unordered_map<call_id, open_call>;

  void forget() override;
  void ask(call_id id, bytes_view method, bytes_view arguments, wire::frame_list& out) const;
  void ask_services(wire::frame_list& out);
  void say_request(const message& m, wire::frame_list& out);
  void append_request(const message& m, const wire::gaterpc::arguments& a, wire::frame_list& out) const;
  bool to_be_held(const message& m) const;
  void release_held(wire::frame_list& out);
  void take_services(wire::frames_view body, wire::frame_list& out);
  void take_credit(const message& m);
  void take_answer(open_calls_map::iterator call, const wire::gaterpc::answer& a);
  void take_item(open_calls_map::iterator call, bytes_view item);
  void take_chunk(open_calls_map::iterator call, bytes_view raw);
  void give_part(open_calls_map::iterator call, bytes_view raw);
  void take_end(open_calls_map::iterator call);
  void take_failure(open_calls_map::iterator call, const wire::gaterpc::exception& thrown);
  void fail(open_calls_map::iterator call, errc status, std::string_view text);
  void erase(open_calls_map::iterator call);
  void may_release(call_id id, open_call& c);
  bool release(open_calls_map::iterator call, message& m);

  std::string salt_;  // first half of our request ids
  open_calls_map open_;
  std::deque<call_id> releasable_;
  std::string released_;  // what the last message of next() points into
  std::string released_type_;
  // While the connection is young, its broker may not know all services yet.
  std::set<std::string, std::less<>> services_;
  std::uint32_t polls_left_ = 0;
  std::uint32_t polls_unanswered_ = 0;
  std::size_t held_bytes_ = 0;
};

}  // namespace gate::peer
