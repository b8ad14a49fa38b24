// A client at work: the session, the channel that it sends through, and the calls that wait for a reply. Lives on one
// loop, and is for that loop's thread only. It resumes no coroutine itself: it makes the waiting ones ready to run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gate/bounded_map.hpp>
#include <gate/client_options.hpp>
#include <gate/event.hpp>
#include <gate/loop.hpp>
#include <gate/protocol.hpp>
#include <gate/reply.hpp>
#include <gate/unique_function.hpp>

#include "client/session/client_session.hpp"
#include "common/channel/channel.hpp"
#include "common/channel/ticker.hpp"

namespace gate::client {

// A call with more than one message in its reply.
class stream_events {
 public:
  virtual ~stream_events() = default;
  virtual void on_part(const message& m) = 0;
  virtual void on_window() = 0;  // an item of the caller's own stream may be sent (again)
  virtual void on_final(const message& m) = 0;
  virtual void on_error(std::exception_ptr error) = 0;
};

class runtime final : private session::handler, private peer::channel::handler {
 public:
  // The calls that wait for a reply, by the key of their place.
  using call_table = bounded_map<std::uint64_t, Reply>;

  runtime(loop& where, const client_options& options);
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;

  call_table& calls() noexcept { return calls_; }
  std::uint64_t next_key() noexcept { return ++key_; }

  // Begins a call: either one for which `key` is reserved in calls(), or one whose events go to `stream`. Each ends
  // once.
  call_id begin(const message& m, std::uint64_t key);
  call_id begin(const message& m, std::shared_ptr<stream_events> stream);
  // Does nothing when the call has ended.
  void cancel(call_id call);
  // For the caller's own stream: may_send_part() says whether an item may be sent now, send_part() sends it.
  bool may_send_part(call_id call) const noexcept { return session_.window_open(call) && channel_.writable(); }
  void send_part(call_id call, bytes_view item);
  void send_part(const message& m) { session_.part(m, loop_.now()); }
  void end_parts(call_id call);
  void grant(call_id call, std::uint32_t items, std::uint32_t bytes);

  // Makes the object that takes the rest of a reply that turns out to come in chunks. `key` is the key the call began
  // with.
  using huge_answer_maker = unique_function<std::shared_ptr<stream_events>(call_id call, std::uint64_t key)>;
  void on_huge_answer(huge_answer_maker make) { make_huge_answer_ = std::move(make); }
  // The most bytes that the broker takes in one message.
  std::uint64_t payload_bytes_max() const noexcept { return session_.payload_bytes_max(); }

  bool is_ready() const noexcept { return session_.current() == session::state::ready; }
  // Notified when the connection is made, when the broker refuses it for good, and before the runtime is destroyed.
  async_event& changes() noexcept { return changes_; }
  // Set once the broker has refused this client for good.
  std::exception_ptr refusal() const noexcept { return refusal_; }
  const std::string& last_loss() const noexcept { return last_loss_; }
  absence why_absent() const noexcept { return session_.why_absent(); }

  // Ends all calls as cancelled, and the connection.
  void shut_down();

 private:
  struct open_call {
    call_id id{};
    std::uint64_t key = 0;
    std::shared_ptr<stream_events> stream;
  };

  // session::handler
  void open() override { channel_.open(); }
  void close() override { channel_.close(); }
  void send(const message& m) override { channel_.send(m); }
  void part(call_id call, const message& m) override;
  void window_opened(call_id call) override;
  void finished(call_id call, const message& m) override;
  void failed(call_id call, const session::failure& f) override;
  void ready(const message& welcome) override;
  void lost(errc why, std::string_view text, std::chrono::milliseconds pause) override;
  void closed(errc why, std::string_view text) override;
  // peer::channel::handler
  void connected() override { session_.connected(loop_.now()); }
  void ended(errc why, std::string_view text) override { session_.ended(why, text, loop_.now()); }
  void received(const message& m) override { session_.received(m, loop_.now()); }
  void arriving() override { session_.arriving(loop_.now()); }
  void malformed(std::string_view why) override { session_.malformed(why, loop_.now()); }
  void flushed() override;

  open_call* find(call_id call) noexcept;
  open_call& enter(call_id call);

  loop& loop_;
  peer::channel channel_;
  session session_;
  void answered(std::uint64_t key, const message& m);

  call_table calls_;
  std::vector<open_call> open_calls_;  // indexed by the slot of their id
  huge_answer_maker make_huge_answer_;
  std::uint64_t key_ = 0;
  peer::ticker<session> ticker_;
  async_event changes_;
  std::exception_ptr refusal_;
  std::string last_loss_;
};

}  // namespace gate::client
