#include <array>

#include "broker/security/authenticator.hpp"

namespace gate::security {

namespace {

using row = counter_row<login_counters>;

constexpr std::array rows{
    row{"accepted", &login_counters::accepted, "logins that were accepted"},
    row{"refused", &login_counters::refused, "logins that were refused"},
    row{"put_off", &login_counters::later, "logins that could not be checked now; the peer may try again"},
    row{"throttled", &login_counters::throttled, "logins that were put off because too many before them had failed"},
    row{"from_cache", &login_counters::from_cache,
        "logins that were accepted without a new check, because the same was accepted before"},
    row{"hashed", &login_counters::hashed, "passwords that were checked against their hash"},
    row{"zap_timeouts", &login_counters::external_timeouts,
        "logins that an external ZAP service did not answer in time"},
};

}  // namespace

std::span<const counter_row<login_counters>> login_counter_table() noexcept { return rows; }

}  // namespace gate::security
