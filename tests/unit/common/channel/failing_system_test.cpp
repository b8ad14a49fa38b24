// What a connection does if the system has no memory or no descriptor for it. This file defines eventfd, socket and
// epoll_create1, which replace the system's and fail when a test wants it.
#include <atomic>
#include <cerrno>
#include <memory>
#include <string>

#include <catch2/catch.hpp>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zmq.hpp>

#include <gate/limits.hpp>
#include <gate/loop.hpp>
#include <gate/sleep.hpp>
#include <gate/timeout.hpp>

#include "common/async/descriptor_wait.hpp"
#include "common/async/zmq_poller.hpp"
#include "common/channel/channel.hpp"

using namespace gate;
using namespace std::chrono_literals;

namespace {

std::atomic<int> eventfd_error{0}, socket_error{0}, epoll_error{0};

bool fails(const std::atomic<int>& error) {
  if (error == 0) return false;
  errno = error;
  return true;
}

class failing {
 public:
  failing(std::atomic<int>& which, int error) : which_(which) { which_ = error; }
  failing(const failing&) = delete;
  failing& operator=(const failing&) = delete;
  ~failing() { which_ = 0; }

 private:
  std::atomic<int>& which_;
};

class listener final : public peer::channel::handler {
 public:
  void connected() override { is_connected = true; }
  void received(const message&) override {}
  void malformed(std::string_view) override {}
  void ended(errc why, std::string_view text) override {
    status = why;
    reason = text;
  }
  void flushed() override {}

  bool is_connected = false;
  errc status = errc::ok;
  std::string reason;
};

peer::channel_options options_for(const std::string& endpoint) {
  peer::channel_options o;
  o.endpoint = endpoint;
  o.frame_bytes_max = limits::frame_bytes_max;
  o.out_queue_bytes_max = 1u << 20;
  o.messages_per_turn_max = limits::messages_per_turn_max;
  return o;
}

}  // namespace

extern "C" int eventfd(unsigned count, int flags) noexcept {
  return fails(eventfd_error) ? -1 : static_cast<int>(::syscall(SYS_eventfd2, count, flags));
}

extern "C" int socket(int domain, int type, int protocol) noexcept {
  return fails(socket_error) ? -1 : static_cast<int>(::syscall(SYS_socket, domain, type, protocol));
}

extern "C" int epoll_create1(int flags) noexcept {
  return fails(epoll_error) ? -1 : static_cast<int>(::syscall(SYS_epoll_create1, flags));
}

TEST_CASE("whatever the system refuses to a connection, the attempt ends with that reason, and the next one succeeds",
          "[channel]") {
  struct refusal {
    std::atomic<int>& which;
    int error;
    const char* reason;
  };
  const refusal refusals[] = {{eventfd_error, ENOMEM, "Cannot allocate memory"},
                              {eventfd_error, EMFILE, "may have no more files open than its"},
                              {eventfd_error, ENFILE, "Too many open files in system"},
                              {socket_error, ENOMEM, "cannot connect to"},
                              {socket_error, EMFILE, "cannot connect to"}};
  zmq::context_t context;
  zmq::socket_t other(context, zmq::socket_type::router);
  other.set(zmq::sockopt::linger, 0);
  other.bind("tcp://127.0.0.1:*");
  loop where;
  for (const refusal& r : refusals) {
    INFO("errno " << r.error << ": " << r.reason);
    listener seen;
    peer::channel channel(where, options_for(other.get(zmq::sockopt::last_endpoint)), seen);
    const auto story = [&]() -> task<void> {
      {
        const failing now(r.which, r.error);
        channel.open();
        while (seen.status == errc::ok) co_await sleep_for(1ms);
      }
      CHECK(seen.status == errc::unavailable);
      CHECK(seen.reason.find(r.reason) != std::string::npos);
      channel.open();
      while (!seen.is_connected) co_await sleep_for(1ms);
    };
    where.run(with_timeout(20s, story()));
  }
}

TEST_CASE("a loop whose wait gets no epoll still hears of its descriptors", "[channel]") {
  for (const int error : {ENOMEM, EMFILE}) {
    const failing now(epoll_error, error);
    steady_clock_source clock;
    detail::zmq_poller waits{clock, detail::make_frugal_wait()};
    loop where{clock, waits};
    const int event = ::eventfd(1, EFD_CLOEXEC);
    bool heard = false;
    const auto story = [&]() -> task<void> {
      const watch watching = where.watch_fd(event, [&] { heard = true; });
      while (!heard) co_await sleep_for(1ms);
    };
    where.run(with_timeout(20s, story()));
    CHECK(heard);
  }
}
