// The thread that decides logins of the transport. libzmq asks it, and no peer can connect until it answers. So its
// only other work is to watch the files of the store.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <zmq.hpp>

#include <gate/broker_options.hpp>
#include <gate/loop.hpp>
#include <gate/task.hpp>
#include <gate/task_group.hpp>
#include <gate/unique_function.hpp>

#include "broker/credential_store/store.hpp"
#include "broker/gatekeeper/src/shared_authenticator.hpp"
#include "broker/gatekeeper/src/zap_client.hpp"
#include "broker/gatekeeper/src/zap_server.hpp"

namespace gate::security {

class login_thread {
 public:
  // They run on this thread, unless the comment says otherwise.
  struct listeners {
    unique_function<void(const login_event&)> heard;                       // on any thread, one call at a time
    unique_function<void(const shared_authenticator::verdicts&)> decided;  // on any thread
    unique_function<void(const store::reloaded&)> reloaded;                // the logins use the new store already
    unique_function<void()> every_second;
    unique_function<void(std::string_view why)> ended;  // the thread ended by itself; the last call
  };

  // Binds the ZAP handler in that context, and the zap_bind addresses. `from` may be null; it outlives this. Throws
  // bind_error.
  login_thread(zmq::context_t& context, const broker_options& options, store* from, listeners tell);
  login_thread(const login_thread&) = delete;
  login_thread& operator=(const login_thread&) = delete;
  ~login_thread();

  // Any thread may call these.
  shared_authenticator& logins() noexcept { return logins_; }
  void reload();
  std::uint64_t requests() const noexcept;
  std::uint64_t malformed() const noexcept;

 private:
  std::unique_ptr<zap_client> connect(zmq::context_t& context, const std::string& endpoint);
  void bind(zmq::context_t& context, const std::string& endpoint, std::vector<std::string> domains);
  void run() noexcept;
  task<void> work();
  task<void> watch_the_time();
  void read_store();
  void tell_verdicts(const shared_authenticator::verdicts& late);

  store* const store_;
  listeners tell_;
  loop loop_;
  std::unique_ptr<zap_client> outside_;
  shared_authenticator logins_;
  std::vector<std::unique_ptr<zap_server>> servers_;
  task_group* working_ = nullptr;  // of this thread
  std::atomic<bool> leaving_{false};
  std::thread thread_;
};

}  // namespace gate::security
