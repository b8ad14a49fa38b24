// The transport of gate/2: the envelopes that are sent in one turn of the loop leave as one message.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>

#include <zmq.hpp>

#include "common/channel/src/channel_impl.hpp"
#include "common/wire/pacer.hpp"
#include "common/wire/piece_joiner.hpp"

namespace gate::peer {

class envelope_channel final : public channel::impl {
 public:
  envelope_channel(loop& where, const channel_options& options, channel::handler& owner);

  void send(const message& m) override;

 private:
  struct batch {
    std::string envelopes;
    std::optional<zmq::message_t> external;
    std::size_t size_bytes() const noexcept { return envelopes.size() + (external ? external->size() : 0); }
  };

  void begin(connection& c) override;
  bool take_message(connection& c) override;
  void flush(connection& c) override;
  bool broker_speaks_by_itself() const noexcept override { return true; }
  void end_batch(connection& c) override { end_batch(c, std::nullopt); }
  void release_all(connection& c) override { release(c, true); }

  void read_batch(connection& c, bytes_view envelopes, std::optional<bytes_view> payload);
  void be_welcome(connection& c, const message& m);
  void take_own(connection& c, const message& m);
  void take_piece(connection& c, const message& m);
  void tell_of_answer(call_id call);
  void append_own(const message& m);
  void append(connection& c, const message& m);
  void release(connection& c, bool all);
  void end_batch(connection& c, std::optional<zmq::message_t> external);
  bool hand_over(connection& c, batch& b);

  std::string filling_;
  std::deque<batch> queue_;
  std::string spare_;
  pacer pace_;
  piece_joiner joined_;
};

}  // namespace gate::peer
