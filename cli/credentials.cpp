#include "cli/credentials.hpp"

#include <filesystem>
#include <iostream>
#include <memory>
#include <utility>

#include <unistd.h>

#include "broker/src/security/password.hpp"
#include "cli/prompt.hpp"
#include "cli/terminal.hpp"

namespace gate::cli {
namespace {

constexpr const char* passwd_footer = R"(
The store is made when it is not there, with mode 0600; one that others can read is refused.
The password is asked for on the terminal; it is never an argument, since arguments can be seen by everybody.

Examples:
  gate passwd /etc/gate/users.toml alice
  gate passwd /etc/gate/users.toml alice --keep     the old one is right as well, until the next change
  pwgen 20 1 | gate passwd users.toml alice --stdin

Exit codes: 0 done; 1 the store is not in order (stderr says where); 2 bad usage.
)";

constexpr const char* keygen_footer = R"(
Writes a new pair of CURVE keys to FILE, with mode 0600, and prints the public one. FILE is never overwritten.

Examples:
  gate keygen /etc/gate/broker.key                             for the broker's curve_key
  gate keygen worker.key --store users.toml --user billing     for a peer, known to the broker from now on
  gate keygen new.key --store users.toml --user billing --keep the old key is right as well, until the next change

Exit codes: 0 done; 1 a file is not in order (stderr says which); 2 bad usage.
)";

void check_file(const std::string& store) {
  std::error_code error;
  if (std::filesystem::is_directory(store, error)) {
    throw usage_error("'" + store + "' is a folder: name the file in it that is to be changed");
  }
}

secret read_store_file(const std::string& store) {
  std::error_code error;
  if (!std::filesystem::exists(store, error) && !error) return {};
  return read_private_file(store);
}

void check_user(const std::string& user) {
  if (!security::is_principal_name(user)) {
    throw usage_error("a user's name is UTF-8 text of 1 to 255 octets without control characters");
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
  const curve_pair made = make_curve_pair();
  if (store.empty()) {
    write_curve_file(file, made);
    return made.public_key;
  }
  check_user(user);
  check_file(store);
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
    if (same_octets(one.view(), two.view())) return one;
    prompt.say("They are not the same.\n");
  }
  throw usage_error("no password was given twice");
}

void add_passwd(CLI::App& app, action& chosen) {
  struct line {
    std::string store, user;
    bool from_input = false, keep = false;
  };
  CLI::App* const command = app.add_subcommand("passwd", "Sets a user's password in a broker's credential store");
  const auto given = std::make_shared<line>();
  command->add_option("store", given->store, "The store's file")->required()->type_name("FILE");
  command->add_option("user", given->user, "Whose password; added when the store does not have it")
      ->required()
      ->type_name("USER");
  command->add_flag("--stdin", given->from_input, "Read the password from the first line of standard input");
  command->add_flag("--keep", given->keep, "The old password stays right as well, until the next change");
  command->footer(passwd_footer);
  command->callback([&chosen, given] {
    given->store = unmarked(given->store);
    given->user = unmarked(given->user);
    chosen = [given] {
      const secret password = given->from_input ? password_line(read_line(STDIN_FILENO)) : ask_password(given->user);
      store_password(given->store, given->user, password, given->keep ? security::edit::keep : security::edit::replace);
      return succeeded;
    };
  });
}

void add_keygen(CLI::App& app, const settings& common, action& chosen) {
  struct line {
    std::string file, store, user;
    bool keep = false;
  };
  CLI::App* const command = app.add_subcommand("keygen", "Makes a pair of CURVE keys");
  const auto given = std::make_shared<line>();
  command->add_option("file", given->file, "The new key file")->required()->type_name("FILE");
  auto* const store = command->add_option("--store", given->store, "A credential store that is to know the public key");
  auto* const user = command->add_option("--user", given->user, "Whose key it is there");
  store->type_name("FILE")->needs(user);
  user->type_name("USER")->needs(store);
  command->add_flag("--keep", given->keep, "The user's old key stays right as well, until the next change")
      ->needs(store);
  command->footer(keygen_footer);
  command->callback([&common, &chosen, given] {
    for (std::string* const text : {&given->file, &given->store, &given->user}) *text = unmarked(*text);
    chosen = [&common, given] {
      const curve_key made = make_key_file(given->file, given->store, given->user,
                                           given->keep ? security::edit::keep : security::edit::replace);
      if (common.output == output_format::for_programs) {
        print({{"file", given->file}, {"public", to_z85(made)}});
      } else {
        std::cout << to_z85(made) << '\n';
      }
      return succeeded;
    };
  });
}

}  // namespace gate::cli
