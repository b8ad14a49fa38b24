#include "broker/engine/io_counters.hpp"

namespace gate::broker {

namespace {

using row = counter_row<io_counters>;

constexpr std::array rows{
    row{"messages_received", &io_counters::messages_received,
        "ZeroMQ messages that came; each is a batch of envelopes"},
    row{"envelopes_received", &io_counters::envelopes_received, "messages in these batches"},
    row{"bytes_received", &io_counters::bytes_received, "bytes of these batches"},
    row{"messages_sent", &io_counters::messages_sent, "ZeroMQ messages that left; each is a batch of envelopes"},
    row{"envelopes_sent", &io_counters::envelopes_sent, "messages in these batches"},
    row{"bytes_sent", &io_counters::bytes_sent, "bytes of these batches"},
    row{"connections_accepted", &io_counters::connections_accepted, "connections that were accepted"},
    row{"connections_refused", &io_counters::connections_refused,
        "connections beyond `peers_max`, or beyond the files that the process may have open"},
    row{"address_refused", &io_counters::address_refused,
        "connections beyond `peers_per_address_max` of their address"},
    row{"impostors", &io_counters::impostors, "messages with the routing id of another connection, or of another user"},
    row{"logins_refused", &io_counters::logins_refused, "messages that were refused because of their login"},
    row{"logins_put_off", &io_counters::logins_put_off, "messages whose login could not be checked"},
    row{"handshakes_failed", &io_counters::handshakes_failed,
        "handshakes of the transport that failed: no ZMTP, another mechanism, or broken off"},
    row{"handshakes_refused", &io_counters::handshakes_refused,
        "handshakes that ended because the login was refused or put off"},
    row{"ended_early", &io_counters::ended_early,
        "connections that ended before their first message, those of the two rows above included"},
    row{"unrecognised", &io_counters::unrecognised, "first messages in a dialect that the broker does not know"},
    row{"too_many_frames", &io_counters::too_many_frames, "messages of more than `frames_max` frames"},
    row{"silent", &io_counters::silent, "connections that were cut at `hello_timeout`"},
    row{"too_slow", &io_counters::too_slow, "peers that were cut because they did not read"},
    row{"owed_too_much", &io_counters::owed_too_much, "of `too_slow`: for `out_queue_total_bytes_max`"},
    row{"too_slow_bytes", &io_counters::too_slow_bytes, "of `too_slow`: for `out_queue_bytes_max`"},
    row{"too_slow_age", &io_counters::too_slow_age, "of `too_slow`: for `out_queue_age_max`"},
    row{"silent_peers", &io_counters::silent_peers, "peers that were cut because no sign of life came from them"},
    row{"discarded", &io_counters::discarded, "messages of peers that had been cut"},
    row{"not_understood", &io_counters::not_understood,
        "wrong messages of another dialect that were answered or ignored"},
    row{"not_sayable", &io_counters::not_sayable,
        "messages that the dialect of the peer cannot express, such as errors in MDP"},
    row{"silent_workers", &io_counters::silent_workers,
        "idle workers of another dialect that were cut because they were silent"},
    row{"parked", &io_counters::parked, "times that the transport did not take a batch at once"},
};

}  // namespace

std::span<const counter_row<io_counters>> io_counter_table() noexcept { return rows; }

}  // namespace gate::broker
