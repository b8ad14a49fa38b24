#include "broker/engine/gate2_peers.hpp"

#include <optional>
#include <string>

#include "common/protocol/gate2_own.hpp"
#include "common/transport/payload_owner.hpp"
#include "common/wire/descriptor_codec.hpp"
#include "common/wire/gate2.hpp"

namespace gate::broker {
namespace {

// Reading a longer descriptor counts as a whole turn.
constexpr std::size_t short_descriptor_bytes = 16u << 10;

}  // namespace

std::size_t gate2_peers::received(remote_peer& sender, bytes_view batch, zmq::message_t* payload, instant now) {
  std::optional<payload_owner> owner;
  std::optional<bytes_view> frame;
  if (payload != nullptr) {
    owner.emplace(*payload);
    frame = bytes_view(static_cast<const char*>(payload->data()), payload->size());
  }
  wire::gate2::reader envelopes(batch, frame, owner ? &*owner : nullptr);
  message m;
  while (!sender.cut && !(budget_.is_spent() && !envelopes.rest().empty()) && envelopes.next(m)) {
    ++counted_.envelopes_received;
    budget_.spend();
    if (wire::gate2::is_own(m.type)) {
      take_own(sender, m, now);
    } else if (m.type == message_type::hello && m.payload.size_bytes() != 0) {
      take_hello(sender, m, now);
    } else {
      core_->received(sender.id, m, nullptr, now);
    }
  }
  if (sender.cut) return 0;
  if (envelopes.error() == wire::gate2::parse_error::none) return envelopes.rest().size();
  core_->malformed(sender.id, to_string(envelopes.error()), now);
  return 0;
}

// A hello with a descriptor.
void gate2_peers::take_hello(remote_peer& sender, const message& m, instant now) {
  if (m.payload.size_bytes() > short_descriptor_bytes) budget_.spend_all();
  const std::optional<descriptor> described = decode_descriptor(m.payload.single());
  if (described) {
    core_->received(sender.id, m, &*described, now);
  } else {
    core_->malformed(sender.id, "the descriptor in the hello cannot be read", now);
  }
}

// Handles the messages that concern the connection alone: pieces, marks, and `answering`.
void gate2_peers::take_own(remote_peer& sender, const message& m, instant now) {
  const auto refuse = [&](std::string_view why) { core_->malformed(sender.id, why, now); };
  if (!outbox::is_paced(sender)) return refuse(to_string(wire::gate2::parse_error::unknown_type));
  if (m.type == wire::gate2::type_piece) return take_piece(sender, m, now);
  if (m.type == wire::gate2::type_marked) {
    if (!outbox_.answered(sender, m, now)) refuse("an answer to a mark that was not asked");
    return;
  }
  if (m.type == wire::gate2::type_answering) return core_->answering(sender.id, m.call, now);
  message answer;
  answer.type = wire::gate2::type_marked;
  answer.offset = m.offset;
  outbox_.add(sender, answer, now);
}

// A message that came in pieces was not kept. A request ends as `busy`. Without a message of another kind the
// connection cannot go on, so it is cut: only a lack of memory leads to that.
void gate2_peers::refuse_pieces(remote_peer& sender, refusal why, std::string_view text, instant now) {
  const std::optional<wire::gate2::header> of = wire::gate2::read_header(sender.joined.header());
  sender.joined.take();
  if (!of || of->type != message_type::request) {
    return listener_.broken_off(sender, refusal::message_lost, "the broker has no memory for its message");
  }
  message request;
  request.type = of->type;
  request.flags = of->flags;
  request.call = of->call;
  core_->unread(sender.id, request, why, text, now);
}

// Only requests count. Other messages belong to calls, and the connection would end without them. The largest request
// goes first.
void gate2_peers::bound_requests() {
  while (pieces_.requests.is_exceeded()) {
    remote_peer* most = nullptr;
    peers_.for_each([&most](remote_peer& p) {
      if (most == nullptr || p.joined_request.bytes() > most->joined_request.bytes()) most = &p;
    });
    most->joined.let_go();
    most->joined_request.set(0);
  }
}

void gate2_peers::take_piece(remote_peer& sender, const message& m, instant now) {
  using outcome = gate::peer::piece_joiner::outcome;
  const outcome came = sender.joined.add(m, frame_bytes_max_);
  if (came == outcome::more) {
    const std::optional<wire::gate2::header> of = wire::gate2::read_header(sender.joined.header());
    if (of && of->type == message_type::request) {
      sender.joined_request.set(sender.joined.bytes());
      bound_requests();
    }
    return core_->arriving(sender.id, now);
  }
  sender.joined_request.set(0);
  if (came == outcome::too_large) {
    sender.joined.take();
    return core_->malformed(sender.id, to_string(wire::gate2::parse_error::too_large), now);
  }
  if (came == outcome::no_memory) {
    return refuse_pieces(sender, refusal::no_memory, "the broker has no memory to queue this call; call again later",
                         now);
  }
  if (came == outcome::let_go) {
    return refuse_pieces(sender, refusal::pieces_full,
                         "requests of more than " + std::to_string(pieces_.requests.most()) +
                             " bytes were on their way to the broker at once (queue_total_bytes_max, at least " +
                             std::to_string(pieces_held::least_messages) + " times frame_bytes_max); call again later",
                         now);
  }
  const std::string envelope = sender.joined.take();
  wire::gate2::reader whole(envelope);
  message inside;
  if (!whole.next(inside)) return core_->malformed(sender.id, to_string(whole.error()), now);
  if (wire::gate2::is_own(inside.type) || inside.type == message_type::hello || !whole.rest().empty()) {
    return core_->malformed(sender.id, "what does not come in pieces came in pieces", now);
  }
  core_->received(sender.id, inside, nullptr, now);
}

}  // namespace gate::broker
