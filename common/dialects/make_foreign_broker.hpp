// Makes the foreign_broker that the settings of a worker or a client name.
#pragma once

#include <memory>
#include <string_view>

#include <gate/broker_dialect.hpp>
#include <gate/credentials.hpp>
#include <gate/protocol.hpp>

#include "common/dialects/foreign_broker.hpp"

namespace gate::peer {

// Null for gate/2, which needs no translation.
std::unique_ptr<foreign_broker> make_foreign_broker(broker_dialect dialect, peer_role role, const credentials& own,
                                                    gaterpc_codec compression);

// The credentials that remain for the transport. For gate-rpc, user and password go into each message instead.
credentials shown_by_transport(broker_dialect dialect, const credentials& own);

// The likely cause if a broker of that dialect does not answer.
std::string_view silence_hint(broker_dialect dialect, const credentials& own) noexcept;

}  // namespace gate::peer
