#include <array>

#include "broker/gatekeeper/gatekeeper.hpp"

namespace gate::security {

namespace {

using row = counter_row<gatekeeper_counters>;

constexpr std::array rows{
    row{"zap_requests", &gatekeeper_counters::zap_requests,
        "ZAP requests, of the broker's own addresses and of other programs at `zap_bind`"},
    row{"zap_malformed", &gatekeeper_counters::zap_malformed, "of `zap_requests`: messages that are no request of ZAP"},
    row{"store_reloads", &gatekeeper_counters::reloads, "times that another credential store came into force"},
    row{"store_reloads_failed", &gatekeeper_counters::reloads_failed,
        "credential stores that were broken, so that the former one stayed in force"},
    row{"audit_lines_lost", &gatekeeper_counters::audit_lost, "lines of the audit log that could not be written"},
};

}  // namespace

std::span<const counter_row<gatekeeper_counters>> gatekeeper_counter_table() noexcept { return rows; }

}  // namespace gate::security
