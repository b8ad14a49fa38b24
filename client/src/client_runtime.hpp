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

#include <gate/client_options.hpp>
#include <gate/detail/call_events.hpp>
#include <gate/event.hpp>
#include <gate/loop.hpp>
#include <gate/protocol.hpp>

#include "client/session/client_session.hpp"
#include "common/channel/channel.hpp"
#include "common/channel/ticker.hpp"

namespace gate::client {

class runtime final : private session::handler, private peer::channel::handler {
 public:
  runtime(loop& where, const client_options& options);
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;

  // Begins a call, which ends once. Its events go to `caller`, which cancels the call before it goes, or to `stream`.
  // `m` is changed as session::begin() says.
  call_id begin(message& m, detail::reply_events& caller);
  call_id begin(message& m, std::shared_ptr<detail::stream_events> stream);
  // No event of the call follows. Does nothing when the call has ended.
  void cancel(call_id call);
  // For the caller's own stream: may_send_part() says whether an item may be sent now, send_part() sends it.
  bool may_send_part(call_id call) const noexcept { return session_.window_open(call) && channel_.writable(); }
  void send_part(call_id call, bytes_view item);
  void send_part(const message& m) { session_.part(m, loop_.now()); }
  void end_parts(call_id call);
  void grant(call_id call, std::uint32_t items, std::uint32_t bytes);

  // The most bytes that the broker takes in one message.
  std::uint64_t payload_bytes_max() const noexcept { return session_.payload_bytes_max(); }

  bool is_ready() const noexcept { return session_.current() == session::state::ready; }
  // Notified when the connection is made, when the broker refuses it for good, and before the runtime is destroyed.
  async_event& changes() noexcept { return changes_; }
  // Set once the broker has refused this client for good.
  std::exception_ptr refusal() const noexcept { return refusal_; }
  const std::string& last_loss() const noexcept { return last_loss_; }
  const std::string& endpoint() const noexcept { return session_.endpoint(); }
  absence why_absent() const noexcept { return session_.why_absent(); }

  // Ends all calls as cancelled, and the connection.
  void shut_down();

 private:
  struct open_call {
    call_id id{};
    detail::reply_events* caller = nullptr;
    std::shared_ptr<detail::stream_events> stream;
  };

  // session::handler
  void open(const std::string& endpoint) override { channel_.open(endpoint); }
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
  std::vector<open_call> open_calls_;  // indexed by the slot of their id
  peer::ticker<session> ticker_;
  async_event changes_;
  std::exception_ptr refusal_;
  std::string last_loss_;
};

}  // namespace gate::client
