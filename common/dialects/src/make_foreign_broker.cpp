#include "common/dialects/make_foreign_broker.hpp"

#include <utility>

#include "common/base/random.hpp"
#include "common/dialects/gaterpc_broker.hpp"

namespace gate::peer {

namespace {

std::uint8_t encoding_of(gaterpc_codec compression) noexcept {
  if (compression == gaterpc_codec::bz2) return payload_encoding::bz2;
  return compression == gaterpc_codec::lzma ? payload_encoding::lzma : payload_encoding::gzip;
}

}  // namespace

std::unique_ptr<foreign_broker> make_foreign_broker(broker_dialect dialect, peer_role role, const credentials& own,
                                                    gaterpc_codec compression) {
  if (dialect == broker_dialect::gate2) return nullptr;
  gaterpc_broker_options options;
  options.shown = own;
  options.seed = random_seed();
  options.huge_encoding = encoding_of(compression);
  if (role == peer_role::worker) return std::make_unique<gaterpc_broker_of_worker>(std::move(options));
  return std::make_unique<gaterpc_broker_of_client>(std::move(options));
}

credentials shown_by_transport(broker_dialect dialect, const credentials& own) {
  const bool in_messages = dialect == broker_dialect::gate_rpc && own.what() == credentials::kind::plain;
  return in_messages ? credentials() : own;
}

std::string_view silence_hint(broker_dialect dialect, const credentials& own) noexcept {
  if (dialect != broker_dialect::gate_rpc) return {};
  if (own.what() == credentials::kind::plain) {
    return "; one of gate-rpc says nothing to those whom it does not admit: are user and password right, and does it "
           "ask for them?";
  }
  return "; one of gate-rpc says nothing to those whom it does not admit: does it ask for user and password?";
}

}  // namespace gate::peer
