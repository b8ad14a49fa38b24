#include "common/transport/kernel_path.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <catch2/catch.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

using gate::instant;
using gate::peer::path_sample;
using gate::peer::sample_path;

namespace {

struct local_pair {
  local_pair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0); }
  local_pair(const local_pair&) = delete;
  local_pair& operator=(const local_pair&) = delete;
  ~local_pair() {
    for (const int end : ends) ::close(end);
  }
  bool write(std::size_t bytes) const {
    const std::string some(bytes, 'x');
    const ssize_t written = ::write(ends[0], some.data(), some.size());
    if (written < 0) REQUIRE(errno == EAGAIN);
    return written > 0;
  }
  bool polls_writable() const {
    pollfd one{ends[0], POLLOUT, 0};
    return ::poll(&one, 1, 0) == 1 && (one.revents & POLLOUT) != 0;
  }
  path_sample sample() const {
    const std::optional<path_sample> seen = sample_path(ends[0], instant{});
    REQUIRE(seen);
    return *seen;
  }

  std::array<int, 2> ends{};
};

}  // namespace

TEST_CASE("a local socket takes more until its buffer is full, not until poll() thinks so", "[liveness]") {
  const local_pair pair;
  CHECK_FALSE(pair.sample().counted);
  CHECK(pair.sample().writable);
  CHECK(pair.sample().outstanding == 0);
  while (pair.polls_writable()) REQUIRE(pair.write(1000));
  // The kernel still takes a ping. A rising number of bytes shows nothing about the reader.
  CHECK(pair.sample().writable);
  CHECK(pair.sample().outstanding > 0);
  const std::uint64_t before = pair.sample().outstanding;
  REQUIRE(pair.write(10));
  CHECK(pair.sample().outstanding > before);
  while (pair.write(1000)) {
  }
  CHECK_FALSE(pair.sample().writable);

  std::string read(1u << 20, ' ');
  REQUIRE(::read(pair.ends[1], read.data(), read.size()) > 0);
  CHECK(pair.sample().writable);
}

TEST_CASE("what lies unread at this end of a local socket is seen", "[liveness]") {
  const local_pair pair;
  REQUIRE(::write(pair.ends[1], "12345", 5) == 5);
  CHECK(pair.sample().unread == 5);
}

TEST_CASE("a descriptor that is none, or no socket, tells nothing", "[liveness]") {
  CHECK_FALSE(sample_path(-1, instant{}));
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  CHECK_FALSE(sample_path(pipe[0], instant{}));
  for (const int end : pipe) ::close(end);
}
