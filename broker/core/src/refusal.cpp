#include "broker/core/refusal.hpp"

namespace gate::broker {

namespace {

constexpr std::array<refusal_row, refusal_count> table{{
    {refusal::bad_service_name, errc::invalid_argument, "bad_service_name",
     "requests whose service is not called NAME or NAMESPACE/NAME"},
    {refusal::call_denied, errc::permission_denied, "call_denied", "requests that no role of their principal allows"},
    {refusal::over_allowance, errc::busy, "over_allowance",
     "requests beyond what their principal may have under way (`requests_per_second_max`, `principal_bytes_max`)"},
    {refusal::over_method_rate, errc::busy, "over_method_rate",
     "requests beyond the rate of their method (`requests_per_second_max` of a method)"},
    {refusal::arguments_too_large, errc::too_large, "arguments_too_large",
     "requests whose arguments are larger than `payload_bytes_max`"},
    {refusal::budget_over, errc::timed_out, "budget_over", "requests that came when their budget was over"},
    {refusal::broker_draining, errc::unavailable, "broker_draining", "requests that came while the broker was leaving"},
    {refusal::client_calls_full, errc::busy, "client_calls_full",
     "requests of clients that had `client_calls_max` calls open"},
    {refusal::no_worker, errc::unavailable, "no_worker", "requests for services without a worker"},
    {refusal::unknown_names_full, errc::busy, "unknown_names_full",
     "requests for services that no worker has offered yet, when half of `services_max` was taken"},
    {refusal::no_method, errc::no_method, "no_method", "requests for methods that no worker of the service has"},
    {refusal::queue_full, errc::busy, "queue_full", "requests that met a full queue (`queue_max`)"},
    {refusal::queue_bytes_full, errc::busy, "queue_bytes_full",
     "requests that met a queue with all its bytes (`queue_bytes_max`)"},
    {refusal::total_queue_full, errc::busy, "total_queue_full",
     "requests that met full queues of the broker (`queue_total_max`)"},
    {refusal::total_queue_bytes_full, errc::busy, "total_queue_bytes_full",
     "requests that met queues with all bytes that the broker allows (`queue_total_bytes_max`)"},
    {refusal::client_bytes_full, errc::busy, "client_bytes_full",
     "requests of clients that had `client_bytes_max` queued"},
    {refusal::no_memory, errc::busy, "no_memory", "requests for which the broker had no memory"},
    {refusal::pieces_full, errc::busy, "pieces_full",
     "requests in pieces, when too many bytes of such requests were on their way (`queue_total_bytes_max`)"},
    {refusal::malformed, errc::protocol_error, "malformed", "peers that sent a message that cannot be parsed"},
    {refusal::wrong_frames, errc::protocol_error, "wrong_frames",
     "peers that sent a batch in more frames than the protocol has"},
    {refusal::too_many_frames, errc::protocol_error, "too_many_frames",
     "peers that sent a message of more than `frames_max` frames"},
    {refusal::message_lost, errc::protocol_error, "message_lost",
     "peers whose message, no request, was lost for lack of memory"},
    {refusal::no_hello, errc::protocol_error, "no_hello", "peers whose first message was no hello"},
    {refusal::late_hello, errc::timed_out, "late_hello", "peers that said no hello within `hello_timeout`"},
    {refusal::bad_hello, errc::protocol_error, "bad_hello",
     "peers whose hello stated no role, no service, or no capacity"},
    {refusal::too_many_hellos, errc::protocol_error, "too_many_hellos",
     "peers that said hello too often on one connection"},
    {refusal::old_version, errc::unsupported, "old_version", "peers of another version of the protocol"},
    {refusal::several_services, errc::unsupported, "several_services",
     "workers that offered several services on one connection"},
    {refusal::unexpected_message, errc::protocol_error, "unexpected_message",
     "clients that sent what only workers send, and workers that sent what only clients send"},
    {refusal::call_number_in_use, errc::protocol_error, "call_number_in_use",
     "clients that used the number of an open call for another one"},
    {refusal::reserved_name, errc::permission_denied, "reserved_name",
     "workers that offered a service with a name of the broker"},
    {refusal::offer_denied, errc::permission_denied, "offer_denied",
     "workers that offered a service that no role of their principal allows"},
    {refusal::offer_ended, errc::permission_denied, "offer_ended",
     "workers that may not offer their service any more, because the rights have changed"},
    {refusal::namespace_changed, errc::unavailable, "namespace_changed",
     "workers whose principal has another namespace now; they may register again"},
    {refusal::peers_full, errc::busy, "peers_full", "peers beyond `peers_max`, which were told busy and then cut"},
    {refusal::services_full, errc::busy, "services_full", "workers that offered a service beyond `services_max`"},
    {refusal::service_methods_full, errc::busy, "service_methods_full",
     "workers that offered more different methods of one service than the broker knows"},
    {refusal::unread_full, errc::busy, "unread_full",
     "peers that sent batches faster than the broker handles them, and more than may wait"},
    {refusal::logins_full, errc::busy, "logins_full",
     "messages that came while too much waited for logins to be checked"},
    {refusal::login_refused, errc::unauthenticated, "login_refused", "messages with a wrong login, or without one"},
    {refusal::login_put_off, errc::busy, "login_put_off", "messages whose login could not be checked now"},
    {refusal::another_user, errc::unauthenticated, "another_user",
     "messages with the login of another user than the connection's"},
    {refusal::connections_full, errc::busy, "connections_full",
     "connections beyond `peers_max` that were cut without a word"},
    {refusal::address_full, errc::busy, "address_full", "connections beyond `peers_per_address_max` of their address"},
    {refusal::files_full, errc::busy, "files_full", "connections for which the process may have no more files open"},
    {refusal::nothing_said, errc::timed_out, "nothing_said", "connections without a message for `hello_timeout`"},
    {refusal::unknown_dialect, errc::protocol_error, "unknown_dialect",
     "connections whose first message is in no dialect of that address"},
    {refusal::another_connection, errc::protocol_error, "another_connection",
     "connections with the routing id of another connection, or of another user"},
    {refusal::no_sign_of_life, errc::timed_out, "no_sign_of_life", "peers from which no sign of life came"},
    {refusal::silent_worker, errc::timed_out, "silent_worker",
     "idle workers of another dialect that sent no heartbeat"},
    {refusal::out_queue_bytes_full, errc::too_slow, "out_queue_bytes_full",
     "peers that did not read, and for which more than `out_queue_bytes_max` waited"},
    {refusal::out_queue_too_old, errc::too_slow, "out_queue_too_old",
     "peers that did not read for `out_queue_age_max`"},
    {refusal::total_out_queue_full, errc::too_slow, "total_out_queue_full",
     "peers that held the most when more than `out_queue_total_bytes_max` waited for all"},
}};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].value != static_cast<refusal>(i)) return false;
  }
  return true;
}
static_assert(is_in_order());

}  // namespace

std::span<const refusal_row, refusal_count> refusal_table() noexcept { return table; }

const refusal_row& row_of(refusal why) noexcept { return table[static_cast<std::size_t>(why)]; }

}  // namespace gate::broker
