// Admits peers to one broker. Owns its credential store, its logins, its ZAP handler and its audit log.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <zmq.hpp>

#include <gate/broker_options.hpp>
#include <gate/loop.hpp>
#include <gate/unique_function.hpp>

#include "broker/credential_store/snapshot.hpp"
#include "broker/gatekeeper/audit.hpp"
#include "broker/security/authenticator.hpp"
#include "broker/security/endpoint_auth.hpp"
#include "common/base/counter_table.hpp"

namespace gate::security {

// Checks the files that the options name: the store and the broker's key. Throws store_error or private_file_error.
void check_files(const broker_options& options);

struct gatekeeper_counters {
  login_counters logins;
  std::uint64_t zap_requests = 0;    // from the broker's own ports, and from others at zap_bind
  std::uint64_t zap_malformed = 0;   // of them: not valid in ZAP
  std::uint64_t reloads = 0;         // stores put in force after the first
  std::uint64_t reloads_failed = 0;  // broken stores: the former one stays in force
  std::uint64_t audit_lost = 0;      // lines that could not be written
};
// A sentence for each counter besides those of logins, for operators.
std::span<const counter_row<gatekeeper_counters>> gatekeeper_counter_table() noexcept;

// Make it before the broker binds a port, and destroy it after the last port. Use it on the loop's thread, except where
// a comment says otherwise. Without a store and without a ZAP service it starts no thread and opens no socket.
class gatekeeper {
 public:
  // Loads the store, opens the audit log and binds the ZAP handler. Throws bind_error for any failure.
  gatekeeper(loop& where, const broker_options& options);
  gatekeeper(const gatekeeper&) = delete;
  gatekeeper& operator=(const gatekeeper&) = delete;
  ~gatekeeper();

  // True if there is a store or a ZAP service.
  bool decides() const noexcept;

  // The context for ports whose peers log in. libzmq has one ZAP handler per context, so each broker with logins has a
  // context of its own. Inproc ports always belong into the process's shared context.
  zmq::context_t& context() noexcept;
  // Sets the options of that way to log in on a socket. Call it before bind. The key is read from its file, and wiped.
  // Throws private_file_error and zmq::error_t.
  void prepare(zmq::socket_t& port, auth how) const;

  // The store in force. Null if there is none. Any thread.
  std::shared_ptr<const snapshot> current() const;
  // `hear` runs on the loop after each reload that took effect. From then on the loop uses the new store.
  void on_change(unique_function<void(std::shared_ptr<const snapshot>)> hear);

  // Checks a login that came in a message. Call it on the loop. The verdict comes at once, or later through `decided`
  // on the loop, exactly once. It is cheap with the `former` proof of the connection. If too many logins are in check,
  // the verdict is `later`.
  std::optional<verdict> check(const attempt& what, unique_function<void(verdict)> decided);

  // Any thread. Does nothing without an audit log.
  void audit(const audit_record& what) noexcept;

  // Reads the store again and opens the audit log again. Takes effect later, see on_change. If the store is broken, the
  // old one stays in force and the log says so. A change of the store's files has the store read again without this
  // call.
  void reload();

  // `hear` runs on the loop if the ZAP handler ends, at most once. Nobody can log in any more, so the broker must end.
  void on_failure(unique_function<void(std::string_view why)> hear);

  // Any thread.
  gatekeeper_counters counted() const;

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace gate::security
