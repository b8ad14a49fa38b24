#include "broker/security/address.hpp"

#include <array>
#include <cstring>

#include <arpa/inet.h>

namespace gate::security {
namespace {

std::string text_of(int family, const void* raw) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, raw, text.data(), text.size());
  return text.data();
}

}  // namespace

std::string origin_of(std::string_view address) {
  // For an ipc peer, libzmq gives "localhost:" with user, group and process. A peer can change its process at will.
  if (address.starts_with("localhost:")) return "localhost";
  std::string text(address.substr(0, address.find('%')).substr(0, 64));
  in_addr four{};
  if (::inet_pton(AF_INET, text.c_str(), &four) == 1) return text_of(AF_INET, &four);
  in6_addr six{};
  if (::inet_pton(AF_INET6, text.c_str(), &six) != 1) return std::string(address.substr(0, 64));
  if (IN6_IS_ADDR_V4MAPPED(&six)) {
    std::memcpy(&four, six.s6_addr + 12, sizeof four);
    return text_of(AF_INET, &four);
  }
  if (IN6_IS_ADDR_LOOPBACK(&six)) return "::1";
  std::memset(six.s6_addr + 8, 0, 8);
  return text_of(AF_INET6, &six) + "/64";
}

bool is_shared_origin(std::string_view origin) noexcept {
  if (origin == "::1" || origin.starts_with("127.")) return true;
  return origin.find_first_of(".:") == std::string_view::npos;
}

}  // namespace gate::security
