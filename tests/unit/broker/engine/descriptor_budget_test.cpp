#include "broker/engine/descriptor_budget.hpp"

#include <cerrno>

#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/engine/accept_guard.hpp"
#include "tests/support/open_descriptors.hpp"

using namespace gate;
using broker::plan_descriptors;

TEST_CASE("with descriptors enough all peers that are wanted may stay", "[broker]") {
  const auto plan = plan_descriptors(16'384, 20'000, 30);
  CHECK(plan.peers_max == 16'384);
  CHECK(plan.refusals_max == 64);
}

TEST_CASE("with few descriptors some are kept, and some are for those who are told why they cannot stay", "[broker]") {
  for (std::size_t limit = 0; limit < 5'000; ++limit) {
    const auto plan = plan_descriptors(16'384, limit, 40);
    REQUIRE(plan.peers_max >= 1);
    REQUIRE(plan.refusals_max >= 2);
    if (limit >= 50) REQUIRE(plan.peers_max + plan.refusals_max + 4 <= limit - 40);
    if (limit >= 1'024) REQUIRE(plan.peers_max > limit / 2);
  }
  CHECK(plan_descriptors(5, 1'024, 40).peers_max == 5);
}

namespace {

class listening_socket {
 public:
  listening_socket() : descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    size_ = sizeof address_;
    REQUIRE(::bind(descriptor, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0);
    REQUIRE(::listen(descriptor, 8) == 0);
    REQUIRE(::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address_), &size_) == 0);
  }
  listening_socket(const listening_socket&) = delete;
  listening_socket& operator=(const listening_socket&) = delete;
  ~listening_socket() { ::close(descriptor); }

  int connect() const {
    const int fresh = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::connect(fresh, reinterpret_cast<const sockaddr*>(&address_), size_) == 0);
    return fresh;
  }
  int accept() const { return ::accept4(descriptor, nullptr, nullptr, SOCK_CLOEXEC); }
  const int descriptor;

 private:
  sockaddr_in address_{};
  socklen_t size_ = 0;
};

}  // namespace

TEST_CASE("without a descriptor a connection to a listener of the broker is taken in and closed", "[broker]") {
  const listening_socket listener, other;
  const broker::accept_guard guard(listener.descriptor);
  const int first = listener.connect(), second = other.connect();
  {
    const test::scarce_descriptors none(0);
    CHECK(listener.accept() == -1);
    CHECK(errno == ECONNABORTED);
    CHECK(listener.accept() == -1);
    CHECK(errno == ECONNABORTED);  // the system needs a descriptor before it looks for a waiting connection
    CHECK(other.accept() == -1);
    CHECK(errno == EMFILE);  // the system's own error: this socket is not one of the broker's
  }
  char byte = 0;
  CHECK(::recv(first, &byte, 1, 0) <= 0);  // closed
  const int taken = other.accept();
  CHECK(taken >= 0);
  for (const int fd : {first, second, taken}) ::close(fd);
}
