// The transport of the other dialects: messages of several frames. A foreign_broker makes and reads them.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include <zmq.hpp>

#include "common/channel/src/channel_impl.hpp"
#include "common/dialects/foreign_broker.hpp"

namespace gate::peer {

class frame_channel final : public channel::impl {
 public:
  frame_channel(loop& where, const channel_options& options, channel::handler& owner,
                std::unique_ptr<foreign_broker> broker);
  ~frame_channel() override;

  void send(const message& m) override;

 private:
  // The messages of one turn. Those before `next` have left.
  struct batch {
    wire::frame_list messages;
    std::size_t next = 0;
  };

  void begin(connection& c) override;
  bool take_message(connection& c) override;
  void flush(connection& c) override;
  bool broker_speaks_by_itself() const noexcept override { return false; }
  void end_batch(connection& c) override;

  bool read_frames(connection& c);
  void hear(connection& c);
  void deliver(connection& c);
  void deliver_later();
  bool hand_over(connection& c, const wire::frame_list& messages, std::size_t which);

  std::unique_ptr<foreign_broker> broker_;
  wire::frame_list filling_;
  std::deque<batch> queue_;
  std::vector<zmq::message_t> frames_;  // of the message that is being read
  std::vector<bytes_view> views_;
  bool delivering_ = false;
  timer_key delivery_;  // delivers what the broker object made during send()
};

}  // namespace gate::peer
