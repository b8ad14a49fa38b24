#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include <unistd.h>

#include <gate/credential_store.hpp>

#include "broker/credential_store/password.hpp"
#include "broker/credential_store/store_edit.hpp"
#include "common/credentials/private_file.hpp"

namespace gate {
namespace {

secret read_store_file(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) return {};
  return read_private_file(path);
}

}  // namespace

void store_file::set_password(std::string_view principal, bytes_view password, old_credential old) const {
  if (password.empty() || password.size() > security::password_bytes_max) {
    throw store_error("a password has 1 to 255 bytes");
  }
  const std::string hash = security::hash_password(password);
  const file_lock hold(path_);
  const secret before = read_store_file(path_);
  std::string after = security::set_password(before.view(), path_, principal, hash, old);
  write_private_file(path_, after, when_there::replace);
  wipe(after);
}

void store_file::set_curve_key(std::string_view principal, const curve_key& key, old_credential old) const {
  const file_lock hold(path_);
  const secret before = read_store_file(path_);
  std::string after = security::set_curve_key(before.view(), path_, principal, key, old);
  write_private_file(path_, after, when_there::replace);
  wipe(after);
}

curve_key store_file::make_key(std::string_view principal, const std::string& key_file, old_credential old) const {
  const curve_pair made = make_curve_pair();
  const file_lock hold(path_);
  const secret before = read_store_file(path_);
  std::string after = security::set_curve_key(before.view(), path_, principal, made.public_key, old);
  write_curve_file(key_file, made);
  try {
    write_private_file(path_, after, when_there::replace);
  } catch (...) {
    ::unlink(key_file.c_str());
    throw;
  }
  wipe(after);
  return made.public_key;
}

}  // namespace gate
