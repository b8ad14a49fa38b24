#include "cli/commands/credentials.hpp"

#include <filesystem>
#include <iostream>
#include <memory>
#include <utility>

#include <unistd.h>

#include "broker/credential_store/password.hpp"
#include "cli/context/json.hpp"
#include "cli/context/outcome.hpp"
#include "cli/terminal/prompt.hpp"
#include "cli/terminal/terminal.hpp"
#include "common/credentials/private_file.hpp"

namespace gate::cli {
namespace {

void check_file(const std::string& file) {
  std::error_code error;
  if (file.empty()) throw usage_error("the name of the file is empty");
  if (std::filesystem::is_directory(file, error)) throw usage_error("'" + file + "' is a folder: name the file in it");
  const auto folder = std::filesystem::path(file).parent_path();
  if (folder.empty() || std::filesystem::is_directory(folder, error)) return;
  const bool is_there = std::filesystem::exists(folder, error);
  throw usage_error("there is no folder '" + folder.string() + "' for '" + file +
                    "': " + (is_there ? "that is a file" : "make it first, with mkdir -p -m 700"));
}

secret read_store_file(const std::string& store) {
  std::error_code error;
  if (!std::filesystem::exists(store, error) && !error) return {};
  return read_private_file(store);
}

void check_user(const std::string& user) {
  if (!security::is_principal_name(user)) {
    throw usage_error("a user's name is UTF-8 text of 1 to 255 bytes without control characters");
  }
}

}  // namespace

void store_password(const std::string& store, const std::string& user, const secret& password, security::edit how) {
  check_user(user);
  check_file(store);
  const std::string hash = security::hash_password(password.view());
  const file_lock hold(store);
  const secret before = read_store_file(store);
  std::string after = security::set_password(before.view(), store, user, hash, how);
  write_private_file(store, after, when_there::replace);
  wipe(after);
}

curve_key make_key_file(const std::string& file, const std::string& store, const std::string& user,
                        security::edit how) {
  check_file(file);
  if (!store.empty()) check_file(store);
  const curve_pair made = make_curve_pair();
  if (store.empty()) {
    write_curve_file(file, made);
    return made.public_key;
  }
  check_user(user);
  const file_lock hold(store);
  const secret before = read_store_file(store);
  std::string after = security::set_curve_key(before.view(), store, user, made.public_key, how);
  write_curve_file(file, made);
  try {
    write_private_file(store, after, when_there::replace);
  } catch (...) {
    ::unlink(file.c_str());
    throw;
  }
  wipe(after);
  return made.public_key;
}

secret ask_password(const std::string& user) {
  hidden_prompt prompt("--stdin reads the password from standard input");
  for (int tries = 0; tries < 3; ++tries) {
    secret one = prompt.ask("New password of " + printable(user) + ": ");
    const secret two = prompt.ask("Once more: ");
    if (same_bytes(one.view(), two.view())) return one;
    prompt.say("They are not the same.\n");
  }
  throw usage_error("the two passwords were never the same");
}

int perform_passwd(const passwd_line& line) {
  const secret password = line.from_input ? password_line(read_line(STDIN_FILENO)) : ask_password(line.user);
  store_password(line.store, line.user, password, line.keep ? security::edit::keep : security::edit::replace);
  return succeeded;
}

int perform_keygen(const settings& common, const keygen_line& line) {
  const curve_key made =
      make_key_file(line.file, line.store, line.user, line.keep ? security::edit::keep : security::edit::replace);
  if (common.output == output_format::for_programs) {
    print({{"file", line.file}, {"public", to_z85(made)}});
  } else {
    std::cout << to_z85(made) << '\n';
  }
  return succeeded;
}

}  // namespace gate::cli
