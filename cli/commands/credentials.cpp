#include "cli/commands/credentials.hpp"

#include <filesystem>
#include <iostream>

#include <unistd.h>

#include <gate/value.hpp>

#include "cli/context/json_text.hpp"
#include "cli/context/outcome.hpp"
#include "cli/terminal/prompt.hpp"
#include "cli/terminal/terminal.hpp"

namespace gate::cli {
namespace {

// What -o json shows.
struct made_key {
  std::string file, public_key;
  MSGPACK_DEFINE_MAP(file, MSGPACK_NVP("public", public_key))
};

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

void check_user(const std::string& user) {
  if (!is_principal_name(user)) {
    throw usage_error("a user's name is UTF-8 text of 1 to 255 bytes without control characters");
  }
}

}  // namespace

void store_password(const std::string& store, const std::string& user, const secret& password, old_credential old) {
  check_user(user);
  check_file(store);
  store_file(store).set_password(user, password.view(), old);
}

curve_key make_key_file(const std::string& file, const std::string& store, const std::string& user,
                        old_credential old) {
  check_file(file);
  if (!store.empty()) {
    check_file(store);
    check_user(user);
    return store_file(store).make_key(user, file, old);
  }
  const curve_pair made = make_curve_pair();
  write_curve_file(file, made);
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
  store_password(line.store, line.user, password, line.keep ? old_credential::keep : old_credential::revoke);
  return succeeded;
}

int perform_keygen(const settings& common, const keygen_line& line) {
  const curve_key made =
      make_key_file(line.file, line.store, line.user, line.keep ? old_credential::keep : old_credential::revoke);
  if (common.output == output_format::for_programs) {
    print(value::of(made_key{line.file, to_z85(made)}));
  } else {
    std::cout << to_z85(made) << '\n';
  }
  return succeeded;
}

}  // namespace gate::cli
