// Which broker stands behind a channel, by the settings of a worker or a client.
#pragma once

#include <memory>
#include <string_view>

#include <gate/broker_dialect.hpp>
#include <gate/credentials.hpp>
#include <gate/protocol.hpp>

#include "common/dialects/foreign_broker.hpp"

namespace gate::peer {

// Null for gate/2, which needs nobody between.
std::unique_ptr<foreign_broker> make_foreign_broker(broker_dialect dialect, peer_role role, const credentials& own,
                                                    gaterpc_codec compression);

// What is left for the transport to show: a gate-rpc broker reads user and password in each message.
credentials shown_by_transport(broker_dialect dialect, const credentials& own);

// What may be the matter with a broker that does not answer.
std::string_view silence_hint(broker_dialect dialect, const credentials& own) noexcept;

}  // namespace gate::peer
