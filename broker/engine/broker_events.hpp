// Reports what happens at this broker: log lines about peers, the audit log, and the hooks of a Broker. It is the
// core's observer. The loop's thread only.
#pragma once

#include <cstdint>
#include <string_view>

#include <gate/loop.hpp>
#include <gate/unique_function.hpp>

#include "broker/core/core_output.hpp"
#include "broker/gatekeeper/audit.hpp"
#include "common/log/log_limiter.hpp"

namespace gate::broker {

class broker_events final : public observer {
 public:
  // Writes a record to the audit log.
  using audit_writer = unique_function<void(const security::audit_record&)>;

  // `audits_operators`: calls of operator methods go to the audit log. `hooks` is told what the core tells, except of
  // the broker's own service. It may be null, and outlives this.
  broker_events(const loop& where, audit_writer audit, bool audits_operators, observer* hooks)
      : loop_(where), audit_(std::move(audit)), audits_operators_(audits_operators), hooks_(hooks) {}

  // Writes the warning "what: about", or "what" if `about` is empty. Lines about peers are limited in number.
  void complain(std::string_view what, std::string_view about);
  void audit(const security::audit_record& what) { audit_(what); }

  void worker_up(const worker_record& w) override;
  void worker_down(const worker_record& w, std::string_view why) override;
  void worker_stalled(const worker_record& w, bool stalled) override;
  void slot_given_back(const worker_record& w, std::string_view method, std::uint64_t so_far) override;
  void service_up(std::string_view service) override;
  void service_down(std::string_view service) override;
  void call_done(const call_record& call) override;
  void refused(const refusal_record& r) override;

 private:
  bool may_log();

  const loop& loop_;
  audit_writer audit_;
  const bool audits_operators_;
  observer* const hooks_;
  log_limiter lines_;
};

}  // namespace gate::broker
