// Runs a Worker: connects its session, channel, dispatcher and pool. One loop.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <gate/event.hpp>
#include <gate/loop.hpp>
#include <gate/thread_pool.hpp>
#include <gate/worker.hpp>

#include "common/channel/channel.hpp"
#include "common/channel/ticker.hpp"
#include "common/interface/dispatcher.hpp"
#include "worker/session/worker_session.hpp"

namespace gate::worker {

// The name under which `what` is served: from the options, else the Worker's own, else the default service.
std::string service_of(const Worker& what, const worker_options& options);

class runtime final : private session::handler, private peer::channel::handler, private answers {
 public:
  // Throws std::logic_error if two methods of the Worker contradict each other.
  runtime(loop& where, Worker& what, worker_options options);
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;
  ~runtime();

  // See serve(). Call it once.
  task<void> run();
  void drain();
  bool use_credentials(const credentials& own);
  bool registered() const noexcept { return session_.current() == session::state::serving; }

 private:
  // session::handler
  void open() override { channel_.open(); }
  void close() override { channel_.close(); }
  void send(const message& m) override { channel_.send(m); }
  void request(const message& m) override { dispatcher_.request(m); }
  void part(const message& m) override { dispatcher_.part(m); }
  void window_opened(call_id call) override { dispatcher_.window_opened(call); }
  void cancelled(call_id call, errc why) override { dispatcher_.cancelled(call, why); }
  void recalled(call_id call) override { dispatcher_.recalled(call); }
  void serving(const message& welcome) override;
  void broker_drains() override;
  void lost(errc why, std::string_view text, std::chrono::milliseconds pause) override;
  void closed(errc why, std::string_view text) override;

  // peer::channel::handler
  void connected() override { session_.connected(loop_.now()); }
  void ended(errc why, std::string_view text) override { session_.ended(why, text, loop_.now()); }
  void received(const message& m) override { session_.received(m, loop_.now()); }
  void arriving() override { session_.arriving(loop_.now()); }
  void malformed(std::string_view why) override { session_.malformed(why, loop_.now()); }
  void flushed() override { dispatcher_.flushed(); }

  // answers
  bool window_open(call_id call) const noexcept override { return session_.window_open(call); }
  bool writable() const noexcept override { return channel_.writable(); }
  bool part(call_id call, payload_view item) override { return session_.part(call, item); }
  bool huge_part(const message& m) override { return session_.part(m); }
  bool final(const message& m) override { return session_.final(m); }
  bool error(const message& m) override { return session_.error(m); }
  bool hand_back(const message& request) override { return session_.hand_back(request); }
  bool grant(call_id call, std::uint32_t items, std::uint32_t byte_count) override {
    return session_.grant(call, items, byte_count);
  }

  dispatcher_options dispatch_options();
  session_options registration() const;
  peer::channel_options transport() const;
  std::string encoded_descriptor() const;

  task<void> leave();
  void stuck();
  // Calls one of the callbacks of the options, and logs what it throws.
  void tell(std::string_view name, const std::function<void()>& callback) noexcept;

  loop& loop_;
  Worker& worker_;
  worker_options options_;
  std::string service_;
  thread_pool pool_;
  dispatcher dispatcher_;
  session session_;
  peer::channel channel_;
  peer::ticker<session> ticker_;
  timer_key drain_timer_;
  async_event closed_;
  errc why_closed_ = errc::ok;
  std::string closed_text_;
  bool draining_ = false;
  std::string told_loss_;  // the reason that was logged last for not being connected
  instant told_loss_at_{};
};

}  // namespace gate::worker
