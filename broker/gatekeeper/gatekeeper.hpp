// Who stands at the broker's door: the store, the logins, the ZAP handler and the audit log of one broker.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <zmq.hpp>

#include <gate/broker_options.hpp>
#include <gate/loop.hpp>
#include <gate/unique_function.hpp>

#include "broker/credential_store/snapshot.hpp"
#include "broker/gatekeeper/audit.hpp"
#include "broker/security/authenticator.hpp"
#include "broker/security/endpoint_auth.hpp"

namespace gate::security {

// What the files that the options name hold is in order: the store, the broker's key. Throws store_error or
// private_file_error.
void check_files(const broker_options& options);

struct gatekeeper_counters {
  login_counters logins;
  std::uint64_t zap_requests = 0;    // from our own ports, and from others at zap_bind
  std::uint64_t zap_malformed = 0;   // of them: no request of ZAP
  std::uint64_t reloads = 0;         // stores that came into force after the first
  std::uint64_t reloads_failed = 0;  // stores that were broken: the one before stays in force
  std::uint64_t audit_lost = 0;      // lines that could not be written
};

// Made before any port is bound and gone after the last. Belongs to the loop's thread, but for what says otherwise.
// Without a store and without a ZAP service it does nothing and costs nothing: no thread, no socket.
class gatekeeper {
 public:
  // Loads the store, opens the audit log and binds the ZAP handler. Throws bind_error, whatever it is that fails.
  gatekeeper(loop& where, const broker_options& options);
  gatekeeper(const gatekeeper&) = delete;
  gatekeeper& operator=(const gatekeeper&) = delete;
  ~gatekeeper();

  // There is somebody to be asked: a store or a ZAP service.
  bool decides() const noexcept;

  // Where ports whose peers log in are to be made: libzmq has one ZAP handler a context, so it is this broker's own,
  // unless there is nothing to decide. Inproc ports belong into the process's shared context in any case.
  zmq::context_t& context() noexcept;
  // Gives a socket, before it is bound, what that way to log in needs. The key is read from its file, and wiped.
  // Throws private_file_error and zmq::error_t.
  void prepare(zmq::socket_t& port, auth how) const;

  // What the store says now; null without one. Any thread.
  std::shared_ptr<const snapshot> current() const;
  // Called on the loop after each reload that took effect. What the loop does after it goes by the new one.
  void on_change(unique_function<void(std::shared_ptr<const snapshot>)> hear);

  // A login within a message, on the loop: the verdict at once, or later through `decided`, on the loop, each exactly
  // once. Cheap with the `former` proof of the connection. Bounded: beyond it the verdict is `later`.
  std::optional<verdict> check(const attempt& what, unique_function<void(verdict)> decided);

  // Any thread. Nothing without an audit log.
  void audit(const audit_record& what) noexcept;

  // Reads the store again, and opens the audit log again; a change of the store's files does the first by itself.
  // Takes effect later, see on_change. A broken store leaves the old one in force and says so in the log.
  void reload();

  // The ZAP handler ended: nobody can come in any more, so the broker must end. On the loop, at most once.
  void on_failure(unique_function<void(std::string_view why)> hear);

  // Any thread.
  gatekeeper_counters counted() const;

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace gate::security
