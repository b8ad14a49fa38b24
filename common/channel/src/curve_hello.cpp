#include "common/channel/src/curve_hello.hpp"

#include <array>
#include <cstring>

#include <sodium.h>

#include "common/credentials/secret.hpp"

namespace gate::peer::curve {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view command = "\x04"sv;  // flags: a short frame that is a command
constexpr std::string_view hello_head = "\x05HELLO\1\0"sv;
constexpr std::string_view welcome_head = "\x07WELCOME"sv;
constexpr std::string_view nonce_prefix = "CurveZMQHELLO---"sv;
constexpr std::string_view short_nonce = "\0\0\0\0\0\0\0\1"sv;
constexpr std::size_t padding_bytes = 72, hello_bytes = 200, signed_bytes = 64;
static_assert(command.size() + 1 + welcome_head.size() == command_head_bytes);
static_assert(nonce_prefix.size() + short_nonce.size() == crypto_box_NONCEBYTES);

std::string_view text_of(const unsigned char* raw, std::size_t size) {
  return {reinterpret_cast<const char*>(raw), size};
}

}  // namespace

std::string hello(const curve_key& server) {
  need_sodium();
  std::array<unsigned char, crypto_box_PUBLICKEYBYTES> own_public{};
  std::array<unsigned char, crypto_box_SECRETKEYBYTES> own_secret{};
  crypto_box_keypair(own_public.data(), own_secret.data());

  std::array<unsigned char, crypto_box_NONCEBYTES> nonce{};
  std::memcpy(nonce.data(), nonce_prefix.data(), nonce_prefix.size());
  std::memcpy(nonce.data() + nonce_prefix.size(), short_nonce.data(), short_nonce.size());
  constexpr std::array<unsigned char, signed_bytes> zeros{};
  std::array<unsigned char, signed_bytes + crypto_box_MACBYTES> box{};
  const int sealed =
      crypto_box_easy(box.data(), zeros.data(), zeros.size(), nonce.data(), server.data(), own_secret.data());
  if (sealed != 0) box.fill(0);  // not a point of the curve: no server can read this, and any server hangs up
  sodium_memzero(own_secret.data(), own_secret.size());

  std::string frame(command);
  frame += static_cast<char>(hello_bytes);
  frame += hello_head;
  frame.append(padding_bytes, '\0');
  frame += text_of(own_public.data(), own_public.size());
  frame += short_nonce;
  frame += text_of(box.data(), box.size());
  return frame;
}

bool is_welcome(std::string_view raw) {
  return raw.size() >= command_head_bytes && raw.starts_with(command) &&
         raw.substr(command.size() + 1).starts_with(welcome_head);
}

}  // namespace gate::peer::curve
