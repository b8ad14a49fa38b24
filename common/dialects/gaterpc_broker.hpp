// Brokers of gate-rpc (Python's AMajordomo and Gate), in the form that the sessions of our worker and client know.
// docs/dialects.md, section 6, has the tables.
//
// Such a broker does not say how often it sends a heartbeat. This code expects one every five seconds, or at the
// session's own interval if that is longer.
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
  credentials shown;                                    // the user and password that each message carries in clear text
  std::uint64_t seed = 0;                               // for random ids
  std::uint8_t huge_encoding = payload_encoding::gzip;  // of HugeData, in both directions
};

// The common part of the broker of a worker and the broker of a client.
class gaterpc_broker : public foreign_broker {
 public:
  std::string begin() final;
  bool next(message& m) override;
  bool has_next() const noexcept override { return !for_session_.empty(); }

 protected:
  explicit gaterpc_broker(gaterpc_broker_options options) : options_(std::move(options)) {}

  virtual void forget() = 0;  // forgets the state of the last connection

  wire::login login() const noexcept;
  std::string new_id();  // 16 bytes

  // Queues a message for the session. Its texts must be literals, or in the frames of the present hear().
  void tell(const message& m) { for_session_.push_back(m); }
  void tell(message_type type, call_id call = call_id{});
  void tell_error(call_id call, errc status, std::string_view text);
  void tell_bye(errc status, std::string_view text);
  // Answers the hello, once for each connection.
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

// The broker as a worker's session sees it.
class gaterpc_broker_of_worker final : public gaterpc_broker {
 public:
  explicit gaterpc_broker_of_worker(gaterpc_broker_options options) : gaterpc_broker(std::move(options)) {}

  void say(const message& m, wire::frame_list& out) override;
  void hear(wire::frames_view frames, wire::frame_list& out) override;

  std::size_t open_calls() const noexcept { return open_.size(); }

 private:
  struct open_call {
    std::string client_id, request_id;
    wire::gaterpc::answer_form form{};   // of the answer: as sent so far, or as announced
    std::uint32_t items = 0, bytes = 0;  // sent since the last credit for the session
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
  std::string interfaces_;  // the answer to get_interfaces; empty if the worker has a method of that name
  open_calls_map open_;
  std::uint64_t last_call_ = 0;
  std::string scratch_;  // the last request's payload points into it
};

// The broker as a client's session sees it.
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
  // An open call. gate-rpc has no credit, so the parts for which the reader has not granted credit yet wait here.
  struct open_call {
    bool wants_stream = false;
    bool takes_huge = false;
    bool huge = false;  // the answer is a HugeData, and has begun
    bool one_way = false;
    bool releasable = false;  // it is in releasable_
    bool ended = false;       // nothing more comes; behind the backlog stands `failure`, or the end
    window credit;
    std::size_t backlog_items_max = 0, backlog_bytes_max = 0;
    std::deque<std::string> backlog;
    std::size_t backlog_bytes = 0;
    std::optional<message> failure;  // its views point into the two strings below
    std::string failure_text, failure_type;
    std::string service;    // set while the call is held
    wire::frame_list held;  // the request, not sent yet: the broker may not know its service yet
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

  std::string salt_;  // the first half of request ids
  open_calls_map open_;
  std::deque<call_id> releasable_;
  std::string released_;  // the last message of next() points into it
  std::string released_type_;
  // The services that the broker knows. Just after a connect it may not know all of them yet.
  std::set<std::string, std::less<>> services_;
  std::uint32_t polls_left_ = 0;
  std::uint32_t polls_unanswered_ = 0;
  std::size_t held_bytes_ = 0;
};

}  // namespace gate::peer
