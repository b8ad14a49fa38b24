#include "broker/core/counters.hpp"

namespace gate::broker {

namespace {

constexpr std::array counter_rows{
    counter_row<counters>{"accepted", &counters::accepted, "requests that were taken in"},
    counter_row<counters>{"redispatched", &counters::redispatched, "times that a call was given to another worker"},
    counter_row<counters>{"late_answers", &counters::late_answers, "messages of workers for calls that had ended"},
    counter_row<counters>{"parts", &counters::parts, "items of streams that were passed on, in both directions"},
    counter_row<counters>{"overruns", &counters::overruns,
                          "calls that ended because a producer sent more than it was granted credit for"},
    counter_row<counters>{"malformed", &counters::malformed, "peers that sent a message that cannot be parsed"},
    counter_row<counters>{"violations", &counters::violations,
                          "peers that sent a valid message that their state does not allow"},
    counter_row<counters>{"cut", &counters::cut, "peers that were told why and cut, for any reason"},
    counter_row<counters>{"stalls", &counters::stalls, "times that a worker was found stalled"},
    counter_row<counters>{"displaced", &counters::displaced,
                          "queued calls that ended as busy, to make room for shares with less"},
    counter_row<counters>{"recalls", &counters::recalls,
                          "times that a worker was asked to hand a call back, since another one was idle"},
    counter_row<counters>{
        "slots_given_back", &counters::slots_given_back,
        "slots that were freed because a worker of another dialect owed the reply for `slot_timeout`"},
    counter_row<counters>{"offers_refused", &counters::offers_refused,
                          "registrations of peers that may not offer the service"},
    counter_row<counters>{"offers_ended", &counters::offers_ended,
                          "workers that were dismissed because they may not offer their service any more"},
    counter_row<counters>{"over_allowance", &counters::over_allowance,
                          "requests beyond what their principal may have under way"},
    counter_row<counters>{"over_method_rate", &counters::over_method_rate,
                          "requests beyond the rate that the operator allows to their method"},
};

constexpr std::array total_rows{
    counter_row<totals, std::size_t>{"clients", &totals::clients, "clients that have said hello"},
    counter_row<totals, std::size_t>{"workers", &totals::workers, "workers that have said hello"},
    counter_row<totals, std::size_t>{"services", &totals::services,
                                     "services that have workers, or calls that wait for one"},
    counter_row<totals, std::size_t>{"queued", &totals::queued, "calls that wait for a worker"},
    counter_row<totals, std::size_t>{"queued_bytes", &totals::queued_bytes, "bytes of these calls"},
    counter_row<totals, std::size_t>{"in_flight", &totals::in_flight, "calls that a worker holds"},
    counter_row<totals, std::size_t>{"kept_bytes", &totals::kept_bytes,
                                     "bytes of calls that a worker holds, kept for a second attempt"},
};

}  // namespace

std::span<const counter_row<counters>> counter_table() noexcept { return counter_rows; }
std::span<const counter_row<totals, std::size_t>> total_table() noexcept { return total_rows; }

}  // namespace gate::broker
