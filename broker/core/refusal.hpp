// Why the broker refuses something: a request, a peer, or a connection.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <gate/error.hpp>

namespace gate::broker {

// A row of the table in refusal.cpp belongs to each of them, in the same order.
enum class refusal : std::uint8_t {
  // A request. Its client is told.
  bad_service_name,
  call_denied,
  over_allowance,
  over_method_rate,
  arguments_too_large,
  budget_over,
  broker_draining,
  client_calls_full,
  no_worker,
  unknown_names_full,
  no_method,
  queue_full,
  queue_bytes_full,
  total_queue_full,
  total_queue_bytes_full,
  client_bytes_full,
  no_memory,
  pieces_full,
  // A peer that has sent something wrong, or something that it may not. It is told, and cut.
  malformed,
  wrong_frames,
  too_many_frames,
  message_lost,
  no_hello,
  late_hello,
  bad_hello,
  too_many_hellos,
  old_version,
  unexpected_message,
  call_number_in_use,
  reserved_name,
  offer_denied,
  offer_ended,
  namespace_changed,
  // A peer for which there is no room. It is told, and cut.
  peers_full,
  services_full,
  service_methods_full,
  unread_full,
  logins_full,
  // A login. The peer is told, and cut unless it may try again.
  login_refused,
  login_put_off,
  another_user,
  // A connection or a peer that is cut and cannot be told.
  connections_full,
  address_full,
  files_full,
  nothing_said,
  unknown_dialect,
  another_connection,
  no_sign_of_life,
  silent_worker,
  out_queue_bytes_full,
  out_queue_too_old,
  total_out_queue_full,
};

inline constexpr std::size_t refusal_count = static_cast<std::size_t>(refusal::total_out_queue_full) + 1;

struct refusal_row {
  refusal value;
  errc status;            // what the peer is told, if it is told
  std::string_view name;  // of its counter
  std::string_view help;  // what was refused, and why
};

std::span<const refusal_row, refusal_count> refusal_table() noexcept;
const refusal_row& row_of(refusal why) noexcept;

// How often there was each reason.
class refusal_counts {
 public:
  void count(refusal why, std::uint64_t times = 1) noexcept { counts_[static_cast<std::size_t>(why)] += times; }
  std::uint64_t of(refusal why) const noexcept { return counts_[static_cast<std::size_t>(why)]; }

 private:
  std::array<std::uint64_t, refusal_count> counts_{};
};

}  // namespace gate::broker
