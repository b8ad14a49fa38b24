// Watches a session's connection for signs that its broker is alive. Belongs to one loop; that loop's thread only.
#pragma once

#include <cstdint>

#include <gate/clock.hpp>
#include <gate/loop.hpp>
#include <gate/unique_function.hpp>

#include "common/link/pulse.hpp"
#include "common/transport/open_files.hpp"

namespace gate::peer {

class life_watch {
 public:
  enum class sign : std::uint8_t {
    message_arrives,  // part of a message that is not whole yet
    none,             // no sign came in time; told once
  };

  // `told` may destroy the watch. `silence` is the time since the last sign.
  life_watch(loop& where, socket_mark connection, const pulse_options& options,
             unique_function<void(sign what, duration silence)> told);
  life_watch(const life_watch&) = delete;
  life_watch& operator=(const life_watch&) = delete;
  void speaks_by_itself(bool does) noexcept { pulse_.speaks_by_itself(does); }
  ~life_watch() { loop_.cancel_timer(timer_); }

 private:
  void look();
  void look_later();

  loop& loop_;
  socket_mark connection_;
  pulse pulse_;
  unique_function<void(sign, duration)> told_;
  timer_key timer_;
};

}  // namespace gate::peer
