#pragma once

#include <stdexcept>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace gate::test {

// A TCP port of this machine that refuses every connection: it is bound, but nobody listens.
class refusing_port {
 public:
  refusing_port() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (::bind(descriptor_, plain, size) != 0 || ::getsockname(descriptor_, plain, &size) != 0) {
      ::close(descriptor_);
      throw std::runtime_error("no port to be had");
    }
    endpoint_ = "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  refusing_port(const refusing_port&) = delete;
  refusing_port& operator=(const refusing_port&) = delete;
  ~refusing_port() { ::close(descriptor_); }

  const std::string& endpoint() const noexcept { return endpoint_; }

 private:
  int descriptor_;
  std::string endpoint_;
};

}  // namespace gate::test
